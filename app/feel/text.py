"""Values as text: what `string()` returns and what templates insert."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from app.feel import budget, temporal
from app.feel.values import Function, Range, YearsMonths, imported


def shown(value: Any) -> str:
    """The text of a value inside a template: nothing for null."""
    return "" if value is None else written(value)


def written(value: Any) -> str:
    """The text of a value as `string()` gives it; texts inside lists and contexts are quoted."""
    if value.__class__ is str:
        return value
    return _inner(value, [budget.CHARACTERS])


def _inner(value: Any, left: list[int]) -> str:
    text = _simple(value)
    # every value costs its characters and a little work
    left[0] -= 8 + (0 if text is None else len(text))
    if left[0] < 0:
        budget.check_characters(budget.CHARACTERS + 1)
    return _compound(value, left) if text is None else text


def _simple(value: Any) -> str | None:
    if value is None:
        return "null"
    if value.__class__ is bool:
        return "true" if value else "false"
    if value.__class__ is str:
        return quoted(value)
    if value.__class__ is int or value.__class__ is Decimal:
        return number(value)
    if isinstance(value, dt.date | dt.time | dt.timedelta | YearsMonths):
        return temporal.write(value)
    return f"function {value.name}" if value.__class__ is Function else None


def _compound(value: Any, left: list[int]) -> str:
    if value.__class__ is list:
        return "[" + ", ".join(_inner(imported(item), left) for item in value) + "]"
    if value.__class__ is Range:
        return _range(value, left)
    entries = (f"{_key(str(key))}: {_inner(imported(item), left)}" for key, item in value.items())
    return "{" + ", ".join(entries) + "}"


def _range(value: Range, left: list[int]) -> str:
    start, end = _inner(value.start, left), _inner(value.end, left)
    if value.start is None and value.end is not None:
        return f"{'<=' if value.end_included else '<'} {end}"
    if value.end is None and value.start is not None:
        return f"{'>=' if value.start_included else '>'} {start}"
    return (
        f"{'[' if value.start_included else '('}{start} .. {end}"
        f"{']' if value.end_included else ')'}"
    )


def _key(key: str) -> str:
    return key if key.replace("_", "a").replace(" ", "a").isalnum() else quoted(key)


def number(value: int | Decimal) -> str:
    """A number in full, without exponent."""
    return str(value) if value.__class__ is int else format(value, "f")


def quoted(value: str) -> str:
    """A string literal for a text."""
    return json.dumps(value, ensure_ascii=False)
