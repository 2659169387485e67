"""Tree -> text that reads back as the same tree (in FEEL's own spelling, whatever it was)."""

from collections.abc import Callable
from typing import Any

from app.feel import nodes, text
from app.feel.lexer import KEYWORDS

_POWER = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "**": 6,
}
_ATOM = 9


def unparse(node: Any) -> str:
    """The expression as text."""
    return _WRITERS[node.__class__](node)


def _power(node: Any) -> int:
    if isinstance(node, nodes.Binary):
        return _POWER.get(node.operator, _ATOM)
    if isinstance(node, nodes.Logic):
        return _POWER[node.operator]
    if isinstance(node, nodes.Between | nodes.In):
        return 3
    if isinstance(node, nodes.If | nodes.For | nodes.Quantified | nodes.FunctionOf):
        return 0
    if isinstance(node, nodes.InstanceOf):
        return 7
    if isinstance(node, nodes.Negate):
        return 8
    negative = isinstance(node, nodes.Literal) and text.written(node.value).startswith("-")
    return 8 if negative and not isinstance(node.value, str) else _ATOM


def _inside(node: Any, floor: int) -> str:
    written = unparse(node)
    return written if _power(node) >= floor else f"({written})"


def name(value: str) -> str:
    """A name as it must be written to be read back alone."""
    words = value.split(" ")
    if value == "?" or (all(word.isidentifier() for word in words) and KEYWORDS.isdisjoint(words)):
        return value
    return f"`{value}`"


def _literal(node: nodes.Literal) -> str:
    if isinstance(node.value, str):
        return text.quoted(node.value)
    return text.written(node.value)


def _binary(node: nodes.Binary) -> str:
    if node.operator == "mod":
        return f"modulo({unparse(node.left)}, {unparse(node.right)})"
    floor = _POWER[node.operator]
    return f"{_inside(node.left, floor)} {node.operator} {_inside(node.right, floor + 1)}"


def _logic(node: nodes.Logic) -> str:
    floor = _POWER[node.operator] + 1
    return f" {node.operator} ".join(_inside(operand, floor) for operand in node.operands)


def _path(node: nodes.Path) -> str:
    return f"{_inside(node.source, _ATOM)}.{name(node.name)}"


def _filter(node: nodes.Filter) -> str:
    return f"{_inside(node.source, _ATOM)}[{unparse(node.condition)}]"


def _call(node: nodes.Call) -> str:
    names = node.names or [""] * len(node.arguments)
    arguments = ", ".join(
        (f"{label}: " if label else "") + unparse(argument)
        for label, argument in zip(names, node.arguments, strict=True)
    )
    target = node.function
    called = target.name if isinstance(target, nodes.Name) else _inside(target, _ATOM)
    return f"{called}({arguments})"


def _context(node: nodes.ContextOf) -> str:
    entries = (f"{text.quoted(key)}: {unparse(value)}" for key, value in node.entries)
    return "{" + ", ".join(entries) + "}"


def _range(node: nodes.RangeOf) -> str:
    return (
        f"{'[' if node.start_included else '('}{unparse(node.start)}.."
        f"{_inside(node.end, 4)}{']' if node.end_included else ')'}"
    )


def _test(node: nodes.Test) -> str:
    return f"{node.operator} {_inside(node.operand, 4)}" if node.operator else unparse(node.operand)


def _tests(node: nodes.Tests) -> str:
    if not node.tests:
        return "-"
    written = ", ".join(_test(test) for test in node.tests)
    return f"not({written})" if node.negated else written


def _in(node: nodes.In) -> str:
    return f"{_inside(node.operand, 4)} in ({_tests(node.tests)})"


def _iterators(iterators: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name(label)} in {unparse(source)}" for label, source in iterators)


def _quantified(node: nodes.Quantified) -> str:
    word = "every" if node.every else "some"
    return f"{word} {_iterators(node.iterators)} satisfies {unparse(node.condition)}"


def type_text(node: nodes.TypeOf) -> str:
    parts = [type_text(item) for item in node.items]
    parts += [f"{label}: {type_text(kind)}" for label, kind in node.members]
    inner = f"<{', '.join(parts)}>" if parts else ""
    return node.name + inner + (f"->{type_text(node.result)}" if node.result else "")


def _function(node: nodes.FunctionOf) -> str:
    parameters = ", ".join(
        name(label) + (f": {type_text(kind)}" if kind else "") for label, kind in node.parameters
    )
    return f"function({parameters}) {unparse(node.body)}"


def _template(node: nodes.Template) -> str:
    parts = (
        text.quoted(part) if isinstance(part, str) else f'get or else(string({unparse(part)}), "")'
        for part in node.parts
    )
    return " + ".join(parts)


def _empty(node: nodes.Empty) -> str:
    return f'{_inside(node.operand, 4)} in (null, "", [[]], {{}})'


_WRITERS: dict[type, Callable[[Any], str]] = {
    nodes.Literal: _literal,
    nodes.Temporal: lambda node: "@" + text.quoted(node.text),
    nodes.Name: lambda node: name(node.name),
    nodes.Path: _path,
    nodes.Filter: _filter,
    nodes.Call: _call,
    nodes.ListOf: lambda node: "[" + ", ".join(map(unparse, node.items)) + "]",
    nodes.ContextOf: _context,
    nodes.RangeOf: _range,
    nodes.Negate: lambda node: f"-{_inside(node.operand, _ATOM)}",
    nodes.Not: lambda node: f"not({unparse(node.operand)})",
    nodes.Empty: _empty,
    nodes.Binary: _binary,
    nodes.Logic: _logic,
    nodes.Between: lambda node: (
        f"{_inside(node.operand, 4)} between {_inside(node.low, 4)} and {_inside(node.high, 4)}"
    ),
    nodes.In: _in,
    nodes.Test: lambda node: f"({_test(node)})",
    nodes.Tests: _tests,
    nodes.If: lambda node: (
        f"if {unparse(node.condition)} then {unparse(node.then)} else {unparse(node.otherwise)}"
    ),
    nodes.For: lambda node: f"for {_iterators(node.iterators)} return {unparse(node.body)}",
    nodes.Quantified: _quantified,
    nodes.InstanceOf: lambda node: (
        f"{_inside(node.operand, _ATOM)} instance of {type_text(node.type)}"
    ),
    nodes.FunctionOf: _function,
    nodes.Template: _template,
    nodes.External: lambda node: "function() external {}",
}
