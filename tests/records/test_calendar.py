"""Working time: weekends, holidays, worked weekends; and FEEL over it."""

import datetime as dt

import pytest

from app import feel
from app.records import calendar
from app.records.errors import RecordError

TUESDAY = dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC)  # 09:00 in Shanghai


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_spring_festival_is_off_and_its_saturday_worked(demo):
    assert not calendar.is_work_day(dt.date(2026, 2, 16))
    assert calendar.is_work_day(dt.date(2026, 2, 14))  # a Saturday
    assert not calendar.is_work_day(dt.date(2026, 3, 14))


def test_work_days_between_two_dates(demo):
    assert calendar.work_days(dt.date(2026, 2, 10), dt.date(2026, 3, 1)) == 9
    assert calendar.work_days(dt.date(2026, 3, 1), dt.date(2026, 2, 10)) == -9
    assert calendar.work_days(dt.date(2026, 3, 10), dt.date(2026, 3, 10)) == 0


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-10T01:00", 4, "2026-03-10T05:00"),
        ("2026-03-10T01:00", 9, "2026-03-10T10:00"),
        ("2026-03-10T08:00", 4, "2026-03-11T03:00"),
        ("2026-03-13T09:00", 4, "2026-03-16T04:00"),  # Friday afternoon to Monday
        ("2026-03-14T03:00", 1, "2026-03-16T02:00"),  # begun on a Saturday
        ("2026-03-10T20:00", 1, "2026-03-11T02:00"),  # begun at night
        ("2026-03-10T01:00", 0, "2026-03-10T01:00"),
    ],
)
def test_working_time_goes_on_only_while_the_company_is_open(demo, start, hours, end):
    assert calendar.add_working_time(utc(start), dt.timedelta(hours=hours)) == utc(end)
    if hours:
        assert calendar.working_time(utc(start), utc(end)) == dt.timedelta(hours=hours)


def test_round_the_clock_counts_every_hour(demo):
    end = calendar.add_working_time(TUESDAY, dt.timedelta(hours=100), "CAL-7x24")
    assert end == TUESDAY + dt.timedelta(hours=100)


def test_work_days_keep_the_time_of_day(demo):
    assert calendar.add_work_days(TUESDAY, 4) == TUESDAY + dt.timedelta(days=6)
    assert calendar.add_work_days(TUESDAY, 0) == TUESDAY


def test_an_unknown_calendar_and_an_endless_span_are_refused(demo):
    with pytest.raises(RecordError):
        calendar.add_work_days(TUESDAY, 1, "CAL-MOON")
    with pytest.raises(RecordError):
        calendar.add_working_time(TUESDAY, dt.timedelta(days=9_000))
    with pytest.raises(RecordError):
        calendar.add_work_days(TUESDAY, 100_000)


def test_feel_knows_the_calendar(demo):
    expression = feel.compile('work days(date("2026-02-10"), date("2026-03-01"))')
    assert expression({}) == 9
    later = feel.compile('add working time(at, duration("PT4H"), "CAL-5x9")')
    assert later({"at": utc("2026-03-10T08:00")}) == utc("2026-03-11T03:00")
    assert feel.compile("add work days(at, 4)")({"at": TUESDAY}) == TUESDAY + dt.timedelta(days=6)
