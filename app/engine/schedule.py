"""When is something due? ISO 8601 dates, durations, repeating intervals, and cron. Knows no clock:
the time is an argument.

All times are aware. A date without zone is in the given time's zone.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

SHORTEST = timedelta(seconds=1)  # between two firings of a cycle
FARTHEST = 100  # years
_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_CYCLE = re.compile(r"R(\d*)/(.+)")
_CLOCKED = ("weeks", "days", "hours", "minutes", "seconds")


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration: months by the calendar, the rest by the clock."""

    months: int
    rest: timedelta

    def after(self, start: datetime) -> datetime:
        """`start` and this duration; the 31st plus a month is that month's last day. ValueError
        beyond 100 years.
        """
        months = start.month - 1 + self.months
        year, month = start.year + months // 12, months % 12 + 1
        if (
            not start.year - FARTHEST <= year <= start.year + FARTHEST
            or abs(self.rest.days) > FARTHEST * 366
        ):
            raise ValueError(f"more than {FARTHEST} years away")
        day = min(start.day, calendar.monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day) + self.rest


def duration(text: str) -> Duration:
    """`P1DT2H` and the like; ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.group(name) for name in ("years", "months", *_CLOCKED)):
        raise ValueError(f"'{text}' is not an ISO 8601 duration")
    sign = -1 if found["sign"] else 1
    months = 12 * int(found["years"] or 0) + int(found["months"] or 0)
    try:
        clocked = timedelta(
            **{name: float((found[name] or "0").replace(",", ".")) for name in _CLOCKED}
        )
    except OverflowError:
        raise ValueError(f"'{text}' is too long") from None
    return Duration(sign * months, sign * clocked)


def moment(value: Any, now: datetime) -> datetime:
    """A time, a date (its beginning), an ISO text of either, or a duration from `now`; ValueError
    for anything else.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=now.tzinfo)
    if isinstance(value, date):
        return datetime.combine(value, time(), now.tzinfo)
    if isinstance(value, timedelta):
        return now + value
    text = str(value).strip()
    if text.lstrip("-").startswith("P"):
        return duration(text).after(now)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return datetime.combine(date.fromisoformat(text), time(), now.tzinfo)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def first(kind: str, value: Any, now: datetime) -> tuple[datetime, dict[str, Any] | None]:
    """When a timer is due first, and how it goes on (None: it does not).

    `kind` is timeDate, timeDuration or timeCycle. A cycle is `R3/PT1H`,
    `R/2026-01-01T00:00:00Z/P1D` or cron. ValueError when the value is none of these.
    """
    if kind == "timeDate" or not isinstance(value, str):
        return moment(value, now).astimezone(UTC), None
    text = value.strip()
    if text.lstrip("-").startswith("P"):
        return duration(text).after(now).astimezone(UTC), None
    if kind == "timeDuration":
        raise ValueError(f"'{text}' is not an ISO 8601 duration")
    return (
        _cycle(text, now)
        if text.startswith("R")
        else (cron(text, now).astimezone(UTC), {"cron": text})
    )


def counts(kind: str, value: Any) -> bool:
    """Is `first` counted from now (a duration, a cycle without a beginning), or is it a date, whose
    moment the clock on the wall decides?"""
    if isinstance(value, timedelta):
        return True
    text = str(value).strip()
    if text.startswith("R") and kind != "timeDate":
        parts = text.split("/")[1:]
        return bool(parts) and parts[0].startswith("P")
    return text.lstrip("-").startswith("P")


def _cycle(text: str, now: datetime) -> tuple[datetime, dict[str, Any]]:
    found = _CYCLE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not a repeating interval such as R3/PT10M")
    times, parts = found[1], found[2].split("/")
    if len(parts) > 2 or times == "0":
        raise ValueError(f"'{text}' is not a repeating interval such as R3/PT10M")
    every, end = parts[-1], None
    if len(parts) == 2 and parts[0].startswith("P"):
        every, end = parts[0], moment(parts[1], now)
        due = duration(every).after(now)
    elif len(parts) == 2:
        due = moment(parts[0], now)
    else:
        due = duration(every).after(now)
    duration(every)
    rest: dict[str, Any] = {"every": every, "left": int(times) - 1 if times else None}
    if end is not None:
        rest["end"] = end.isoformat()
    return due.astimezone(UTC), rest


def following(
    rest: dict[str, Any] | None, due: datetime
) -> tuple[datetime, dict[str, Any] | None] | None:
    """The time after `due` with what is left of the cycle; None when `due` was the last.

    Never less than a second after `due`.
    """
    if rest is None or rest.get("left") == 0:
        return None
    if "cron" in rest:
        return cron(rest["cron"], due).astimezone(UTC), rest
    after = max(duration(rest["every"]).after(due), due + SHORTEST).astimezone(UTC)
    if "end" in rest and after > datetime.fromisoformat(rest["end"]):
        return None
    left = rest["left"]
    return after, {**rest, "left": None if left is None else left - 1}


