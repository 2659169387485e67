"""Numbers: gapless per prefix and month, five digits when four are used up."""

import datetime as dt

import pytest

from app.db import db
from app.records import numbers

DAY = dt.date(2026, 3, 10)


def test_numbers_follow_one_another_per_prefix_and_month(app):
    assert [numbers.draw("CU", DAY) for _ in range(3)][-1] == "CU-202603-0003"
    assert numbers.draw("CT", DAY) == "CT-202603-0001"
    assert numbers.draw("CU", dt.date(2026, 4, 1)) == "CU-202604-0001"


def test_a_number_of_a_rolled_back_transaction_is_drawn_again(app):
    numbers.draw("CU", DAY)
    db.session.commit()
    assert numbers.draw("CU", DAY) == "CU-202603-0002"
    db.session.rollback()
    assert numbers.draw("CU", DAY) == "CU-202603-0002"


def test_after_9999_there_are_five_digits(app):
    numbers.skip_to("CU-202603-9999")
    assert numbers.draw("CU", DAY) == "CU-202603-10000"


def test_skipping_never_goes_back(app):
    numbers.skip_to("CU-202603-0050")
    numbers.skip_to("CU-202603-0007")
    assert numbers.draw("CU", DAY) == "CU-202603-0051"


@pytest.mark.parametrize(
    ("moment", "month"),
    [("2026-03-31T15:59:00+00:00", "202603"), ("2026-03-31T16:01:00+00:00", "202604")],
)
def test_the_month_is_that_of_the_company_not_of_utc(app, moment, month):
    assert month in numbers.draw("CU", dt.datetime.fromisoformat(moment))
