"""051-03-04 订单管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.notify import notices
from app.records import exposure, log, write
from app.records.prepayment import Prepayment
from app.records.sales_order import OrderChange, ReceiptPlan, SalesOrder
from tests.flows import neighbours, trade
from tests.flows.stage import Stage
from tests.flows.test_051_03_05 import NOTE, sign

FLOW = "p_051_03_04"
LATER = dt.date(2026, 3, 20)
TWO_ROWS = [
    {"basis": "发货前", "rate": Decimal("0.3")},
    {"basis": "发货后N天", "rate": Decimal("0.7"), "days": 30},
]
ONE_ROW = [{"basis": "发货后N天", "rate": 1, "days": 30}]


@pytest.fixture(autouse=True)
def around(stage: Stage) -> None:
    """What is called besides is reduced to one task each."""
    neighbours.publish()


def quote(price: int = 11400, qty: int = 10, customer: str = trade.HENGYUAN) -> str:
    """An accepted quotation."""
    row = write.create("quotation", {
        "customer_id": customer, "valid_until": dt.date(2026, 4, 1), "payment_terms": "月结",
        "prepay_rate": "0.3", "owner_id": "zhangwei", "department_id": "east",
    }, by="zhangwei")  # fmt: skip
    write.create("quotation_line", {"quotation_id": row.id, "product_id": "P-1001", "qty": qty,
                                    "price": price}, by="zhangwei")  # fmt: skip
    for state in ("审批中", "已批准", "已发送", "已接受"):
        write.move(row, state, by="zhangwei")
    db.session.commit()
    return row.number


def header(customer: str = trade.HENGYUAN, **other: Any) -> dict[str, Any]:
    return {"customer_id": customer, "bill_to": "客户", "ship_to": "收货处", **other}


def enter(
    stage: Stage, by: str = "zhangwei", *, order: dict | None = None, price: Any = 12000,
    qty: Any = 2, product: str = "P-1001", plan: list | None = None, day: dt.date = LATER,
) -> int:  # fmt: skip
    case = stage.start(FLOW, by)
    stage.do("enter_order", by, "submit", case=case, order=order or header(),
             order_lines=[{"product": product, "qty": qty, "price": price, "promised_date": day}],
             plan_rows=plan or ONE_ROW)  # fmt: skip
    return case


def number(stage: Stage, case: int) -> str:
    return stage.variables(case)["order_no"]


def order(stage: Stage, case: int) -> SalesOrder:
    return stage.record("sales_order", number(stage, case))


def signed(stage: Stage, case: int) -> int:
    stage.message("msg_order_signed", number(stage, case))
    return case


def from_quote(stage: Stage) -> int:
    """The order of test 1, entered from its quotation and signed."""
    case = stage.message("msg_order_intake", quote(), quote_no="QT-202603-0001", starter="zhangwei")
    task = stage.task("enter_order", case)
    (line,) = stage.seen(task)["order_lines"]
    stage.do("enter_order", "zhangwei", "submit", case=case,
             order_lines=[{"_row": 0, "promised_date": LATER}])  # fmt: skip
    assert line["price"] == 11400
    return signed(stage, case)


def plan(stage: Stage, case: int) -> list[tuple[str, Decimal, str]]:
    query = db.select(ReceiptPlan).filter_by(order_id=order(stage, case).id).order_by("seq")
    return [(row.kind, row.amount, row.state) for row in db.session.scalars(query)]


def prepaid(stage: Stage, case: int, amount: int = 34200) -> None:
    """The customer has paid before delivery."""
    row = order(stage, case)
    write.create("prepayment", {"customer_id": row.customer_id, "order_id": row.id,
                                "amount": amount, "balance": amount}, by="xufeng")  # fmt: skip
    write.create("ar_entry", {
        "customer_id": row.customer_id, "type": "prepay_in", "ledger": "预收", "amount": amount,
        "doc_type": "prepayment", "doc_no": "PR-1", "order_no": row.number,
        "value_date": dt.date(2026, 3, 10),
    }, by="xufeng")  # fmt: skip
    db.session.commit()
    neighbours.finish(stage, "prepaying", case, "预收完成")


# the catalogue's three scenarios


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


def delivery_no(case: int) -> str:
    model = write.record.entity("delivery")
    query = db.select(model).where(model.state == "已出库").order_by(model.id.desc())
    return db.session.scalars(query).first().number


def deliver(stage: Stage, case: int, qty: int | None = None) -> None:
    """The next batch goes out and is signed."""
    if not stage.tasks("prepare_note", case):
        stage.message("msg_ship_now", number(stage, case))
    rows = {} if qty is None else {"note_lines": [{"_row": 0, "qty": qty}]}
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE, **rows)
    stage.do("pick", "zhoutao", case=case)
    stage.message("msg_goods_signed", delivery_no(case))
    sign(stage, case)


def owes(amount: int, customer: str = trade.MINGDA) -> None:
    """The customer owes an opening balance."""
    write.create("ar_entry", {
        "customer_id": customer, "type": "opening", "ledger": "应收", "amount": amount,
        "doc_type": "opening", "doc_no": f"QC-{customer}", "value_date": dt.date(2026, 1, 1),
    }, by="chenjing")  # fmt: skip
    db.session.commit()


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


def ask_cancel(stage: Stage, case: int, **other: Any) -> None:
    stage.message("msg_order_cancel_request", number(stage, case), cancel_reason="项目停了",
                  requester="zhangwei", **other)  # fmt: skip


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


# entering


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


# the signature


def waiting(stage: Stage) -> int:
    """An order that needs no approval waits for its signature."""
    case = enter(stage)
    assert order(stage, case).state == "待签约"
    return case


def test_a_customer_who_does_not_sign(stage: Stage):
    case = waiting(stage)
    stage.message("msg_order_refused", number(stage, case), refusal="价格太高")
    assert "价格太高" in stage.seen(stage.task("enter_order", case))["problems"]
    stage.do("enter_order", "zhangwei", "cancel", case=case)
    assert order(stage, case).state == "已取消"


def test_a_signature_is_urged(stage: Stage):
    case = waiting(stage)
    stage.wait(days=7)
    stage.do("urge_signature", "zhangwei", "resend", case=case)
    stage.wait(days=7)
    stage.do("urge_signature", "zhangwei", "give_up", case=case, urge={"note": "不做了"})
    assert stage.end(case) == "not_signed"
    assert order(stage, case).state == "未签约"


def test_a_paper_signature_is_registered(stage: Stage):
    case = waiting(stage)
    stage.wait(days=7)
    stage.complete(stage.task("urge_signature", case), "zhangwei", {"outcome": "signed"})
    assert order(stage, case).state == "履约中"


def test_stock_is_gone_when_the_customer_signs(stage: Stage):
    case = enter(stage, qty=20)
    other = enter(stage, qty=20)
    signed(stage, case)
    signed(stage, other)
    assert "库存不足" in stage.seen(stage.task("enter_order", other))["problems"]
    assert order(stage, other).state == "草稿"
    assert trade.stock() == (30, 20)


# prepayment


def late(stage: Stage) -> int:
    case = from_quote(stage)
    neighbours.finish(stage, "prepaying", case, "未到账")
    return case


def test_a_late_prepayment_gets_a_new_date(stage: Stage):
    case = late(stage)
    stage.do("handle_prepay", "wangqiang", "extend", case=case,
             overdue={"new_due": LATER, "reason": "客户在走流程"})  # fmt: skip
    assert stage.seen(stage.task("prepaying", case))["due_date"] == LATER


def test_a_prepayment_is_waived(stage: Stage):
    case = late(stage)
    for outcome in ("return", "approve"):
        stage.do("handle_prepay", "wangqiang", "waive", case=case, overdue={"reason": "老客户"})
        stage.do("approve_waiver", "liuyang", outcome, case=case, comment="看过")
    assert order(stage, case).released
    assert order(stage, case).state == "履约中"


def test_an_order_without_its_prepayment_is_cancelled(stage: Stage):
    case = late(stage)
    for outcome in ("reject", "approve"):
        stage.do("handle_prepay", "wangqiang", "cancel", case=case, overdue={"reason": "不付款"})
        stage.do("approve_cancel", "zhaomin", outcome, case=case, comment="看过")
    assert stage.end(case) == "void"
    assert "refund" not in stage.path(case)
    assert "cancel_stays" in stage.path(case)
    assert any("取消" in one.text for one in notices.latest("zhangwei"))


def test_a_new_customer_pays_everything_before(stage: Stage):
    write.change(write.need("customer_credit", trade.HENGYUAN), {"level": "D"}, by="fengkai")
    db.session.commit()
    case = signed(stage, enter(stage))
    assert plan(stage, case) == [("应收", 24000, "作废"), ("预收", 24000, "待回款")]
    neighbours.finish(stage, "prepaying", case, "预收完成")
    assert stage.tasks("collecting", case) == []


def test_a_part_is_brought_forward(stage: Stage):
    write.change(write.need("customer_credit", trade.HENGYUAN), {"level": "C"}, by="fengkai")
    db.session.commit()
    case = signed(stage, enter(stage))
    assert plan(stage, case) == [("应收", 16800, "待回款"), ("预收", 7200, "待回款")]


# fulfilment


def test_an_order_ships_on_its_own_date(stage: Stage):
    case = signed(stage, enter(stage))
    assert stage.open(case) == ["collecting"]
    stage.go_to(dt.datetime(2026, 3, 18, 1, 0, tzinfo=dt.UTC))
    assert stage.open(case) == ["collecting", "prepare_note"]
    stage.do("prepare_note", "linyue", "cancel", case=case)
    assert stage.open(case) == ["collecting"]
    stage.wait(days=1)
    assert stage.open(case) == ["collecting", "prepare_note"]


def test_an_order_invoiced_at_once(stage: Stage):
    case = signed(stage, enter(stage, order=header(invoice_basis="按订单")))
    seen = neighbours.finish(stage, "invoicing", case, "开票完成")
    assert seen["basis"] == "按订单"
    deliver(stage, case)
    neighbours.finish(stage, "collecting", case, "收款完成")
    assert stage.end(case) == "done"


def test_an_order_invoiced_by_receipts(stage: Stage):
    case = signed(stage, enter(stage, order=header(invoice_basis="按收款")))
    deliver(stage, case)
    neighbours.finish(stage, "collecting", case, "收款完成")
    assert neighbours.finish(stage, "invoicing", case, "开票完成")["basis"] == "按收款"
    assert stage.end(case) == "done"


def test_a_yacht_is_a_project(stage: Stage):
    case = enter(stage, product="HL-42", qty=1, price=4800000, plan=TWO_ROWS,
                 order=header("CU-202503-0002"))  # fmt: skip
    # contract, and credit: 4.8 million of 200,000
    while stage.tasks("approve", case):
        task = stage.tasks("approve", case)[0]
        stage.complete(task, task.assignee, {"outcome": "approve"})
    signed(stage, case)
    assert order(stage, case).delivery_mode == "project"
    assert stage.seen(stage.task("prepaying", case))["required"] == 2400000
    neighbours.finish(stage, "prepaying", case, "预收完成")
    assert "project" in stage.open(case)
    neighbours.finish(stage, "project", case, "已完成")
    assert "deliver_project" in stage.path(case)


def test_an_open_return_keeps_the_order_open(stage: Stage):
    case = signed(stage, enter(stage))
    deliver(stage, case)
    back = write.create("sales_return", {
        "customer_id": trade.HENGYUAN, "order_id": number(stage, case), "reason": "质量",
        "expect": "退款",
    }, by="machao")  # fmt: skip
    db.session.commit()
    neighbours.finish(stage, "invoicing", case, "开票完成")
    neighbours.finish(stage, "collecting", case, "收款完成")
    assert not stage.ended(case)
    write.move(back, "已拒绝", by="machao")
    db.session.commit()
    stage.message("msg_return_closed", number(stage, case))
    assert stage.end(case) == "done"


def test_the_rest_is_cancelled_while_it_waits(stage: Stage):
    case = signed(stage, enter(stage, qty=3))
    deliver(stage, case, 1)
    neighbours.finish(stage, "invoicing", case, "开票完成")
    ask_cancel(stage, case)
    stage.do("approve_cancel", "wangqiang", "approve", case=case)
    assert "batch_dropped" in stage.path(case)
    assert trade.line(number(stage, case)).open_to_ship == 0


def test_a_credit_stop_holds_the_order_until_it_is_over(stage: Stage):
    case = signed(stage, enter(stage))
    stage.message("msg_credit_stop", trade.HENGYUAN)
    assert order(stage, case).state == "挂起"
    stage.message("msg_ship_now", number(stage, case))
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE)
    assert "挂起" in stage.seen(stage.task("prepare_note", case))["problems"]
    stage.message("msg_credit_released", trade.HENGYUAN)
    assert order(stage, case).state == "履约中"


# change


def changing(stage: Stage, **line: Any) -> int:
    case = signed(stage, enter(stage))
    stage.message("msg_order_change_request", number(stage, case), change_reason="客户要改")
    submit(stage, case, **line)
    return case


def submit(stage: Stage, case: int, **line: Any) -> None:
    stage.do("edit_change", "zhangwei", "submit", case=case,
             change_rows=[{"_row": 0, **line}], change_note={"reason": "客户要改"})  # fmt: skip


def change(stage: Stage) -> OrderChange:
    db.session.expire_all()
    return db.session.scalars(db.select(OrderChange).order_by(OrderChange.id.desc())).first()


@pytest.mark.parametrize(("qty", "reserved"), [(5, 5), (1, 1)])
def test_a_change_takes_effect_when_the_customer_signs(stage: Stage, qty: int, reserved: int):
    case = changing(stage, qty=qty)
    assert change(stage).state == "客户确认"
    signed(stage, case)
    row = order(stage, case)
    assert (row.total, row.revision) == (12000 * qty, 2)
    assert trade.stock() == (30, reserved)
    assert change(stage).state == "已生效"
    assert "change_applied" in stage.path(case)
    assert trade.sound()


def test_a_change_that_the_customer_refuses(stage: Stage):
    case = changing(stage, qty=5)
    stage.message("msg_order_refused", number(stage, case))
    assert change(stage).state == "已驳回"
    assert order(stage, case).total == 24000


def test_a_change_of_nothing_or_below_what_is_shipped(stage: Stage):
    case = changing(stage)
    assert stage.seen(stage.task("edit_change", case))["change_problems"] == "没有任何改动。"
    deliver(stage, case)
    submit(stage, case, qty=1)
    assert "已发 2" in stage.seen(stage.task("edit_change", case))["change_problems"]
    stage.do("edit_change", "zhangwei", "cancel", case=case)
    assert "change_dropped" in stage.path(case)


def test_goods_that_left_meanwhile_stop_a_change(stage: Stage):
    case = changing(stage, qty=1)
    deliver(stage, case)
    signed(stage, case)
    assert "已发 2" in stage.seen(stage.task("edit_change", case))["change_problems"]


def test_a_cheaper_price_is_approved_again(stage: Stage):
    case = changing(stage, price=11000)
    stage.do("approve", "wangqiang", "return", case=case, comment="再谈谈")
    submit(stage, case, price=10900)
    stage.do("approve", "wangqiang", "reject", case=case, comment="不行")
    assert change(stage).state == "已驳回"


def test_the_outsider_may_do_nothing(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    with pytest.raises(AssertionError, match="baijie may not do"):
        stage.do("enter_order", "baijie", "cancel", case=case)
