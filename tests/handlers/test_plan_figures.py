"""What counts as an actual of the sales plan, month by month and person by person."""

import datetime as dt
from decimal import Decimal

import pytest

from app.db import db
from app.records import counter, write
from handlers import plan_book, plan_figures
from tests.flows import trade

MARCH = dt.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def company(app):
    """The demo company's records."""


def entry(kind: str, ledger: str, amount: int, **other: object) -> None:
    customer = write.need("customer", trade.HENGYUAN)
    given = {"customer_id": customer.id, "type": kind, "ledger": ledger, "amount": amount,
             "doc_type": "test", "doc_no": f"{kind}{amount}", "value_date": MARCH, **other}  # fmt: skip
    write.create("ar_entry", given, by="chenjing")


def test_signed_is_what_was_ordered_less_what_was_cancelled_or_came_back():
    number = trade.order(10, 1000, order_date=MARCH)
    assert plan_figures.of_year("签单额", 2026) == {("zhangwei", 3): 10000}
    write.change(trade.line(number), {"q_cancelled": 2}, by="linyue")
    assert plan_figures.of_year("签单额", 2026)["zhangwei", 3] == 8000
    write.change(trade.line(number), {"q_delivered": 8, "q_returned": 1}, by="linyue")
    assert plan_figures.of_year("签单额", 2026)["zhangwei", 3] == 7000
    assert plan_figures.of_year("签单额", 2026, 2) == {}
    assert plan_figures.of_year("签单额", 2025) == {}


def test_an_order_that_was_cancelled_does_not_count():
    number = trade.order(1, 1000, order_date=MARCH)
    write.move(write.need("sales_order", number), "已取消", by="linyue")
    db.session.flush()
    assert plan_figures.of_year("签单额", 2026) == {}


def test_profit_is_without_tax_and_less_the_cost():
    trade.order(1, 11300, order_date=MARCH)
    assert plan_figures.of_year("毛利", 2026)["zhangwei", 3] == Decimal("2000.00")


def test_received_are_receipts_and_prepayments_less_refunds():
    entry("receipt", "应收", -79800)
    entry("prepay_in", "预收", 34200)
    entry("prepay_offset", "预收", -34200)
    entry("refund", "应退", -22800)
    assert plan_figures.of_year("回款额", 2026) == {("zhangwei", 3): 91200}


def test_new_customers_are_those_that_the_counter_knows():
    counter.add("lina", "new_customer", MARCH, 3)
    assert plan_figures.of_year("新客户数", 2026) == {("lina", 3): 3}
    assert plan_figures.of_year("新联系人数", 2026) == {}


@pytest.mark.parametrize("total", ["100", "0.01", "7200000", "0"])
def test_nothing_is_lost_when_a_target_is_shared_or_scaled(total):
    parts = plan_book.share(Decimal(total), 7)
    assert (sum(parts), len(parts)) == (Decimal(total), 7)
    scaled = plan_book.scaled([Decimal(n) for n in range(12)], Decimal(total))
    assert sum(scaled) == Decimal(total)
    assert sum(plan_book.scaled([Decimal(0)] * 12, Decimal(total))) == Decimal(total)
