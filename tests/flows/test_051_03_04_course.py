"""051-03-04 订单管理: signature, prepayment, shipping, stops and changes of a running order."""

import datetime as dt
from typing import Any

import pytest

from app import errors
from app.db import db
from app.notify import notices
from app.records import write
from app.records.sales_order import OrderChange
from tests.flows import neighbours, trade
from tests.flows.orders import (
    FLOW,
    LATER,
    TWO_ROWS,
    around,  # noqa: F401 - what is called besides
    ask_cancel,
    deliver,
    enter,
    from_quote,
    header,
    number,
    order,
    plan,
    signed,
)
from tests.flows.stage import Stage
from tests.flows.test_051_03_05 import NOTE


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
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("enter_order", "baijie", "cancel", case=case)
