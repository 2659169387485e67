"""price.resolve: rank, minimum quantity, dates, grades that fell."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError
from app.records import write

HENGYUAN = "CU-202501-0001"  # grade A


def make(scope: str, price: int, state: str = "已生效", **other: Any) -> Any:
    line = {name: other.pop(name) for name in ("min_qty", "salesperson_id") if name in other}
    header = {"name": "测试", "scope": scope, "effective_from": "2026-01-01", **other}
    prices = write.create("price_list", header, by="helin", state=state)
    line = {"list_id": prices.id, "product_id": "P-1001", "unit_price": price, **line}
    write.create("price_list_line", line, by="helin")
    db.session.commit()
    return prices


def asked(run: Any, qty: int = 10, **other: Any) -> Decimal:
    given = {"product": "P-1001", "customer_id": HENGYUAN, **other}
    return run("price.resolve", qty=qty, **given)["resolved_price"]


def test_the_standard_price_is_for_everybody(run):
    found = run("price.resolve", product="P-1001", qty=1)
    assert found["resolved_price"] == found["list_price"] == Decimal(12000)
    assert (found["price_rank"], found["floor_price"]) == (5, Decimal(10200))


def test_a_customers_price_comes_before_a_salespersons(run):
    make("业务员", 11900, salesperson_id="lina")
    assert asked(run, salesperson="lina") == 11900
    make("客户", 11400, customer_id=HENGYUAN, min_qty=10)
    assert asked(run, salesperson="lina") == 11400
    assert asked(run, qty=9, salesperson="lina") == 11900
    assert asked(run, qty=9) == 12000


def test_the_price_of_a_customer_and_a_salesperson_comes_first(run):
    make("客户", 11400, customer_id=HENGYUAN)
    make("客户", 11600, customer_id=HENGYUAN, salesperson_id="lina")
    assert asked(run) == 11400
    assert asked(run, salesperson="lina") == 11600


def test_of_two_tiers_the_larger_counts_and_of_two_lists_the_later(run):
    make("客户", 11400, customer_id=HENGYUAN, min_qty=10)
    make("客户", 11000, customer_id=HENGYUAN, min_qty=50)
    assert [asked(run, qty=qty) for qty in (10, 49, 50)] == [11400, 11400, 11000]
    make("客户", 11300, customer_id=HENGYUAN, min_qty=10, effective_from="2026-02-01")
    assert asked(run) == 11300


@pytest.mark.parametrize(
    "other",
    [{"state": "草稿"}, {"effective_from": "2026-03-11"}, {"effective_to": "2026-03-09"}],
)
def test_a_list_that_does_not_run_today_is_left_out(run, other):
    make("客户", 11400, customer_id=HENGYUAN, **other)
    assert asked(run) == 12000


def test_the_days_of_a_list_count_whole(run):
    make("客户", 11400, customer_id=HENGYUAN, effective_from="2026-03-10",
         effective_to="2026-03-10")  # fmt: skip
    assert asked(run) == 11400


def test_a_grades_price_lasts_until_the_end_of_the_month_in_which_it_was_lost(run):
    make("客户等级", 11000, grade="A")
    assert asked(run) == 11000
    customer = write.need("customer", HENGYUAN)
    write.change(customer, {"grade": "B"}, by="wangqiang")
    change = {"customer_id": customer.id, "from_grade": "A", "to_grade": "B"}
    write.create("grade_history", change, by="wangqiang")
    assert asked(run) == 11000
    assert asked(run, on=dt.date(2026, 3, 31)) == 11000
    assert asked(run, on=dt.date(2026, 4, 1)) == 12000


def test_no_price_is_said_plainly(run):
    write.create("product", {"name": "样机"}, by="luchuan", number="P-9")
    with pytest.raises(BpmnError) as refused:
        run("price.resolve", product="P-9", qty=1)
    assert refused.value.code == "E_NO_PRICE"
    assert "样机" in refused.value.message


def test_what_is_no_longer_sold_has_no_price(run):
    write.move(write.need("product", "P-1001"), "停售", by="luchuan")
    with pytest.raises(BpmnError, match="没有适用的价格"):
        run("price.resolve", product="P-1001", qty=1)
