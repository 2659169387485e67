"""051-03-04 订单管理: the catalogue's scenarios, how an order begins and is cancelled."""

from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.records import exposure, log, write
from app.records.contact import Contact
from app.records.prepayment import Prepayment
from tests.flows import neighbours, trade
from tests.flows.orders import (
    FLOW,
    LATER,
    ONE_ROW,
    around,  # noqa: F401 - what is called besides
    ask_cancel,
    deliver,
    enter,
    from_quote,
    header,
    number,
    order,
    owes,
    plan,
    prepaid,
    quote,
)
from tests.flows.stage import Stage


def test_an_order_from_its_quotation_to_its_end(stage: Stage):
    case = from_quote(stage)
    assert "review_items" not in stage.path(case)
    assert order(stage, case).state == "已生效"
    assert stage.record("quotation", "QT-202603-0001").state == "已下单"
    assert trade.stock() == (30, 10)
    assert plan(stage, case) == [("预收", 34200, "待回款"), ("应收", 79800, "待回款")]
    assert exposure.of([order(stage, case).customer_id]) == 114000
    assert stage.open(case) == ["prepaying"]
    assert stage.seen(stage.task("prepaying", case))["rate"] == Decimal("0.3")

    prepaid(stage, case)
    assert order(stage, case).state == "履约中"
    assert exposure.of([order(stage, case).customer_id]) == 79800
    deliver(stage, case)
    seen = neighbours.finish(stage, "invoicing", case, "开票完成")
    assert (seen["basis"], seen["order_no"]) == ("按交付", number(stage, case))
    row = neighbours.finish(stage, "collecting", case, "收款完成")
    assert row["plan_row"] == f"{number(stage, case)}-2"

    assert stage.end(case) == "done"
    assert stage.variables(case)["result"] == "已完成"
    assert order(stage, case).state == "已完成"
    assert trade.stock() == (20, 0)
    assert not stage.incidents()


def test_one_refusal_is_enough(stage: Stage):
    owes(42000)
    case = enter(stage, "lina", order=header(trade.MINGDA), price=10000, qty=10)
    assert sorted(one.assignee for one in stage.tasks("approve", case)) == ["liuyang", "wangqiang"]
    stage.do("approve", "wangqiang", "approve", case=case, of="wangqiang")
    stage.do("approve", "zhaomin", "reject", case=case, of="zhaomin", comment="低于底价")

    assert stage.end(case) == "rejected"
    assert order(stage, case).state == "已驳回"
    assert stage.variables(case)["result"] == "订单驳回"
    assert trade.stock() == (30, 0)
    assert exposure.of([order(stage, case).customer_id]) == 42000
    decisions = list(db.session.scalars(db.select(log.ApprovalLog.decision)))
    assert decisions == ["同意", "驳回"]


def test_an_order_is_cancelled_after_its_prepayment(stage: Stage):
    case = from_quote(stage)
    prepaid(stage, case)
    ask_cancel(stage, case)
    facts = stage.seen(stage.task("approve_cancel", case))["approval_facts"]
    assert {"label": "已收款", "value": "34200.00"} in facts
    stage.do("approve_cancel", "zhaomin", "approve", case=case)
    assert trade.stock() == (30, 0)
    assert {state for _kind, _amount, state in plan(stage, case)} == {"作废"}
    seen = neighbours.finish(stage, "refunding", case, "已转抵")
    assert (seen["source"], seen["amount"]) == ("订单取消", 34200)

    assert stage.end(case) == "void"
    assert order(stage, case).state == "已取消"
    assert exposure.of([order(stage, case).customer_id]) == 0
    (left,) = db.session.scalars(db.select(Prepayment.balance))
    assert left == 34200
    assert trade.sound()


def test_what_is_shipped_is_not_cancelled(stage: Stage):
    case = from_quote(stage)
    prepaid(stage, case)
    deliver(stage, case, 4)
    neighbours.finish(stage, "invoicing", case, "开票完成")
    ask_cancel(stage, case)
    stage.do("approve_cancel", "zhaomin", "approve", case=case)
    row = order(stage, case)
    assert (row.state, row.total) == ("履约中", 45600)
    assert trade.line(row.number).q_cancelled == 6
    assert trade.stock() == (26, 0)
    assert plan(stage, case) == [("预收", 34200, "待回款"), ("应收", 11400, "待回款")]
    assert trade.sound()
    neighbours.finish(stage, "collecting", case, "收款完成")
    assert stage.end(case) == "done"


