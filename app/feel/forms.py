"""How the forms of the language begin: literals, brackets, `if`, `for`, `function`, unary tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.feel import arithmetic, budget, lexer, nodes
from app.feel.errors import error
from app.feel.values import NUMBERS

if TYPE_CHECKING:
    from app.feel.parser import Parser

Reader = Callable[["Parser", lexer.Token], Any]
TEST_OPERATORS = frozenset(("<", "<=", ">", ">=", "=", "!="))
_TEST_FLOOR = 4  # an operand of a test: binds tighter than comparison


def _constant(value: Any) -> Reader:
    def read(parser: Parser, token: lexer.Token) -> Any:
        parser.step()
        return nodes.Literal(value, token.at)

    return read


def _if(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    condition = parser.whole()
    parser.expect("then")
    then = parser.whole()
    parser.expect("else")
    return nodes.If(condition, then, parser.expression(), token.at)


def _iterators(parser: Parser) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    while True:
        name = parser.binding()
        parser.expect("in")
        # later iterators see the earlier ones
        source = parser.within([name for name, _ in found], lambda: _domain(parser))
        found.append((name, source))
        if not parser.takes(","):
            return found


def _domain(parser: Parser) -> Any:
    at = parser.token.at
    start = parser.whole()
    if parser.takes(".."):
        return nodes.RangeOf(start, parser.whole(), True, True, at)
    return start


def _for(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    iterators = _iterators(parser)
    parser.expect("return")
    names = [name for name, _ in iterators] + ["partial"]
    return nodes.For(iterators, parser.within(names, parser.expression), token.at)


def _quantified(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    iterators = _iterators(parser)
    parser.expect("satisfies")
    names = [name for name, _ in iterators]
    condition = parser.within(names, parser.expression)
    return nodes.Quantified(token.text == "every", iterators, condition, token.at)


def _function(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    parser.expect("(")
    parameters: list[tuple[str, Any]] = []
    while not parser.sees(")"):
        name = parser.binding()
        parameters.append((name, type_of(parser) if parser.takes(":") else None))
        if not parser.takes(","):
            break
    parser.expect(")")
    if parser.sees("external") and parser.ahead().text == "{":
        at = parser.step().at
        parser.whole()
        return nodes.External(at)
    body = parser.within([name for name, _ in parameters], parser.expression)
    return nodes.FunctionOf(parameters, body, token.at)


def _question(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    return nodes.Name("?", token.at)


def _negate(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    parser.depth += 1
    operand = _nested(parser, lambda: parser.postfix(parser.prefix()))
    if isinstance(operand, nodes.Literal) and operand.value.__class__ in NUMBERS:
        return nodes.Literal(arithmetic.negate(operand.value), token.at)
    return nodes.Negate(operand, token.at)


def _nested(parser: Parser, read: Callable[[], Any]) -> Any:
    if parser.depth > budget.DEPTH:
        raise error("deep", parser.token.at, parser.text)
    node = read()
    parser.depth -= 1
    return node


def _not(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    parser.depth += 1
    return nodes.Not(_nested(parser, lambda: parser.postfix(parser.prefix())), token.at)


def _empty(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    parser.depth += 1
    return nodes.Empty(_nested(parser, lambda: parser.postfix(parser.prefix())), token.at)


def _group(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    if parser.token.text in TEST_OPERATORS and parser.token.kind == lexer.SYMBOL:
        node = test(parser)
        parser.expect(")")
        return node
    node = parser.whole()
    if parser.takes(".."):
        return _range(parser, node, False, token.at)
    parser.expect(")")
    return node


def _list(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    items: list[Any] = []
    while not parser.sees("]"):
        items.append(test(parser) if _is_test(parser) else parser.whole())
        if len(items) == 1 and parser.takes(".."):
            return _range(parser, items[0], True, token.at)
        if not parser.takes(","):
            break
    parser.expect("]")
    return nodes.ListOf(items, token.at)


def _open_range(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    start = parser.whole()
    parser.expect("..")
    return _range(parser, start, False, token.at)


def _range(parser: Parser, start: Any, included: bool, at: int) -> Any:
    outer, parser.range_end = parser.range_end, True
    end = parser.expression(_TEST_FLOOR)
    parser.range_end = outer
    if parser.token.text not in ("]", ")", "["):
        raise parser.unexpected("]")
    closing = parser.step().text
    return nodes.RangeOf(start, end, included, closing == "]", at)


def _context(parser: Parser, token: lexer.Token) -> Any:
    parser.step()
    entries: list[tuple[str, Any]] = []
    known: list[str] = []
    while not parser.sees("}"):
        key = _key(parser)
        entries.append((key, parser.within(known, parser.whole)))
        known.append(key)
        if not parser.takes(","):
            break
    parser.expect("}")
    return nodes.ContextOf(entries, token.at)


def _key(parser: Parser) -> str:
    if parser.token.kind == lexer.STRING:
        key = parser.step().text
        parser.expect(":")
        return key
    text = ""
    while not parser.sees(":"):
        token = parser.token
        if token.kind in (lexer.END, lexer.STRING, lexer.AT) or token.text in ("{", "}", ","):
            raise parser.unexpected(":")
        text += (" " if token.blank and text else "") + parser.step().text
    if not text:
        raise parser.unexpected()
    parser.expect(":")
    return text


def type_of(parser: Parser) -> nodes.TypeOf:
    """A type from here, such as `number`, `list<string>`, `context<a: number>`."""
    at = parser.token.at
    words: list[str] = []
    while parser.token.kind in (lexer.WORD, lexer.QUOTED):
        if words and parser.token.text == "and" and words[-1] not in ("date", "days", "years"):
            break
        if parser.token.text in lexer.KEYWORDS - {"and", "function", "null"} and words:
            break
        words.append(parser.step().text)
        if parser.sees("."):
            words[-1] += parser.step().text + parser.step().text
    if not words:
        raise parser.unexpected()
    node = nodes.TypeOf(" ".join(words), at=at)
    if parser.sees("<") and node.name in ("list", "range", "context", "function"):
        _type_arguments(parser, node)
    if node.name == "function" and parser.takes("->"):
        node.result = type_of(parser)
    return node


def _type_arguments(parser: Parser, node: nodes.TypeOf) -> None:
    parser.step()
    while not parser.sees(">"):
        if node.name == "context":
            name = _key(parser)
            node.members.append((name, type_of(parser)))
        else:
            node.items.append(type_of(parser))
        if not parser.takes(","):
            break
    parser.expect(">")


# unary tests


def _is_test(parser: Parser) -> bool:
    return parser.token.kind == lexer.SYMBOL and parser.token.text in TEST_OPERATORS


def test(parser: Parser) -> nodes.Test:
    """One positive unary test: `< 5`, `"a"`, `[1..3]`, `? > 3`."""
    token = parser.token
    if _is_test(parser):
        parser.step()
        return nodes.Test(token.text, parser.expression(_TEST_FLOOR), token.at)
    return nodes.Test("", parser.whole(), token.at)


def in_tests(parser: Parser) -> nodes.Tests:
    """What follows `in`: one test, or several in round brackets."""
    at = parser.token.at
    if parser.sees("("):
        return nodes.Tests(_bracketed_tests(parser), at=at)
    if _is_test(parser):
        return nodes.Tests([test(parser)], at=at)
    return nodes.Tests([nodes.Test("", parser.expression(_TEST_FLOOR), at)], at=at)


def _bracketed_tests(parser: Parser) -> list[nodes.Test]:
    at = parser.step().at
    tests = [test(parser)]
    first = tests[0]
    if not first.operator and parser.takes(".."):
        return [nodes.Test("", _continued(parser, _range(parser, first.operand, False, at)), at)]
    while parser.takes(","):
        tests.append(test(parser))
    parser.expect(")")
    if len(tests) == 1 and not first.operator:
        # the bracket may have been the beginning of an expression: `in (a + b) * 2`
        return [nodes.Test("", _continued(parser, first.operand), at)]
    return tests


def _continued(parser: Parser, node: Any) -> Any:
    return parser.climb(parser.postfix(node), _TEST_FLOOR)


def unary_tests(parser: Parser) -> nodes.Tests:
    """The whole text of a decision table's cell."""
    at = parser.token.at
    if parser.sees("-") and parser.ahead().kind == lexer.END:
        parser.step()
        return nodes.Tests([], at=at)
    if parser.sees("not") and parser.ahead().text == "(":
        found = _negated(parser)
        if found is not None:
            return found
    tests = [test(parser)]
    while parser.takes(","):
        tests.append(test(parser))
    return nodes.Tests(tests, at=at)


def _negated(parser: Parser) -> nodes.Tests | None:
    start = parser.at
    parser.at += 2
    tests = [test(parser)]
    while parser.takes(","):
        tests.append(test(parser))
    if parser.takes(")") and parser.token.kind == lexer.END:
        return nodes.Tests(tests, True, parser.tokens[start].at)
    parser.at = start  # `not(…)` was the beginning of an expression
    return None


WORD_READERS: dict[str, Reader] = {
    "true": _constant(True),
    "false": _constant(False),
    "null": _constant(None),
    "if": _if,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
    "function": _function,
}
JUEL_READERS: dict[str, Reader] = {"not": _not, "empty": _empty}
SYMBOL_READERS: dict[str, Reader] = {
    "?": _question,
    "-": _negate,
    "(": _group,
    "[": _list,
    "]": _open_range,
    "{": _context,
    "!": _not,
}
