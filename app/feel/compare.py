"""Equality and order. Values of different kinds compare to null."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app.feel import temporal
from app.feel.values import NUMBERS, Range, YearsMonths, imported, measured

Ternary = bool | None


def equal(a: Any, b: Any) -> Ternary:
    """True, False, or None when the two are of different kinds."""
    if a is None or b is None:
        return a is b
    kind, other = a.__class__, b.__class__
    if kind in NUMBERS:
        return a == b if other in NUMBERS else None
    if kind is str or kind is bool or kind is YearsMonths:
        return a == b if other is kind else None
    if kind is list or kind is dict:
        if other is not kind:
            return None
        if a is not b:
            measured(a)
        return _lists(a, b) if kind is list else _contexts(a, b)
    if kind is Range:
        return a.parts() == b.parts() if other is Range else None
    return _temporal(a, b)


def _lists(a: list[Any], b: list[Any]) -> Ternary:
    if len(a) != len(b):
        return False
    return all(_alike(x, y) for x, y in zip(a, b, strict=True))


def _alike(a: Any, b: Any) -> bool:
    """Equality inside lists and contexts, whose size has been measured."""
    a, b = imported(a), imported(b)
    if a.__class__ is list and b.__class__ is list:
        return _lists(a, b) is True
    if a.__class__ is dict and b.__class__ is dict:
        return _contexts(a, b) is True
    return equal(a, b) is True


def _contexts(a: dict[str, Any], b: dict[str, Any]) -> Ternary:
    if a.keys() != b.keys():
        return False
    return all(_alike(a[key], b[key]) for key in a)


def _temporal(a: Any, b: Any) -> Ternary:
    x, y = order_key(a), order_key(b)
    if x is None or y is None:
        return None
    if x[0] != y[0]:
        # the same kind, but only one of them has a zone: different; else no answer
        return False if _ZONES.get(x[0], x[0]) == _ZONES.get(y[0], y[0]) else None
    return x[1] == y[1]


_ZONES = {"instant": "local", "zoned time": "time"}


def order_key(value: Any) -> tuple[str, Any] | None:
    """Something ordered for a value that has an order, with the kind it may be compared within."""
    kind = value.__class__
    if kind in NUMBERS:
        return "number", value
    if kind is str:
        return "string", value
    if isinstance(value, dt.datetime):
        return ("local", value) if value.tzinfo is None else ("instant", _instant(value))
    if isinstance(value, dt.date):
        return "date", value
    if isinstance(value, dt.time):
        return ("time" if value.tzinfo is None else "zoned time"), temporal.seconds_of(value)
    if isinstance(value, dt.timedelta):
        return "duration", value
    return ("months", value.months) if kind is YearsMonths else None


def _instant(moment: dt.datetime) -> dt.datetime:
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:  # at either end of the calendar
        return moment


def comparison(a: Any, b: Any) -> int | None:
    """-1, 0 or 1; None when the two have no common order."""
    x, y = order_key(a), order_key(b)
    if x is None or y is None:
        return None
    if x[0] != y[0]:
        x, y = _mixed(a, b, x, y)
        if x[0] != y[0]:
            return None
    return (x[1] > y[1]) - (x[1] < y[1])


def _mixed(a: Any, b: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """A date beside a date and time counts as its midnight."""
    if x[0] == "date" and y[0] in ("local", "instant"):
        return (y[0], _midnight(a, y[0])), y
    if y[0] == "date" and x[0] in ("local", "instant"):
        return x, (x[0], _midnight(b, x[0]))
    return x, y


def _midnight(day: dt.date, kind: str) -> dt.datetime:
    zone = dt.UTC if kind == "instant" else None
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone)


def less(a: Any, b: Any) -> Ternary:
    order = comparison(a, b)
    return None if order is None else order < 0


def less_equal(a: Any, b: Any) -> Ternary:
    order = comparison(a, b)
    return None if order is None else order <= 0


def greater(a: Any, b: Any) -> Ternary:
    order = comparison(a, b)
    return None if order is None else order > 0


def greater_equal(a: Any, b: Any) -> Ternary:
    order = comparison(a, b)
    return None if order is None else order >= 0


def not_equal(a: Any, b: Any) -> Ternary:
    same = equal(a, b)
    return None if same is None else not same


def negated(value: Any) -> Ternary:
    return (not value) if value.__class__ is bool else None


def both(a: Ternary, b: Ternary) -> Ternary:
    """Three-valued and."""
    if a is False or b is False:
        return False
    return True if a is True and b is True else None


def within(value: Any, found: Range) -> Ternary:
    """Whether a value lies in a range; an end that is None does not limit."""
    if found.start is None and found.end is None:
        return None
    low: Ternary = True
    high: Ternary = True
    if found.start is not None:
        low = (greater_equal if found.start_included else greater)(value, found.start)
    if found.end is not None:
        high = (less_equal if found.end_included else less)(value, found.end)
    return both(low, high)


def matches(value: Any, test: Any) -> Ternary:
    """Whether a value passes a test that is a value itself: a range, a list of tests, a value."""
    if test.__class__ is Range and value.__class__ is not Range:
        return within(value, test)
    if test.__class__ is list:
        if value.__class__ is list and equal(value, test):
            return True
        return contains(test, value)
    return equal(value, test)


def contains(items: list[Any], value: Any) -> bool:
    """Whether one of the items equals the value, or is a range or list that holds it."""
    for item in items:
        if equal(item, value) is True:
            return True
        if item.__class__ is Range and within(value, item) is True:
            return True
    return False


def identity(value: Any) -> Any:
    """A hashable that is the same for equal values, for finding duplicates in one pass."""
    if value.__class__ is list or value.__class__ is dict:
        measured(value)
    return _identity(imported(value))


def _identity(value: Any) -> Any:
    kind = value.__class__
    if kind is list:
        return ("list", *(_identity(imported(item)) for item in value))
    if kind is dict:
        return "context", frozenset((key, _identity(imported(x))) for key, x in value.items())
    if kind is bool or value is None:
        return "boolean", value
    if kind is Decimal or kind is int:
        return "number", value
    key = order_key(value)
    return key if key is not None else ("value", value)