def test_the_quotation_is_read_on_demand(stage: Stage):
    offered = quote()
    case = stage.start(FLOW, "zhangwei")
    stage.do("enter_order", "zhangwei", "load", case=case, order={"quote_no": offered})
    seen = stage.seen(stage.task("enter_order", case))
    assert seen["order"]["customer_id"] == trade.HENGYUAN
    assert [row["basis"] for row in seen["plan_rows"]] == ["发货前", "发货后N天"]
    stage.do("enter_order", "zhangwei", "cancel", case=case)
    assert stage.end(case) == "dropped"


def test_the_portal_sends_an_order(stage: Stage):
    case = stage.message("msg_portal_order", "WEB-7", external_id="WEB-7", portal={
        "order": header(), "order_lines": [{"product": "P-1002", "qty": 1, "price": 3600}],
    })  # fmt: skip
    stage.do("enter_order", "lina", "submit", case=case,
             order_lines=[{"_row": 0, "promised_date": LATER}])  # fmt: skip
    assert order(stage, case).sales_rep_id == "zhangwei"


def refusal(stage: Stage, **given: Any) -> str:
    case = enter(stage, **given)
    return stage.seen(stage.task("enter_order", case))["problems"]


def test_a_blacklisted_customer(stage: Stage):
    stage.change("customer", trade.HENGYUAN, blacklist=True, blacklist_reason="失信")
    assert "黑名单" in refusal(stage)


def test_a_customer_without_account_or_credit(stage: Stage):
    account = write.need("customer_account", trade.HENGYUAN)
    write.move(account, "冻结", by="chenjing")
    db.session.commit()
    assert "账务还没有开立" in refusal(stage)
    write.move(account, "已开立", by="chenjing")
    db.session.delete(write.need("customer_credit", trade.HENGYUAN))
    db.session.commit()
    assert "没有信用档案" in refusal(stage)


def test_the_same_purchase_order_or_quotation_twice(stage: Stage):
    offered = quote()
    enter(stage, order=header(po_no="PO-1", quote_no=offered), price=11400)
    assert "客户订单号 PO-1 已经" in refusal(stage, order=header(po_no="PO-1"))
    assert "已经下过单" in refusal(stage, order=header(quote_no=offered), price=11400)


@pytest.mark.parametrize(("given", "why"), [
    ({"order": header("CU-999999-9999")}, "有效的客户"),
    ({"order": header(quote_no="QT-209901-0001")}, "不是这个客户的"),
    ({"order": header(contact_id="CT-209901-0001")}, "不是这个客户在职的联系人"),
    ({"plan": [{"basis": "签约", "amount": 1}]}, "两者要相等"),
])  # fmt: skip
def test_an_order_that_does_not_fit(stage: Stage, given: dict, why: str):
    case = stage.start(FLOW, "zhangwei")
    task = stage.task("enter_order", case)
    lines = [{"product": "P-1001", "qty": 2, "price": 12000, "promised_date": LATER}]
    stage.complete(task, "zhangwei", {
        "order": {**stage.seen(task)["order"], **given.get("order", header())}, "outcome": "submit",
        "order_lines": lines, "plan_rows": given.get("plan", ONE_ROW),
    })  # fmt: skip
    assert why in stage.seen(stage.task("enter_order", case))["problems"]


def test_an_order_names_whom_to_ask(stage: Stage):
    """The main contact of the customer, or whoever was chosen."""
    known = stage.record("sales_order", number(stage, enter(stage))).contact_id
    assert known is not None
    main = db.session.get_one(Contact, known)
    assert main.is_primary and main.customer_id == write.need("customer", trade.HENGYUAN).id
    other = write.create("contact", {
        "customer_id": trade.HENGYUAN, "name": "韩采购", "mobile": "13900000077",
        "owner_id": "zhangwei"}, by="zhangwei", state="在职")  # fmt: skip
    db.session.commit()
    case = enter(stage, order=header(contact_id=other.number))
    assert stage.record("sales_order", number(stage, case)).contact_id == other.id
