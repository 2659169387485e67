"""Hit policies: which of the rules that hit give the result, and how their outputs become one value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from app.feel import arithmetic
from app.feel.values import CONTEXT, YearsMonths, is_number

Outputs = tuple[Any, ...]
Order = Sequence[tuple[Any, ...]]

POLICIES = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
    "C": "COLLECT",
}
LISTS = frozenset({"RULE ORDER", "OUTPUT ORDER", "COLLECT"})
"""Policies whose result is a list (COLLECT only without an aggregation)."""

_SIGNS = {"+": "SUM", "<": "MIN", ">": "MAX", "#": "COUNT"}


def policy_of(text: str, aggregation: str) -> tuple[str, str] | None:
    """Full names of a hit policy and its aggregation, from the long or the one-letter form; None if unknown."""
    text, aggregation = text.strip().upper() or "UNIQUE", aggregation.strip().upper()
    if text[:1] == "C" and text[1:] in _SIGNS:
        text, aggregation = "COLLECT", _SIGNS[text[1:]]
    text = POLICIES.get(text, text)
    known = text in POLICIES.values() and aggregation in ("", *_SIGNS.values())
    return (text, aggregation if text == "COLLECT" else "") if known else None


def ranked(outputs: list[Outputs], order: Order) -> list[int]:
    """Indexes of the outputs, the highest priority first; a value outside its column's list comes last."""

    def rank(index: int) -> list[int]:
        return [_position(v, values) for v, values in zip(outputs[index], order, strict=True)]

    return sorted(range(len(outputs)), key=rank)


def _position(value: Any, values: tuple[Any, ...]) -> int:
    return next((n for n, one in enumerate(values) if same(one, value)), len(values))


def same(one: Any, other: Any) -> bool:
    """Equality of FEEL values: a truth value never equals a number."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _total(values: list[Any]) -> Any:
    if all(map(is_number, values)):
        return reduce(CONTEXT.add, values, Decimal(0))
    first = values[0].__class__
    fits = first in _DURATIONS and all(one.__class__ is first for one in values)
    return reduce(arithmetic.add, values) if fits else None


_DURATIONS = (dt.timedelta, YearsMonths)
_AGGREGATE: dict[str, Callable[[list[Any]], Any]] = {"SUM": _total, "MIN": min, "MAX": max}


def aggregate(kind: str, values: list[Any]) -> Any:
    """Sum, smallest, largest or number of the values; null for values that cannot be added or compared."""
    if kind == "COUNT":
        return len(values)
    if not values or any(v is None or isinstance(v, (bool, list, dict)) for v in values):
        return None
    try:
        return _AGGREGATE[kind](values)
    except TypeError:
        return None
