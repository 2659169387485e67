"""051-03-04b 订单检查与审核: what sends an order back, besides the order's own tests."""

import datetime as dt

import pytest

from app.db import db
from app.records import write
from tests.flows import neighbours, trade
from tests.flows.orders import enter, header, order, quote, signed
from tests.flows.stage import Stage


@pytest.fixture(autouse=True)
def around(stage: Stage) -> None:
    """What is called besides is reduced to one task each."""
    neighbours.publish()


def why(stage: Stage, case: int) -> str:
    return stage.seen(stage.task("enter_order", case))["problems"]


def test_a_returned_item_sends_the_order_back(stage: Stage):
    case = enter(stage, price=11000)
    facts = stage.seen(stage.task("approve", case))["approval_facts"]
    assert {"label": "最大折扣", "value": "8.33%"} in facts
    stage.do("approve", "wangqiang", "return", case=case, comment="再谈谈")
    assert why(stage, case) == "“价格”的审批退回。"
    assert order(stage, case).state == "草稿"


def test_the_representative_withdraws_an_item(stage: Stage):
    case = enter(stage, price=11000)
    stage.message("msg_approval_withdrawn", stage.variables(case)["order_no"])
    assert "撤回" in why(stage, case)


def test_a_stopped_customer_cannot_order(stage: Stage):
    write.change(write.need("customer_credit", trade.HENGYUAN), {"control": "停止"}, by="fengkai")
    db.session.commit()
    assert "信用已停止" in why(stage, enter(stage))


def test_a_product_without_price(stage: Stage):
    product = {"name": "新品", "category": "配件", "uom": "台", "std_price": 100}
    write.create("product", product, by="luchuan", number="P-9")
    db.session.commit()
    assert "没有适用的价格" in why(stage, enter(stage, product="P-9", price=100))


def test_a_credit_profile_that_is_gone_at_the_check(stage: Stage):
    case = enter(stage, price=11000)
    db.session.delete(write.need("customer_credit", trade.HENGYUAN))
    db.session.commit()
    assert stage.start("p_051_03_04b", "zhangwei", order_no=stage.variables(case)["order_no"],
                       doc_amount=22000, lines=[], customer_id=trade.HENGYUAN, change=None,
                       quote_no=None, salesperson="zhangwei", submitter="zhangwei",
                       department_id="east")  # fmt: skip
    (check,) = stage.cases("p_051_03_04b")
    assert stage.path(check.id)[-1] == "credit_missing"
    assert stage.variables(check.id)["result"] == "blocked"


def test_a_date_that_stock_cannot_keep_is_reviewed(stage: Stage):
    case = enter(stage, qty=31, day=dt.date(2026, 3, 12))
    assert {one.assignee for one in stage.tasks("approve", case)} == {"linyue"}
    stage.do("approve", "linyue", "approve", case=case)
    signed(stage, case)
    assert trade.stock() == (30, 30)
    assert trade.line(stage.variables(case)["order_no"]).q_reserved == 30


def test_a_large_order_needs_director_and_finance(stage: Stage):
    case = enter(stage, qty=45)
    items = [stage.seen(one)["approval_facts"][0]["value"] for one in stage.tasks("approve", case)]
    assert "合同" in items
    assert "信用" in items


def test_more_than_was_quoted_is_not_the_quotation(stage: Stage):
    case = enter(
        stage, order=header(quote_no=quote()), qty=11, price=11400, day=dt.date(2026, 3, 30)
    )
    assert "discount_authority" in stage.path(case)
