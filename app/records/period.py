"""Accounting months: which one a day belongs to, and whether it is closed (051-01-03)."""

import calendar
import datetime as dt

import sqlalchemy as sa

from app.db import db
from app.records.report_snapshot import ReportSnapshot

CLOSING = "account_month"  # the report whose publication closes a month


def of(day: dt.date) -> str:
    """The month of a day: 2026-03."""
    return f"{day:%Y-%m}"


def before(day: dt.date) -> str:
    """The month before the one of a day."""
    return of(day.replace(day=1) - dt.timedelta(days=1))


def first(period: str) -> dt.date:
    """The first day of a month."""
    return dt.date(int(period[:4]), int(period[5:7]), 1)


def last(period: str) -> dt.date:
    """The last day of a month."""
    day = first(period)
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def is_closed(day: dt.date) -> bool:
    """Were the accounts of the day's month published? Nothing is booked into it any more."""
    query = sa.select(ReportSnapshot.id).where(
        ReportSnapshot.report == CLOSING, ReportSnapshot.period == of(day)
    )
    return db.session.scalar(query.limit(1)) is not None


def first_open(day: dt.date) -> dt.date:
    """The day itself, or the first day of the next month that is open."""
    while is_closed(day):
        day = last(of(day)) + dt.timedelta(days=1)
    return day
