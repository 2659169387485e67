"""ISO 8601 and cron: the same answer on every day of the year."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.engine import schedule

NOW = datetime(2026, 1, 31, 8, 0, 30, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("PT1H30M", "2026-01-31T09:30:30"),
        ("P1M", "2026-02-28T08:00:30"),
        ("P1Y2M", "2027-03-31T08:00:30"),
        ("P2W", "2026-02-14T08:00:30"),
        ("PT0.5S", "2026-01-31T08:00:30.500000"),
        ("P1DT12H", "2026-02-01T20:00:30"),
        ("-P1D", "2026-01-30T08:00:30"),
        ("PT0S", "2026-01-31T08:00:30"),
    ],
)
def test_durations(text: str, due: str):
    assert schedule.first("timeDuration", text, NOW)[0].replace(
        tzinfo=None
    ) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    "text",
    [
        "P",
        "PT",
        "1H",
        "P1H",
        "PT1D",
        "P9999Y",
        "P1D2H",
        "",
        "soon",
        "__import__('os')",
        "P999999999999D",
    ],
)
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError):
        schedule.first("timeDuration", text, NOW)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-03-01", "2026-03-01T00:00:00"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00"),
        ("2026-03-01T10:00:00+08:00", "2026-03-01T02:00:00"),
        ("1970-01-01", "1970-01-01T00:00:00"),
    ],
)
def test_dates(text: str, due: str):
    assert schedule.first("timeDate", text, NOW)[0].replace(tzinfo=None) == datetime.fromisoformat(
        due
    )


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "tomorrow", "2026"])
def test_what_is_no_date(text: str):
    with pytest.raises(ValueError):
        schedule.first("timeDate", text, NOW)


def times(text: str, count: int) -> list[datetime]:
    due, rest = schedule.first("timeCycle", text, NOW)
    found = [due]
    while len(found) < count:
        after = schedule.following(rest, found[-1])
        if after is None:
            break
        found.append(after[0])
        rest = after[1]
    return found


def test_a_cycle_ends_after_its_count():
    assert times("R3/PT10M", 9) == [NOW + timedelta(minutes=n) for n in (10, 20, 30)]
    assert len(times("R/PT10M", 9)) == 9


def test_a_cycle_may_have_a_beginning_or_an_end():
    assert times("R2/2026-02-01T00:00:00Z/P1D", 9)[-1] == datetime(2026, 2, 2, tzinfo=UTC)
    assert len(times("R/P1D/2026-02-03T09:00:00Z", 9)) == 3


def test_a_cycle_without_pause_takes_a_second():
    assert times("R/PT0S", 3)[2] - times("R/PT0S", 3)[1] == timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "R",
        "R/",
        "R0/PT1H",
        "R/1H",
        "Rx/PT1H",
        "R/PT1H/PT1H/PT1H",
        "0 99 * * * ?",
        "0 0 8 30 2 ?",
        "* * *",
        "a b c d e f",
    ],
)
def test_what_is_no_cycle(text: str):
    with pytest.raises(ValueError):
        schedule.first("timeCycle", text, NOW)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("0 0/5 * * * ?", "2026-01-31T08:05:00"),
        ("0 0 8 ? * MON", "2026-02-02T08:00:00"),
        ("0 0 8 ? * 2", "2026-02-02T08:00:00"),
        ("0 0 9 ? * FRI-MON", "2026-01-31T09:00:00"),
        ("0 0 8 L * ?", "2026-02-28T08:00:00"),
        ("0 0 9 ? * 2#1", "2026-02-02T09:00:00"),
        ("0 0 9 ? * 6L", "2026-02-27T09:00:00"),
        ("0 0 9 1W * ?", "2026-02-02T09:00:00"),
        ("0 0 9 1 1 ? 2028", "2028-01-01T09:00:00"),
        ("0 8 * * 1-5", "2026-02-02T08:00:00"),
        ("30 9 29 2 *", "2028-02-29T09:30:00"),
        ("0 0 1 * 0", "2026-02-01T00:00:00"),
        ("0 0 12 1,15 MAR,SEP ?", "2026-03-01T12:00:00"),
    ],
)
def test_cron(text: str, due: str):
    assert schedule.cron(text, NOW).replace(tzinfo=None) == datetime.fromisoformat(due)


def test_a_time_without_zone_is_in_the_zone_of_now():
    shanghai = timezone(timedelta(hours=8))
    assert schedule.moment("2026-03-01T09:00", NOW.astimezone(shanghai)) == datetime(
        2026, 3, 1, 1, tzinfo=UTC
    )
