"""Dates, times and durations: text to value and back."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.feel.values import YearsMonths

_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = (
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?:(?P<utc>Z|z)|(?P<sign>[+-])(?P<zh>\d\d):(?P<zm>\d\d)(?::(?P<zs>\d\d))?"
    r"|@(?P<zone>[A-Za-z][A-Za-z0-9_+\-/]*))?"
)
_DATE_PATTERN = re.compile(_DATE, re.ASCII)
_TIME_PATTERN = re.compile(_TIME, re.ASCII)
_DATETIME_PATTERN = re.compile(_DATE + "T" + _TIME, re.ASCII)
_MONTHS = re.compile(r"(-)?P(?:(\d{1,10})Y)?(?:(\d{1,10})M)?", re.ASCII)
_SECONDS = re.compile(
    r"(-)?P(?:(\d{1,16})D)?(?:(T)(?:(\d{1,16})H)?(?:(\d{1,16})M)?(?:(\d{1,16})(?:\.(\d+))?S)?)?",
    re.ASCII,
)
_MAX_OFFSET = 18 * 3600
EPOCH = dt.date(1970, 1, 1)


def parse(text: str) -> Any:
    """The value of `@"…"`: a date, time, date and time or duration; None when it is none."""
    if text.startswith(("P", "-P")):
        return duration(text)
    if "T" in text:
        return date_and_time(text)
    if ":" in text.split("@")[0]:
        return time(text)
    return date(text)


def looks_wrong(text: str) -> bool:
    """Whether `text` does not even have the form of a temporal value (then it is a mistake)."""
    forms = (_DATE_PATTERN, _TIME_PATTERN, _DATETIME_PATTERN, _MONTHS, _SECONDS)
    return not any(form.fullmatch(text) for form in forms)


def date(text: str) -> dt.date | None:
    found = _DATE_PATTERN.fullmatch(text)
    return _date(found) if found else None


def _date(found: re.Match[str]) -> dt.date | None:
    return make_date(int(found["year"]), int(found["month"]), int(found["day"]))


def make_date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except (ValueError, OverflowError):
        return None


def time(text: str) -> dt.time | None:
    found = _TIME_PATTERN.fullmatch(text)
    return _time(found) if found else None


def _time(found: re.Match[str]) -> dt.time | None:
    zone = _zone(found)
    if zone is False:
        return None
    micro = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return dt.time(int(found["hour"]), int(found["minute"]), int(found["second"]), micro, zone)
    except ValueError:
        return None


def _zone(found: re.Match[str]) -> Any:
    if found["utc"]:
        return dt.UTC
    if found["zone"]:
        return named_zone(found["zone"]) or False
    if not found["sign"]:
        return None
    minutes, seconds = int(found["zm"]), int(found["zs"] or 0)
    if minutes > 59 or seconds > 59:
        return False
    total = int(found["zh"]) * 3600 + minutes * 60 + seconds
    return offset_zone(-total if found["sign"] == "-" else total) or False


def offset_zone(seconds: int) -> dt.tzinfo | None:
    """The fixed zone `seconds` east of UTC; None beyond 18 hours."""
    if abs(seconds) > _MAX_OFFSET:
        return None
    return dt.timezone(dt.timedelta(seconds=seconds)) if seconds else dt.UTC


@lru_cache(maxsize=256)
def named_zone(name: str) -> dt.tzinfo | None:
    """The zone of the time zone database; None when there is none of that name."""
    if name in ("Z", "UTC", "Etc/UTC"):
        return ZoneInfo("Etc/UTC") if name == "Etc/UTC" else dt.UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def date_and_time(text: str) -> dt.datetime | None:
    found = _DATETIME_PATTERN.fullmatch(text)
    if not found:
        day = date(text)
        return dt.datetime(day.year, day.month, day.day) if day else None
    day, moment = _date(found), _time(found)
    return combined(day, moment) if day and moment else None


def combined(day: dt.date, moment: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, moment)


def duration(text: str) -> YearsMonths | dt.timedelta | None:
    """Years and months, or days and time; None for a mixture, for nothing, or beyond range."""
    if text.endswith(("P", "T")):
        return None
    found = _MONTHS.fullmatch(text)
    if found:
        months = int(found[2] or 0) * 12 + int(found[3] or 0)
        return YearsMonths(-months if found[1] else months)
    found = _SECONDS.fullmatch(text)
    if not found:
        return None
    whole = int(found[4] or 0) * 3600 + int(found[5] or 0) * 60 + int(found[6] or 0)
    micro = int((found[7] or "0")[:6].ljust(6, "0"))
    return make_seconds(int(found[2] or 0), whole, micro, bool(found[1]))


def make_seconds(days: int, seconds: int, micro: int, negative: bool) -> dt.timedelta | None:
    try:
        value = dt.timedelta(days=days, seconds=seconds, microseconds=micro)
        return -value if negative else value
    except OverflowError:
        return None


def offset_of(moment: dt.time | dt.datetime) -> dt.timedelta | None:
    """The distance from UTC; a time in a named zone takes that of an ordinary winter day."""
    zone = moment.tzinfo
    if zone is None:
        return None
    if isinstance(moment, dt.datetime):
        return moment.utcoffset()
    return zone.utcoffset(dt.datetime.combine(EPOCH, moment.replace(tzinfo=None)))


def seconds_of(moment: dt.time) -> Decimal:
    """Seconds since midnight, moved to UTC when a zone is known."""
    total = moment.hour * 3600 + moment.minute * 60 + moment.second
    offset = offset_of(moment)
    if offset is not None:
        total -= int(offset.total_seconds())
    return Decimal(total) + Decimal(moment.microsecond) / 1_000_000


def write(value: Any) -> str:
    """The text FEEL shows for a temporal value."""
    if isinstance(value, dt.datetime):
        return write_date(value) + "T" + _write_time(value)
    if isinstance(value, dt.date):
        return write_date(value)
    if isinstance(value, dt.time):
        return _write_time(value)
    return str(value) if isinstance(value, YearsMonths) else _write_duration(value)


def write_date(day: dt.date) -> str:
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def _write_time(moment: dt.time | dt.datetime) -> str:
    text = f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"
    text += _fraction(moment.microsecond)
    zone = moment.tzinfo
    if isinstance(zone, ZoneInfo):
        return f"{text}@{zone.key}"
    offset = offset_of(moment)
    return text if offset is None else text + write_offset(int(offset.total_seconds()))


def write_offset(seconds: int) -> str:
    if not seconds:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    text = f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"
    return text + (f":{left:02d}" if left else "")


def _fraction(micro: int) -> str:
    return f".{micro:06d}".rstrip("0") if micro else ""


def _write_duration(value: dt.timedelta) -> str:
    sign = "-" if value < dt.timedelta(0) else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = _fraction(value.microseconds)
    time_part = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        time_part += f"{seconds}{fraction}S"
    days = f"{value.days}D" if value.days else ""
    if not days and not time_part:
        return "PT0S"
    return f"{sign}P{days}" + (f"T{time_part}" if time_part else "")
