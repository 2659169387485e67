"""Ranges as values."""

from typing import Any

from app.feel import compare
from app.feel.values import Range


def make(start: Any, end: Any, low: bool, high: bool) -> Range | None:
    """The range between two values; None when they cannot bound one."""
    if start is None and end is None:
        return None
    for bound in (start, end):
        if bound is not None and compare.order_key(bound) is None:
            return None
    if start is not None and end is not None and compare.comparison(start, end) is None:
        return None
    return Range(start, end, low, high)


def from_test(sign: str, value: Any) -> Range | None:
    """The range that `< value` and the like describe."""
    if value is None:
        return None
    if sign == "<" or sign == "<=":
        return make(None, value, False, sign == "<=")
    if sign == ">" or sign == ">=":
        return make(value, None, sign == ">=", False)
    return make(value, value, True, True) if sign == "=" else None
