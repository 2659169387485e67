"""Functions that make dates, times and durations or tell something about them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app.feel import clock
from app.feel import temporal as values
from app.feel.builtins.registry import builtin
from app.feel.values import YearsMonths

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@builtin("date", "from:s | from:D | year:i, month:i, day:i")
def date(*parts: Any) -> dt.date | None:
    if len(parts) == 3:
        return values.make_date(*map(int, parts))
    if isinstance(parts[0], str):
        return values.date(parts[0])
    return parts[0].date() if isinstance(parts[0], dt.datetime) else parts[0]


@builtin("time", "from:s | from:T | hour:n, minute:n, second:n, offset?:a")
def time(*parts: Any) -> dt.time | None:
    if len(parts) > 1:
        offset = parts[3] if len(parts) > 3 else None
        if offset is not None and not isinstance(offset, dt.timedelta):
            return None
        zone = None if offset is None else values.offset_zone(int(offset.total_seconds()))
        if offset is not None and zone is None:
            return None
        return _clock_time(parts[0], parts[1], parts[2], zone)
    value = parts[0]
    if isinstance(value, str):
        return values.time(value)
    if isinstance(value, dt.datetime):
        return value.timetz()
    return value if isinstance(value, dt.time) else dt.time(tzinfo=dt.UTC)


def _clock_time(hour: Any, minute: Any, second: Any, zone: Any) -> dt.time | None:
    if hour != int(hour) or minute != int(minute):
        return None
    whole = int(second)
    micro = int((Decimal(second) - whole) * 1_000_000)
    return dt.time(int(hour), int(minute), whole, micro, zone)


@builtin(
    "date and time",
    "from:s | from:D | date:D, time:t"
    " | year:i, month:i, day:i, hour:i, minute:i, second:n"
    " | year:i, month:i, day:i, hour:i, minute:i, second:n, offset:u"
    " | year:i, month:i, day:i, hour:i, minute:i, second:n, timezone:s"
    " | date:D, timezone:s",
)
def date_and_time(*parts: Any) -> dt.datetime | None:
    if len(parts) >= 6:
        return _from_parts(*parts)
    value = parts[0]
    if len(parts) == 2:
        if isinstance(parts[1], str):
            zone = values.named_zone(parts[1])
            local = isinstance(value, dt.datetime) and value.tzinfo and zone
            return value.astimezone(zone) if local else None
        return dt.datetime.combine(dt.date(value.year, value.month, value.day), parts[1])
    if isinstance(value, str):
        return values.date_and_time(value)
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())


def _from_parts(
    year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, place: Any = None
) -> dt.datetime | None:
    zone: Any = None
    if isinstance(place, str):
        zone = values.named_zone(place)
    elif isinstance(place, dt.timedelta):
        zone = values.offset_zone(int(place.total_seconds()))
    if place is not None and zone is None:
        return None
    moment = _clock_time(hour, minute, second, zone)
    start = values.make_date(int(year), int(month), int(day))
    return values.combined(start, moment) if start and moment else None


@builtin("duration", "from:s | from:u")
def duration(value: Any) -> Any:
    return values.duration(value) if isinstance(value, str) else value


@builtin("years and months duration", "from:D, to:D")
def years_and_months_duration(start: dt.date, end: dt.date) -> YearsMonths:
    """The whole months from one date to another."""
    if _instant(end) < _instant(start):
        return YearsMonths(-_whole_months(end, start))
    return YearsMonths(_whole_months(start, end))


def _whole_months(start: dt.date, end: dt.date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    early = (end.day, _face(end)) < (start.day, _face(start))
    return months - 1 if early else months


def _face(value: dt.date) -> dt.time:
    return value.time() if isinstance(value, dt.datetime) else dt.time()


def _instant(value: dt.date) -> tuple[int, int, int, dt.time]:
    return value.year, value.month, value.day, _face(value)


@builtin("now", "")
def now() -> dt.datetime:
    return clock.now()


@builtin("today", "")
def today() -> dt.date:
    return clock.now().date()


@builtin("day of week", "date:D")
def day_of_week(day: dt.date) -> str:
    return _DAYS[day.weekday()]


@builtin("day of year", "date:D")
def day_of_year(day: dt.date) -> int:
    return day.timetuple().tm_yday


@builtin("month of year", "date:D")
def month_of_year(day: dt.date) -> str:
    return _MONTHS[day.month - 1]


@builtin("week of year", "date:D")
def week_of_year(day: dt.date) -> int:
    return day.isocalendar()[1]


@builtin("last day of month", "date:D")
def last_day_of_month(day: dt.date) -> dt.date:
    import calendar

    return dt.date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
