"""Functions of the platform are registered, called like the others, and cannot replace them."""

import pytest

from app import feel


@pytest.fixture
def work_days():
    feel.register(
        "work days",
        lambda start, end, calendar=None: (end - start).days,
        ["from:d", "to:d", "calendar?:s"],
    )
    yield
    feel.unregister("work days")


def test_it_is_called_by_position_and_by_name(value, work_days):
    assert value('work days(@"2026-01-01", @"2026-01-05")') == 4
    assert value('work days(to: @"2026-01-05", from: @"2026-01-01")') == 4


def test_an_argument_of_another_kind_gives_null(value, work_days):
    assert value('work days("x", @"2026-01-05")') is None


def test_it_is_unknown_before_and_after(value):
    with pytest.raises(feel.FeelError):
        value('work days(@"2026-01-01", @"2026-01-05")')


def test_its_own_failure_becomes_an_error_of_the_language(value):
    feel.register("broken of sorts", lambda: 1 / 0, [])
    try:
        with pytest.raises(feel.FeelError) as caught:
            value("broken of sorts()")
        assert caught.value.code == "function_failed"
    finally:
        feel.unregister("broken of sorts")


def test_the_standard_cannot_be_replaced():
    with pytest.raises(ValueError):
        feel.register("count", len, ["list"])


def test_a_function_value_of_the_host_is_called_with_its_arguments():
    function = feel.Function("pay", ("amount", "rate"), lambda amount, rate: amount * rate)
    assert feel.compile("pay(rate: 2, amount: 3)")({"pay": function}) == 6
