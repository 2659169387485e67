"""Dates, times, zones and both kinds of durations."""

import datetime as dt

import pytest

from app import feel


@pytest.mark.parametrize(
    "text",
    [
        'date("2026-02-29")',
        'date("2026-1-1")',
        'time("24:00:00")',
        'time("10:00")',
        'date("2026-01-01T00:00:00")',
        'date and time("2026-01-01T25:00:00")',
        'duration("P1Y2D")',
        'duration("P")',
        'duration("PT")',
        'time("10:00:00@No/Where")',
        'time("10:00:00+19:00")',
        "date(2026, 13, 1)",
        "date(null)",
    ],
)
def test_what_is_no_moment_is_null(value, text):
    assert value(text) is None


def test_a_literal_that_is_no_moment_at_all_is_an_error(value):
    with pytest.raises(feel.FeelError) as caught:
        value('@"tomorrow"')
    assert caught.value.code == "literal"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('@"2026-01-31" + @"P1M"', dt.date(2026, 2, 28)),
        ('@"2024-02-29" - @"P1Y"', dt.date(2023, 2, 28)),
        ('@"2026-01-01" + @"PT25H"', dt.date(2026, 1, 2)),
        ('@"23:00:00" + @"PT2H"', dt.time(1)),
        (
            '@"2026-03-29T01:30:00@Europe/Berlin" + @"PT1H" = @"2026-03-29T03:30:00@Europe/Berlin"',
            True,
        ),
        ('@"2026-01-01T00:00:00" - @"2025-12-31T00:00:00"', dt.timedelta(1)),
        ('@"2026-01-01T00:00:00Z" - @"2025-12-31T00:00:00"', None),
        ('@"P1D" * 1.5', dt.timedelta(hours=36)),
        ('@"P2D" / @"PT12H"', 4),
        ('@"P1Y" / 2', feel.YearsMonths(6)),
        ('-@"P1Y"', feel.YearsMonths(-12)),
        ('@"PT36H".days', 1),
        ('@"-PT36H".hours', -12),
        ('@"P14M".years', 1),
        ('@"08:00:00+08:00".time offset', dt.timedelta(hours=8)),
        ('@"2026-01-31T10:11:12Z".second', 12),
        ('date(@"2026-01-31T10:00:00")', dt.date(2026, 1, 31)),
        ('time(8, 30, 0, @"PT8H")', dt.time(8, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))),
        ('string(@"PT90M")', "PT1H30M"),
        ('string(@"2026-01-31T10:00:00+08:00")', "2026-01-31T10:00:00+08:00"),
        ('years and months duration(@"2026-03-01", @"2025-01-15")', feel.YearsMonths(-13)),
        ('@"9999-12-31" + @"P1D"', None),
        ('month of year(@"2026-02-01")', "February"),
        ('is(@"10:00:00Z", @"10:00:00")', False),
    ],
)
def test_arithmetic_and_components(value, text, result):
    assert value(text) == result


def test_now_and_today_come_from_the_clock_that_was_given(value):
    moment = dt.datetime(2026, 1, 31, 23, 30, tzinfo=dt.UTC)
    feel.use_clock(lambda: moment)
    try:
        assert value("now()") == moment
        assert value("today()") == moment.date()
    finally:
        feel.use_clock(None)
