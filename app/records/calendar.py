"""Working time: CAL-5x9 (Monday to Friday 09:00-18:00, less holidays) and CAL-7x24 (every hour).

Holidays and the working weekends that make up for them (调休) are data. FEEL knows `work days`,
`add work days` and `add working time` from here (conventions §8).
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from app import feel
from app.db import db
from app.i18n import _
from app.records import fields
from app.records.errors import RecordError
from app.records.record import Line, Record

OFFICE, ROUND_THE_CLOCK = "CAL-5x9", "CAL-7x24"
OPENS, CLOSES = dt.time(9), dt.time(18)
FURTHEST = 3700  # days that a computation may walk; ten years


class CalendarDay(Line, db.Model):
    """A day that is not what its weekday says: a holiday, or a weekend that is worked."""

    __tablename__ = "calendar_day"
    record = Record(
        "工作日历", area="base", title="name", sight="open", icon="calendar",
        columns=("on", "calendar", "kind", "name"), filters=("calendar", "kind"),
        search=("name",), sort="-on",
    )  # fmt: skip
    __rules__ = (sa.UniqueConstraint("workspace_id", "calendar", "on", name="uq_calendar_day_on"),)
    calendar: Mapped[str] = fields.text("日历", 20, required=True, default=OFFICE)
    on: Mapped[dt.date] = fields.day("日期", required=True)
    kind: Mapped[str] = fields.choice("性质", ("休息", "上班"), required=True)
    name: Mapped[str] = mapped_column(sa.String(60), info={"label": "名称", "format": "text"})


def zone() -> ZoneInfo:
    """The zone in which the company opens and closes."""
    return ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])


def is_work_day(day: dt.date, calendar: str = OFFICE) -> bool:
    """Is the company at work on that day?"""
    return _works(day, _exceptions(calendar, day, day), calendar)


def work_days(start: dt.date, end: dt.date, calendar: str = OFFICE) -> int:
    """How many days of work lie after `start` up to and with `end`; negative when end is first."""
    if end < start:
        return -work_days(end, start, calendar)
    known = _exceptions(calendar, start, end)
    days = (end - start).days
    if days > FURTHEST:
        raise _too_far()
    return sum(_works(start + dt.timedelta(n), known, calendar) for n in range(1, days + 1))


def add_work_days(start: dt.datetime, days: int, calendar: str = OFFICE) -> dt.datetime:
    """The same time of day, `days` days of work later."""
    here = start.astimezone(zone())
    day = here.date()
    if days > 0:
        following = itertools.islice(_days_after(day, calendar), days - 1, days)
        day = next(following, None) or _refuse_range()
    return dt.datetime.combine(day, here.timetz().replace(tzinfo=None), zone()).astimezone(dt.UTC)


def add_working_time(
    start: dt.datetime, duration: dt.timedelta, calendar: str = OFFICE
) -> dt.datetime:
    """The moment at which `duration` of working time has passed since `start`, in UTC."""
    _known(calendar)
    if calendar == ROUND_THE_CLOCK or duration <= dt.timedelta():
        return (start + duration).astimezone(dt.UTC)
    left = duration
    for opens, closes in _hours(start, calendar):
        here = closes - opens
        if left <= here:
            return opens + left
        left -= here
    raise _too_far()


def working_time(start: dt.datetime, end: dt.datetime, calendar: str = OFFICE) -> dt.timedelta:
    """The working time between two moments; nothing when the end is not later."""
    _known(calendar)
    if end <= start:
        return dt.timedelta()
    if calendar == ROUND_THE_CLOCK:
        return end - start
    total = dt.timedelta()
    for opens, closes in _hours(start, calendar):
        if opens >= end:
            return total
        total += min(closes, end) - opens
    raise _too_far()


def _hours(start: dt.datetime, calendar: str) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Opening hours from `start` on, in UTC."""
    first = start.astimezone(zone()).date()
    for day in _days_after(first - dt.timedelta(1), calendar):
        opens = dt.datetime.combine(day, OPENS, zone()).astimezone(dt.UTC)
        closes = dt.datetime.combine(day, CLOSES, zone()).astimezone(dt.UTC)
        if closes > start:
            yield max(opens, start.astimezone(dt.UTC)), closes


def _days_after(day: dt.date, calendar: str) -> Iterator[dt.date]:
    """The days of work after `day`, at most ten years of them."""
    known = _exceptions(calendar, day, day + dt.timedelta(FURTHEST))
    for _step in range(FURTHEST):
        day += dt.timedelta(1)
        if _works(day, known, calendar):
            yield day


def _works(day: dt.date, known: Mapping[dt.date, str], calendar: str) -> bool:
    if calendar == ROUND_THE_CLOCK:
        return True
    return known[day] == "上班" if day in known else day.weekday() < 5


def _exceptions(calendar: str, first: dt.date, last: dt.date) -> dict[dt.date, str]:
    _known(calendar)
    query = sa.select(CalendarDay.on, CalendarDay.kind).where(
        CalendarDay.calendar == calendar, CalendarDay.on.between(first, last)
    )
    return dict(db.session.execute(query).all())


def _known(calendar: str) -> None:
    if calendar not in (OFFICE, ROUND_THE_CLOCK):
        raise RecordError("E_UNKNOWN_CALENDAR", _("没有日历 %(name)s。", name=calendar))


def _refuse_range() -> dt.date:
    raise _too_far()


def _too_far() -> RecordError:
    return RecordError("E_CALENDAR_RANGE", _("工作时间超出了日历可计算的十年范围。"))


def _feel_work_days(start: dt.date, end: dt.date, calendar: str | None = None) -> int:
    return work_days(_day(start), _day(end), calendar or OFFICE)


def _feel_add_days(start: dt.datetime, days: int, calendar: str | None = None) -> dt.datetime:
    return add_work_days(_moment(start), int(days), calendar or OFFICE)


def _feel_add_time(
    start: dt.datetime, duration: dt.timedelta, calendar: str | None = None
) -> dt.datetime:
    return add_working_time(_moment(start), duration, calendar or OFFICE)


def _day(value: dt.date) -> dt.date:
    return value.astimezone(zone()).date() if isinstance(value, dt.datetime) else value


def _moment(value: dt.date) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, OPENS, zone())
    return value if value.tzinfo else value.replace(tzinfo=zone())


def register() -> None:
    """FEEL expressions know the calendar from now on."""
    feel.register("work days", _feel_work_days, ("from", "to", "calendar?"))
    feel.register("add work days", _feel_add_days, ("from", "days", "calendar?"))
    feel.register("add working time", _feel_add_time, ("from", "duration", "calendar?"))
