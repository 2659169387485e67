"""Tokens -> tree: precedence climbing, with names resolved against what is known."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from app.feel import budget, forms, lexer, nodes, temporal, values
from app.feel.builtins import registry
from app.feel.errors import FeelError, error
from app.feel.lexer import AT, END, KEYWORDS, NUMBER, QUOTED, STRING, SYMBOL, WORD, Token
from app.feel.scope import Names

OR, AND, COMPARISON, SUM, PRODUCT, POWER, TYPE = 1, 2, 3, 4, 5, 6, 7
TERNARY = 0
INFIX: dict[str, tuple[int, str]] = {
    "or": (OR, "or"), "and": (AND, "and"),
    "=": (COMPARISON, "="), "!=": (COMPARISON, "!="), "<": (COMPARISON, "<"),
    "<=": (COMPARISON, "<="), ">": (COMPARISON, ">"), ">=": (COMPARISON, ">="),
    "between": (COMPARISON, "between"), "in": (COMPARISON, "in"),
    "instance": (TYPE, "instance"),
    "+": (SUM, "+"), "-": (SUM, "-"), "*": (PRODUCT, "*"), "/": (PRODUCT, "/"),
    "**": (POWER, "**"),
}
JUEL_INFIX: dict[str, tuple[int, str]] = INFIX | {
    "||": (OR, "or"), "&&": (AND, "and"), "==": (COMPARISON, "="),
    "eq": (COMPARISON, "="), "ne": (COMPARISON, "!="), "lt": (COMPARISON, "<"),
    "gt": (COMPARISON, ">"), "le": (COMPARISON, "<="), "ge": (COMPARISON, ">="),
    "div": (PRODUCT, "/"), "mod": (PRODUCT, "mod"), "%": (PRODUCT, "mod"),
    "?": (TERNARY, "?"),
}
_STARTS_OPERAND = frozenset("([{-")


class Parser:
    """One reading of one text. `juel` adds the older operators of `${…}`."""

    def __init__(
        self, text: str, names: Iterable[str] = (), juel: bool = False, base: Names | None = None
    ) -> None:
        self.text, self.juel = text, juel
        self.tokens = lexer.tokens(text, juel)
        self.at, self.depth = 0, 0
        self.names = Names(names, base) if names or base is None else base
        self.infix = JUEL_INFIX if juel else INFIX
        self.words = KEYWORDS | lexer.JUEL_WORDS if juel else KEYWORDS
        self.range_end = False

    # reading tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def step(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != END:
            self.at += 1
        return token

    def sees(self, text: str) -> bool:
        token = self.tokens[self.at]
        return token.text == text and (token.kind == SYMBOL or token.kind == WORD)

    def takes(self, text: str) -> bool:
        if self.sees(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if not self.sees(text):
            raise self.unexpected(text)
        return self.step()

    def unexpected(self, wanted: str = "") -> FeelError:
        token = self.token
        if token.kind == END:
            hint = ("close", wanted) if wanted else ("", "")
            return error("end", token.at, self.text, *hint)
        if wanted and token.kind == WORD and wanted.isalpha():
            return error("expected", token.at, self.text, wanted=wanted, found=token.text)
        after = self.tokens[self.at - 1].text if self.at else ""
        hint = {"&": "and", "|": "or", "!": "not", "'": "quotes"}.get(token.text, "")
        if token.text == "=" and after == "=":
            hint = "single"
        if wanted and not hint:
            return error("expected", token.at, self.text, wanted=wanted, found=token.text)
        return error("syntax", token.at, self.text, hint, found=token.text)

    def finish(self, node: Any) -> Any:
        if self.token.kind != END:
            raise self.unexpected()
        return node

    # expressions

    def expression(self, floor: int = TERNARY) -> Any:
        """The longest expression from here whose operators bind at least as tightly as `floor`."""
        self.depth += 1
        if self.depth > budget.DEPTH:
            raise error("deep", self.token.at, self.text)
        outer, self.range_end = self.range_end, self.range_end and floor > TERNARY
        left = self.postfix(self.prefix())
        left = self.climb(left, floor)
        self.range_end = outer
        self.depth -= 1
        return left

    def climb(self, left: Any, floor: int) -> Any:
        chain = 0
        while True:
            token = self.token
            if token.kind != SYMBOL and token.kind != WORD:
                return left
            found = self.infix.get(token.text)
            if found is None or found[0] < floor:
                return left
            chain += 1
            if chain > budget.DEPTH and found[0] > AND:
                raise error("deep", token.at, self.text)
            self.at += 1
            left = self.infix_node(left, found[1], found[0], token.at)

    def infix_node(self, left: Any, operator: str, power: int, at: int) -> Any:
        special = _INFIX_READERS.get(operator)
        if special is not None:
            return special(self, left, at)
        right = self.expression(power + 1)
        if power <= AND:
            if isinstance(left, nodes.Logic) and left.operator == operator:
                left.operands.append(right)
                return left
            return nodes.Logic(operator, [left, right], at)
        return nodes.Binary(operator, left, right, at)

    def prefix(self) -> Any:
        token = self.token
        reader = _BY_KIND[token.kind]
        return reader(self, token)

    def postfix(self, node: Any) -> Any:
        chain = 0
        while self.token.kind == SYMBOL:
            text = self.token.text
            if text == ".":
                node = self.path(node)
            elif text == "[" and not (self.range_end and self.closes_range()):
                node = self.filtered(node)
            elif text == "(":
                node = self.call(node)
            else:
                return node
            chain += 1
            if chain > budget.DEPTH:
                raise error("deep", self.token.at, self.text)
        return node

    def closes_range(self) -> bool:
        after = self.ahead()
        return after.kind == END or after.text in _AFTER_RANGE

    def path(self, node: Any) -> Any:
        at = self.step().at
        if self.token.kind not in (WORD, QUOTED):
            raise self.unexpected()
        return nodes.Path(node, self.name(), at)

    def filtered(self, node: Any) -> Any:
        at = self.step().at
        condition = self.whole()
        self.expect("]")
        return nodes.Filter(node, condition, self.juel, at)

    def whole(self) -> Any:
        """An expression inside brackets of its own."""
        outer, self.range_end = self.range_end, False
        node = self.expression()
        self.range_end = outer
        return node

    def call(self, node: Any) -> Any:
        at = self.step().at
        if self.juel and isinstance(node, nodes.Path):
            raise error("method", node.at, self.text, name=node.name)
        names: list[str] = []
        arguments: list[Any] = []
        while not self.sees(")"):
            name = self.argument_name()
            if name is not None:
                names.append(name)
            arguments.append(self.whole())
            if len(names) not in (0, len(arguments)):
                raise self.unexpected()
            if not self.takes(","):
                break
        self.expect(")")
        return nodes.Call(node, arguments, names or None, at)

    def argument_name(self) -> str | None:
        """`name:` before an argument, when there is one."""
        i, words = self.at, []
        while self.tokens[i].kind in (WORD, NUMBER, QUOTED):
            words.append(self.tokens[i].text)
            i += 1
        if words and self.tokens[i].text == ":" and self.tokens[self.at].kind != NUMBER:
            self.at = i + 1
            return " ".join(words)
        return None

    # names

    def known(self) -> tuple[int, str] | None:
        """The known name with blanks or symbols that starts here."""
        found = self.names.longest(self.tokens, self.at)
        tricky = registry.tricky_names()
        if found is None and self.token.text in tricky.by_first:
            found = tricky.longest(self.tokens, self.at)
            if found and self.tokens[self.at + found[0]].text != "(":
                return None
        return found

    def name(self) -> str:
        """A name from here: the longest known one, else words up to a keyword or symbol."""
        token = self.token
        if token.kind == QUOTED:
            self.at += 1
            return token.text
        known = self.known()
        words = [token.text]
        i = self.at + 1
        while self.tokens[i].kind in (WORD, NUMBER) and self.tokens[i].text not in self.words:
            if self.tokens[i].kind == NUMBER and not self.tokens[i].text.isdigit():
                break
            words.append(self.tokens[i].text)
            i += 1
        if known and (known[0] >= len(words)):
            self.at += known[0]
            return known[1]
        self.at = i
        return " ".join(words)

    def binding(self) -> str:
        """A name that is being introduced (iterator, parameter)."""
        if self.token.kind not in (WORD, QUOTED):
            raise self.unexpected()
        known = self.names.longest(self.tokens, self.at)
        if known:
            self.at += known[0]
            return known[1]
        words = [self.step().text]
        while self.token.kind in (WORD, NUMBER) and self.token.text not in self.words:
            words.append(self.step().text)
        # an introduced name may hold symbols: everything up to what must follow it
        while self.token.kind == SYMBOL and self.token.text in "-+*/'.?":
            if self.token.text == "?" and self.juel:
                break
            words.append(("" if not self.token.blank else " ") + self.step().text)
            if self.token.kind in (WORD, NUMBER) and self.token.text not in ("in",):
                words.append(("" if not self.token.blank else " ") + self.step().text)
        return _joined(words)

    def within(self, names: list[str], read: Callable[[], Any]) -> Any:
        """What `read` returns while `names` are known too."""
        outer, self.names = self.names, Names(names, self.names)
        node = read()
        self.names = outer
        return node


def _joined(words: list[str]) -> str:
    text = words[0]
    glued = False
    for word in words[1:]:
        symbol = not (word.strip()[0].isalnum() or word.strip()[0] == "_")
        text += word if symbol or glued or word[0] == " " else " " + word
        glued = symbol
    return text


_AFTER_RANGE = frozenset(
    (")", "]", "}", ",", ":", "and", "or", "then", "else", "return", "satisfies", "in", "=", "!=",
     "<", ">", "<=", ">=", "between", "instance", ".", "+", "*", "/")
)


def number(text: str) -> int | Decimal:
    """The number a literal stands for; raises BudgetExceeded beyond the magnitude."""
    if text.isdigit() and len(text) <= values.DIGITS:
        return int(text)
    value = values.CONTEXT.create_decimal(text)
    if not value.is_finite() or (value and value.adjusted() > budget.MAGNITUDE):
        raise error("number", limit=f"10^{budget.MAGNITUDE}")
    return value


def _number(parser: Parser, token: Token) -> Any:
    parser.at += 1
    return nodes.Literal(number(token.text), token.at)


def _string(parser: Parser, token: Token) -> Any:
    parser.at += 1
    return nodes.Literal(token.text, token.at)


def _temporal(parser: Parser, token: Token) -> Any:
    parser.at += 1
    value = temporal.parse(token.text)
    return nodes.Temporal(token.text, value, token.at)


def _word(parser: Parser, token: Token) -> Any:
    known = parser.known()
    if known is None:
        reader = forms.WORD_READERS.get(token.text)
        if reader is not None:
            return reader(parser, token)
        if parser.juel:
            reader = forms.JUEL_READERS.get(token.text)
            if reader is not None and _operand_follows(parser):
                return reader(parser, token)
        if token.text in parser.words and token.text in KEYWORDS:
            raise parser.unexpected()
    return nodes.Name(parser.name(), token.at)


def _operand_follows(parser: Parser) -> bool:
    after = parser.ahead()
    if after.kind == SYMBOL:
        return after.text in _STARTS_OPERAND or after.text == "!"
    return after.kind != END


def _symbol(parser: Parser, token: Token) -> Any:
    reader = forms.SYMBOL_READERS.get(token.text)
    if reader is None or (token.text == "!" and not parser.juel):
        raise parser.unexpected()
    return reader(parser, token)


def _end(parser: Parser, token: Token) -> Any:
    raise parser.unexpected()


_BY_KIND: dict[int, Callable[[Parser, Token], Any]] = {
    NUMBER: _number, STRING: _string, AT: _temporal, WORD: _word, SYMBOL: _symbol, END: _end,
    QUOTED: lambda parser, token: nodes.Name(parser.name(), token.at),
}


def _between(parser: Parser, left: Any, at: int) -> Any:
    low = parser.expression(SUM)
    parser.expect("and")
    return nodes.Between(left, low, parser.expression(SUM), at)


def _in(parser: Parser, left: Any, at: int) -> Any:
    return nodes.In(left, forms.in_tests(parser), at)


def _instance(parser: Parser, left: Any, at: int) -> Any:
    parser.expect("of")
    return nodes.InstanceOf(left, forms.type_of(parser), at)


def _ternary(parser: Parser, condition: Any, at: int) -> Any:
    then = parser.expression()
    parser.expect(":")
    return nodes.If(condition, then, parser.expression(), at)


_INFIX_READERS: dict[str, Callable[[Parser, Any, int], Any]] = {
    "between": _between, "in": _in, "instance": _instance, "?": _ternary,
}
