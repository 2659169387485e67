"""`instance of`: whether a value is of a type."""

from collections.abc import Callable
from typing import Any

from app.feel import nodes
from app.feel.build import Builder
from app.feel.values import Function, Range, imported, type_name

Test = Callable[[Any], bool]
SIMPLE = frozenset(
    (
        "number",
        "string",
        "boolean",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "list",
        "context",
        "range",
        "function",
    )
)
_ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}


def test_of(builder: Builder, node: nodes.TypeOf) -> Test:
    """A predicate for the type; raises FeelError when strict and there is no such type."""
    name = _ALIASES.get(node.name, node.name)
    if name == "Any":
        return lambda value: value is not None
    if name in ("Null", "null"):
        return lambda value: value is None
    if name not in SIMPLE:
        if builder.strict:
            raise builder.error("type", node.at, name=name)
        return lambda value: False
    if node.members:
        return _context_test(builder, node)
    if name == "function" and (node.items or node.result):
        return lambda value: (
            value.__class__ is Function and len(value.parameters) == len(node.items)
        )
    if node.items:
        inner = test_of(builder, node.items[0])
        return _list_test(inner) if name == "list" else _range_test(inner)
    return lambda value: value is not None and type_name(value) == name


def _list_test(inner: Test) -> Test:
    return lambda value: (
        value.__class__ is list and all(item is None or inner(imported(item)) for item in value)
    )


def _range_test(inner: Test) -> Test:
    return lambda value: (
        value.__class__ is Range
        and all(end is None or inner(end) for end in (value.start, value.end))
    )


def _context_test(builder: Builder, node: nodes.TypeOf) -> Test:
    members = [(name, test_of(builder, kind)) for name, kind in node.members]

    def test(value: Any) -> bool:
        if value.__class__ is not dict:
            return False
        return all(
            name in value and (value[name] is None or inner(imported(value[name])))
            for name, inner in members
        )

    return test
