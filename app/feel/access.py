"""`value.name`: entries of contexts, components of dates, times, durations and ranges.

This table is all there is; no attribute of a Python object is ever read by name.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.feel import nodes, temporal
from app.feel.build import MISSING, Builder, Closure, Scope, writes
from app.feel.values import PLAIN, Range, YearsMonths, imported, measured


def _second(value: Any) -> Any:
    if not value.microsecond:
        return value.second
    return Decimal(value.second) + Decimal(value.microsecond) / 1_000_000


def _zone(value: Any) -> str | None:
    """The name of the zone; a mere offset has none."""
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


def _truncated(part: Callable[[int], int]) -> Callable[[dt.timedelta], int]:
    """A component of a duration; all components of a negative one are negative."""

    def read(value: dt.timedelta) -> int:
        seconds = abs(value) // dt.timedelta(seconds=1)
        return part(seconds) * (-1 if value < dt.timedelta(0) else 1)

    return read


def _duration_seconds(value: dt.timedelta) -> Any:
    size = abs(value)
    seconds: Any = size.seconds % 60
    if size.microseconds:
        seconds = Decimal(seconds) + Decimal(size.microseconds) / 1_000_000
    return -seconds if value < dt.timedelta(0) else seconds


def _signed(value: YearsMonths, size: int) -> int:
    return -size if value.months < 0 else size


_DATE: dict[str, Callable[[Any], Any]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.isoweekday(),
}
_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": _second,
    "time offset": temporal.offset_of,
    "timezone": _zone,
}
_DURATION: dict[str, Callable[[Any], Any]] = {
    "days": _truncated(lambda seconds: seconds // 86400),
    "hours": _truncated(lambda seconds: seconds // 3600 % 24),
    "minutes": _truncated(lambda seconds: seconds // 60 % 60),
    "seconds": _duration_seconds,
}
_MONTHS: dict[str, Callable[[Any], Any]] = {
    "years": lambda value: _signed(value, abs(value.months) // 12),
    "months": lambda value: _signed(value, abs(value.months) % 12),
}
_RANGE: dict[str, Callable[[Any], Any]] = {
    "start": lambda value: value.start,
    "end": lambda value: value.end,
    "start included": lambda value: value.start_included,
    "end included": lambda value: value.end_included,
}
_KINDS: list[tuple[type, dict[str, Callable[[Any], Any]]]] = [
    (dt.datetime, _DATE | _TIME),
    (dt.date, _DATE),
    (dt.time, _TIME),
    (dt.timedelta, _DURATION),
    (YearsMonths, _MONTHS),
    (Range, _RANGE),
]


def component(value: Any, name: str) -> Any:
    """The component `name` of any value; of every item for a list; None when there is none."""
    if value.__class__ is dict:
        found = value.get(name)
        return found if found.__class__ in PLAIN else imported(found)
    if value.__class__ is list:
        measured(value)
        return [_of_item(imported(item), name) for item in value]
    for kind, components in _KINDS:
        if isinstance(value, kind):
            read = components.get(name)
            return read(value) if read else None
    return None


def _of_item(item: Any, name: str) -> Any:
    if item.__class__ is list:
        return [_of_item(imported(inner), name) for inner in item]
    return component(item, name)


@writes(nodes.Path)
def _path(builder: Builder, node: nodes.Path) -> Closure:
    source, name = builder.build(node.source), node.name

    def get(scope: Scope) -> Any:
        value = source(scope)
        if value.__class__ is dict:
            found = value.get(name, MISSING)
            if found.__class__ in PLAIN:
                return found
            return None if found is MISSING else imported(found)
        if value.__class__ is list:
            scope.run.spend(len(value))
        return component(value, name)

    return get
