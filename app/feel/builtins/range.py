"""How points and ranges lie to each other (the relations of DMN's table 78)."""

from typing import Any

from app.feel import compare
from app.feel.builtins.registry import builtin
from app.feel.values import Range

Ternary = bool | None
_POINT_RANGE = "point:p, range:r"
_RANGES = "range1:r, range2:r"


def _lt(a: Any, b: Any) -> bool:
    order = compare.comparison(a, b)
    if order is None:
        raise ValueError("no common order")  # the caller's answer becomes null
    return order < 0


def _eq(a: Any, b: Any) -> bool:
    order = compare.comparison(a, b)
    if order is None:
        raise ValueError("no common order")
    return order == 0


def _ends_before(a: Range, b: Range) -> bool:
    """Whether a ends before b starts."""
    if a.end is None or b.start is None:
        return False
    touching = not (a.end_included and b.start_included)
    return _lt(a.end, b.start) or (touching and _eq(a.end, b.start))


def _starts_no_later(a: Range, b: Range) -> bool:
    if a.start is None or b.start is None:
        return a.start is None
    same = a.start_included or not b.start_included
    return _lt(a.start, b.start) or (same and _eq(a.start, b.start))


def _ends_no_earlier(a: Range, b: Range) -> bool:
    if a.end is None or b.end is None:
        return a.end is None
    same = a.end_included or not b.end_included
    return _lt(b.end, a.end) or (same and _eq(a.end, b.end))


def _same_start(a: Range, b: Range) -> bool:
    if a.start is None or b.start is None:
        return a.start is b.start
    return _eq(a.start, b.start) and a.start_included == b.start_included


def _same_end(a: Range, b: Range) -> bool:
    if a.end is None or b.end is None:
        return a.end is b.end
    return _eq(a.end, b.end) and a.end_included == b.end_included


def _point(value: Any) -> Range:
    return value if value.__class__ is Range else Range(value, value)


@builtin(
    "before",
    "point1:p, point2:p | point:p, range:r | range:r, point:p | range1:r, range2:r",
)
def before(a: Any, b: Any) -> Ternary:
    return _ends_before(_point(a), _point(b))


@builtin("after", "point1:p, point2:p | point:p, range:r | range:r, point:p | range1:r, range2:r")
def after(a: Any, b: Any) -> Ternary:
    return _ends_before(_point(b), _point(a))


@builtin("meets", _RANGES)
def meets(a: Range, b: Range) -> Ternary:
    if a.end is None or b.start is None:
        return False
    return a.end_included and b.start_included and _eq(a.end, b.start)


@builtin("met by", _RANGES)
def met_by(a: Range, b: Range) -> Ternary:
    return meets(b, a)


@builtin("overlaps", _RANGES)
def overlaps(a: Range, b: Range) -> Ternary:
    return not _ends_before(a, b) and not _ends_before(b, a)


@builtin("overlaps before", _RANGES)
def overlaps_before(a: Range, b: Range) -> Ternary:
    """a starts first and ends inside b."""
    if _ends_before(a, b) or _ends_before(b, a):
        return False
    return _starts_no_later(a, b) and not _same_start(a, b) and _ends_no_earlier(b, a)


@builtin("overlaps after", _RANGES)
def overlaps_after(a: Range, b: Range) -> Ternary:
    """b starts first and ends inside a."""
    return overlaps_before(b, a)


@builtin("finishes", _POINT_RANGE + " | " + _RANGES)
def finishes(a: Any, b: Range) -> Ternary:
    if a.__class__ is not Range:
        return b.end is not None and b.end_included and _eq(a, b.end)
    return _same_end(a, b) and _starts_no_later(b, a)


@builtin("finished by", "range:r, point:p | " + _RANGES)
def finished_by(a: Range, b: Any) -> Ternary:
    return finishes(b, a)


@builtin("includes", "range:r, point:p | " + _RANGES)
def includes(a: Range, b: Any) -> Ternary:
    if b.__class__ is not Range:
        return compare.within(b, a)
    return _starts_no_later(a, b) and _ends_no_earlier(a, b)


@builtin("during", _POINT_RANGE + " | " + _RANGES)
def during(a: Any, b: Range) -> Ternary:
    return includes(b, a)


@builtin("starts", _POINT_RANGE + " | " + _RANGES)
def starts(a: Any, b: Range) -> Ternary:
    if a.__class__ is not Range:
        return b.start is not None and b.start_included and _eq(a, b.start)
    return _same_start(a, b) and _ends_no_earlier(b, a)


@builtin("started by", "range:r, point:p | " + _RANGES)
def started_by(a: Range, b: Any) -> Ternary:
    return starts(b, a)


@builtin("coincides", "point1:p, point2:p | " + _RANGES)
def coincides(a: Any, b: Any) -> Ternary:
    if a.__class__ is not Range:
        return _eq(a, b)
    return _same_start(a, b) and _same_end(a, b)
