"""Conversion between kinds, and the boolean functions."""

import re
from decimal import Decimal
from typing import Any

from app.feel import compare, parser, ranges, temporal, text
from app.feel.arithmetic import checked
from app.feel.builtins.registry import builtin
from app.feel.errors import FeelError
from app.feel.values import CONTEXT, Range

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_RANGE = re.compile(r"\s*([\[(\]])(.*?)\.\.(.*)([\])\[])\s*", re.DOTALL)


@builtin("string", "from:a")
def string(value: Any) -> str | None:
    return None if value is None else text.written(value)


@builtin("number", "from:s | from:s, grouping separator:a, decimal separator:a")
def number(value: str, grouping: Any = None, point: Any = None) -> int | Decimal | None:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", "."):
        return None
    if grouping is not None and grouping == point:
        return None
    if grouping is not None:
        value = value.replace(grouping, "")
    if point is not None and point != ".":
        if "." in value:
            return None
        value = value.replace(point, ".")
    if not _NUMBER.fullmatch(value):
        return None
    found = checked(CONTEXT.create_decimal(value))
    return int(found) if value.lstrip("-").isdigit() and len(value) <= 34 else found


@builtin("not", "negand:a")
def negation(value: Any) -> bool | None:
    return compare.negated(value)


@builtin("is defined", "value:a")
def is_defined(value: Any) -> bool:
    return value is not None


@builtin("is", "value1:a, value2:a")
def same(a: Any, b: Any) -> bool:
    """Whether two values are the same element of the language: kind, value and zone."""
    if a is None or b is None:
        return a is b
    if type(a) is not type(b) and compare.equal(a, b) is None:
        return False
    return compare.equal(a, b) is True and _zone(a) == _zone(b)


def _zone(value: Any) -> Any:
    return temporal.offset_of(value) if hasattr(value, "tzinfo") else None


@builtin("get or else", "value:a, default:a")
def get_or_else(value: Any, default: Any) -> Any:
    return default if value is None else value


@builtin("range", "from:s")
def range_of(value: str) -> Range | None:
    """The range that `"[1..3]"` and the like describe; its ends are literals."""
    found = _RANGE.fullmatch(value)
    if not found:
        return None
    start, end = _end(found[2]), _end(found[3])
    if start is _BAD or end is _BAD or (start is None and end is None):
        return None
    if (start is None and found[1] == "[") or (end is None and found[4] == "]"):
        return None
    if start is not None and end is not None and compare.greater(start, end) is not False:
        return None
    return ranges.make(start, end, found[1] == "[", found[4] == "]")


_BAD: Any = object()


def _end(source: str) -> Any:
    """The value of a literal; None for nothing, _BAD for anything but a literal."""
    if not source.strip():
        return None
    from app.feel import nodes

    try:
        reader = parser.Parser(source)
        node = reader.finish(reader.whole())
    except FeelError:
        return _BAD
    if isinstance(node, nodes.Literal | nodes.Temporal) and node.value is not None:
        return node.value
    return _call_of_literal(node, nodes)


def _call_of_literal(node: Any, nodes: Any) -> Any:
    """`date("2020-01-01")` and the like also count as literals."""
    if not isinstance(node, nodes.Call) or len(node.arguments) != 1:
        return _BAD
    argument = node.arguments[0]
    name = node.function.name if isinstance(node.function, nodes.Name) else ""
    kinds = ("date", "time", "date and time", "duration")
    if name not in kinds or not isinstance(argument, nodes.Literal):
        return _BAD
    value = temporal.parse(argument.value) if isinstance(argument.value, str) else None
    return _BAD if value is None else value
