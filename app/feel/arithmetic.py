"""Arithmetic on numbers, texts, dates and durations. What is not defined gives null."""

import calendar
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.feel import budget, temporal
from app.feel.errors import error
from app.feel.values import CONTEXT, EXACT_INT, NUMBERS, YearsMonths

_LARGEST = Decimal(10) ** budget.MAGNITUDE
_DAY = dt.timedelta(days=1)
_MICRO = dt.timedelta(microseconds=1)


def checked(value: Any) -> Any:
    """A number within the digits and magnitude of the language; None for not-a-number."""
    if value.__class__ is int:
        if -EXACT_INT < value < EXACT_INT:
            return value
        if value.bit_length() > 4000:
            raise error("number", limit=f"10^{budget.MAGNITUDE}")
        value = CONTEXT.create_decimal(value)
    if value.is_nan():
        return None
    if value.is_infinite() or not -_LARGEST < value < _LARGEST:
        raise error("number", limit=f"10^{budget.MAGNITUDE}")
    return value


def add(a: Any, b: Any) -> Any:
    kind, other = a.__class__, b.__class__
    if kind in NUMBERS and other in NUMBERS:
        return checked(a + b if kind is other is int else CONTEXT.add(a, b))
    if kind is str and other is str:
        budget.check_characters(len(a) + len(b))
        return a + b
    if kind is YearsMonths and other is YearsMonths:
        return YearsMonths(a.months + b.months)
    if _is_duration(b):
        return _moved(a, b)
    return _moved(b, a) if _is_duration(a) else None


def _is_duration(value: Any) -> bool:
    return value.__class__ is YearsMonths or isinstance(value, dt.timedelta)


def _moved(value: Any, by: Any) -> Any:
    """A date, time or duration later by a duration."""
    try:
        if by.__class__ is YearsMonths:
            return add_months(value, by.months) if isinstance(value, dt.date) else None
        if isinstance(value, dt.datetime):
            return _later(value, by)
        if isinstance(value, dt.date):
            whole = dt.datetime(value.year, value.month, value.day) + by
            return whole.date()
        if isinstance(value, dt.time):
            return _clock(value, by)
        return value + by if isinstance(value, dt.timedelta) else None
    except (OverflowError, ValueError):
        return None


def _later(moment: dt.datetime, by: dt.timedelta) -> dt.datetime:
    zone = moment.tzinfo
    if zone is None or isinstance(zone, dt.timezone):
        return moment + by
    # across a change of summer time the elapsed time counts, not the face of the clock
    return (moment.astimezone(dt.UTC) + by).astimezone(zone)


def _clock(moment: dt.time, by: dt.timedelta) -> dt.time:
    start = dt.datetime(2000, 1, 1, moment.hour, moment.minute, moment.second, moment.microsecond)
    rest = by % _DAY
    return (start + rest).time().replace(tzinfo=moment.tzinfo)


def add_months(day: Any, months: int) -> Any:
    """The same day some months on, or the last day of that month when it is shorter."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        return None
    return day.replace(
        year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1])
    )


def subtract(a: Any, b: Any) -> Any:
    kind, other = a.__class__, b.__class__
    if kind in NUMBERS and other in NUMBERS:
        return checked(a - b if kind is other is int else CONTEXT.subtract(a, b))
    if other is YearsMonths:
        negative = YearsMonths(-b.months)
        return YearsMonths(a.months - b.months) if kind is YearsMonths else _moved(a, negative)
    if isinstance(b, dt.timedelta):
        return _moved(a, -b)
    return _distance(a, b)


def _distance(a: Any, b: Any) -> dt.timedelta | None:
    if isinstance(a, dt.date) and isinstance(b, dt.date):
        x, y = _moment(a, b), _moment(b, a)
        if (x.tzinfo is None) != (y.tzinfo is None):
            return None
        return _elapsed(x, y)
    if isinstance(a, dt.time) and isinstance(b, dt.time):
        if (a.tzinfo is None) != (b.tzinfo is None):
            return None
        seconds = temporal.seconds_of(a) - temporal.seconds_of(b)
        return dt.timedelta(microseconds=int(seconds * 1_000_000))
    return None


def _elapsed(x: dt.datetime, y: dt.datetime) -> dt.timedelta | None:
    try:
        return x - y if x.tzinfo is None else x.astimezone(dt.UTC) - y.astimezone(dt.UTC)
    except OverflowError:
        return None


def _moment(value: dt.date, other: dt.date) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    zone = dt.UTC if isinstance(other, dt.datetime) and other.tzinfo else None
    return dt.datetime(value.year, value.month, value.day, tzinfo=zone)


def multiply(a: Any, b: Any) -> Any:
    kind, other = a.__class__, b.__class__
    if kind in NUMBERS and other in NUMBERS:
        return checked(a * b if kind is other is int else CONTEXT.multiply(a, b))
    if kind in NUMBERS:
        a, b, other = b, a, kind
    return _scaled(a, lambda size: CONTEXT.multiply(size, b)) if other in NUMBERS else None


def _scaled(value: Any, change: Callable[[Decimal], Decimal]) -> Any:
    if value.__class__ is YearsMonths:
        months = change(Decimal(value.months))
        return YearsMonths(int(months)) if months.is_finite() and abs(months) < 10**12 else None
    if isinstance(value, dt.timedelta):
        micro = change(Decimal(value // _MICRO))
        try:
            return dt.timedelta(microseconds=int(micro))
        except (OverflowError, ValueError):
            return None
    return None


def divide(a: Any, b: Any) -> Any:
    kind, other = a.__class__, b.__class__
    if other in NUMBERS:
        if not b:
            return None
        if kind in NUMBERS:
            return checked(CONTEXT.divide(a, b))
        return _scaled(a, lambda size: CONTEXT.divide(size, b))
    if kind is other is YearsMonths:
        return checked(CONTEXT.divide(a.months, b.months)) if b.months else None
    if isinstance(a, dt.timedelta) and isinstance(b, dt.timedelta):
        return checked(CONTEXT.divide(a // _MICRO, b // _MICRO)) if b else None
    return None


def power(a: Any, b: Any) -> Any:
    if a.__class__ not in NUMBERS or b.__class__ not in NUMBERS:
        return None
    if a.__class__ is int and b.__class__ is int and 0 <= b <= 64 and abs(a) <= 9:
        return checked(a**b)
    return checked(CONTEXT.power(a, b))


def modulo(a: Any, b: Any) -> Any:
    """`a - b * floor(a / b)`: the sign follows the divisor."""
    if a.__class__ not in NUMBERS or b.__class__ not in NUMBERS or not b:
        return None
    if a.__class__ is int and b.__class__ is int:
        return a % b
    rest = CONTEXT.remainder(a, b)
    if rest.is_nan():
        return None
    if rest and (rest < 0) != (b < 0):
        rest = CONTEXT.add(rest, b)
    return checked(rest)


def negate(value: Any) -> Any:
    if value.__class__ in NUMBERS:
        # Python's own minus would round to the digits of the thread's context
        return -value if value.__class__ is int else CONTEXT.minus(value)
    if value.__class__ is YearsMonths:
        return YearsMonths(-value.months)
    if not isinstance(value, dt.timedelta):
        return None
    try:
        return -value
    except OverflowError:
        return None


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
    "mod": modulo,
}
