"""Values of a case read as words: every digit is there, no tag and no class is."""

import datetime as dt
from decimal import Decimal

import pytest
from flask_babel import force_locale

from app import feel
from app.said import said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.50"), "1,234,567.50"), (Decimal("9.00"), "9.00"), (2026, "2026"),
        (Decimal(2026), "2026"), (12000, "12,000"), (Decimal("0.0654321987"), "0.0654321987"),
        (Decimal("1E+5"), "100,000"), (-45000.5, "-45,000.5"), (True, "是"), (None, "空"), ([], "无"),
        ({}, "无"), (["甲", Decimal("2.5")], "甲、2.5"), (dt.date(2026, 3, 10), "2026-03-10"),
        (dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC), "2026-03-10 09:00:00"),
        (dt.timedelta(days=2, hours=3), "2 天 3 小时"), (dt.timedelta(seconds=-1.5), "−1.5 秒"),
        (dt.timedelta(), "0 秒"), (feel.YearsMonths(14), str(feel.YearsMonths(14))), ("恒远", "恒远"),
    ],
)  # fmt: skip
def test_a_value_reads_as_words(app, value, text):
    with app.test_request_context(), force_locale("zh"):
        assert said(value) == text


LINES = {"customer": {"name": "恒远", "limit": Decimal("300000.00")},
         "lines": [{"product": "P-1", "qty": Decimal("2")}, {"product": "P-2", "on": None}]}  # fmt: skip


def test_what_is_nested_is_indented(app):
    with app.test_request_context(), force_locale("zh"):
        assert said(LINES).split("\n") == [
            "customer：", "  name：恒远", "  limit：300,000.00", "lines：", "  1.",
            "    product：P-1", "    qty：2", "  2.", "    product：P-2", "    on：空",
        ]  # fmt: skip


def test_an_english_reader_reads_english(app):
    with app.test_request_context(), force_locale("en"):
        assert said({"paid": True, "wait": dt.timedelta(hours=1)}) == "paid: Yes\nwait: 1 hour"


def test_depth_ends(app):
    deep: list = []
    for _level in range(200):
        deep = [deep, {}]
    with app.test_request_context():
        assert len(said(deep)) < 5000