# cron: `second minute hour day-of-month month day-of-week [year]` as Camunda 7 (Quartz) reads
# it, or the five fields of Unix

_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DAYS = {name: number for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}
_MONTHS = {
    name: number + 1
    for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())
}
_NAMES = {**_DAYS, **_MONTHS}


def cron(text: str, after: datetime) -> datetime:
    """The next time after `after` that the expression names; ValueError when it is none, or never
    happens.
    """
    parts = text.upper().split()
    quartz = len(parts) in (6, 7)
    if not quartz and len(parts) != 5:
        raise ValueError(f"'{text}' is not a cron expression")
    fields = parts[:6] if quartz else ["0", *parts]
    years = _field(parts[6], 1970, 2199) if len(parts) == 7 and parts[6] != "*" else None
    second, minute, hour, month = (_field(fields[n], *_RANGES[n]) for n in (0, 1, 2, 4))
    fits = _day_test(fields[3], fields[5], quartz)
    at = after.replace(microsecond=0) + timedelta(seconds=1)
    last = after.year + 12
    while at.year <= last:
        if at.month not in month or (years is not None and at.year not in years):
            at = _next_month(at)
        elif not fits(at):
            at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        elif at.hour not in hour:
            at = at.replace(minute=0, second=0) + timedelta(hours=1)
        elif at.minute not in minute:
            at = at.replace(second=0) + timedelta(minutes=1)
        elif at.second not in second:
            at += timedelta(seconds=1)
        else:
            return at
    raise ValueError(f"'{text}' never happens")


def _next_month(at: datetime) -> datetime:
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return at.replace(year=year, month=month, day=1, hour=0, minute=0, second=0)


def _day_test(day: str, weekday: str, quartz: bool) -> Any:
    """Does a day fit? Unix cron takes either field when both are given, Quartz has `?` in one of
    them.
    """
    free = {"*", "?"}
    by_day = _day_of_month(day)
    by_weekday = _day_of_week(weekday, quartz)
    if day in free or weekday in free or quartz:
        return lambda at: by_day(at) and by_weekday(at)
    return lambda at: by_day(at) or by_weekday(at)


def _day_of_month(text: str) -> Any:
    if text == "L":
        return lambda at: at.day == calendar.monthrange(at.year, at.month)[1]
    if text.endswith("W"):
        wanted = int(text[:-1])
        return lambda at: at.day == _nearest_weekday(at, wanted)
    days = _field(text, 1, 31)
    return lambda at: at.day in days


def _nearest_weekday(at: datetime, wanted: int) -> int:
    last = calendar.monthrange(at.year, at.month)[1]
    day = min(wanted, last)
    weekday = at.replace(day=day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _day_of_week(text: str, quartz: bool) -> Any:
    shift = 1 if quartz else 0  # Quartz: 1 = Sunday; Unix: 0 and 7 = Sunday
    if "#" in text:
        day, _, which = text.partition("#")
        number = _weekday(day, shift)
        return lambda at: _sunday_first(at) == number and (at.day - 1) // 7 + 1 == int(which)
    if text.endswith("L") and len(text) > 1:
        number = _weekday(text[:-1], shift)
        return lambda at: (
            _sunday_first(at) == number and at.day + 7 > calendar.monthrange(at.year, at.month)[1]
        )
    if text == "L":
        return lambda at: _sunday_first(at) == 6
    days = {value % 7 for value in _field(text, 0, 7, shift)}
    return lambda at: _sunday_first(at) in days


def _weekday(text: str, shift: int) -> int:
    return _DAYS[text] if text in _DAYS else (int(text) - shift) % 7


def _sunday_first(at: datetime) -> int:
    return (at.weekday() + 1) % 7


def _field(text: str, low: int, high: int, shift: int = 0) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        begin, dash, end = span.partition("-")
        if span in ("*", "?"):
            start, stop = low, high
        else:
            start = _number(begin, shift)
            stop = _number(end, shift) if dash else high if slash else start
        if (
            not low - shift <= start <= high
            or not low - shift <= stop <= high
            or (slash and int(step) < 1)
        ):
            raise ValueError(f"'{text}' is not a field of a cron expression")
        if stop < start:  # FRI-MON, NOV-FEB
            values.update(range(start, high + 1, int(step or 1)))
            start = low
        values.update(range(start, stop + 1, int(step or 1)))
    return values


def _number(text: str, shift: int) -> int:
    return _NAMES[text] if text in _NAMES else int(text) - shift
