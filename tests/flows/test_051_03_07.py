"""051-03-07 发票管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import clock, errors
from app.db import db
from app.notify import notices
from app.records import write
from app.records.invoice import Invoice
from tests.conftest import TODAY
from tests.flows import money
from tests.flows.stage import Stage

FLOW = "p_051_03_07"
NEXT_MONTH = TODAY + dt.timedelta(days=30)


def applied(stage: Stage, order: Any, amount: str | None = None) -> int:
    """Somebody starts, chooses the order, reads what may be invoiced, and hands it in."""
    case = stage.start(FLOW, "zhangwei")
    stage.do("apply", "zhangwei", "load", case=case, order_no=order.number)
    line = {"_row": 0} | ({"amount": Decimal(amount)} if amount else {})
    stage.do("apply", "zhangwei", "submit", case=case, lines=[line])
    return case


def invoice(number: str) -> Invoice:
    db.session.expire_all()
    return db.session.scalar(db.select(Invoice).filter_by(invoice_no=number))


def red(stage: Stage, order: Any, amount: str, source: str | None = None, **more: Any) -> int:
    """A return of pieces worth `amount`, then its red invoice up to the manager."""
    back = returned(order, amount)
    return stage.start(FLOW, "zhangwei", mode="red", order_no=order.number, return_no=back.number,
                       reason="质量退货", **more)  # fmt: skip


def returned(order: Any, amount: str) -> Any:
    from app.records.sales_order import OrderLine

    line = db.session.scalar(db.select(OrderLine).filter_by(order_id=order.id))
    pieces = Decimal(amount) / line.price
    back = write.create("sales_return", {
        "customer_id": order.customer_id, "order_id": order.id, "reason": "质量",
        "expect": "退款", "department_id": "east"}, by="machao")  # fmt: skip
    write.create("return_line", {
        "return_id": back.id, "order_line_id": line.id, "product_id": line.product_id,
        "q_requested": pieces, "q_approved": pieces, "q_received": pieces,
        "treatment": "退款"}, by="machao")  # fmt: skip
    db.session.commit()
    return back


def approve_red(stage: Stage, case: int, number: str) -> None:
    stage.do("review", "chenjing", "approve", case=case)
    stage.do("manager_review", "liuyang", "approve", case=case)
    money.issue(stage, case, number)


def test_delivered_goods_are_invoiced_and_the_customer_confirms(stage: Stage):
    order = money.order()
    case = money.invoiced(stage, order)
    paper = invoice("20260001")
    assert (paper.gross, paper.net, paper.tax, paper.open) == (
        Decimal("114000.00"), Decimal("100884.96"), Decimal("13115.04"), Decimal("114000.00"))  # fmt: skip
    assert paper.state == "已入账"
    assert money.ledgers() == ("114000.00", "0.00", "0.00")
    assert stage.record("sales_order", order.number).invoiced_amount == 114000
    assert stage.record("receipt_plan", f"{order.number}-1").due_date == dt.date(2026, 4, 9)
    (offset,) = stage.cases("p_051_03_10")
    assert stage.end(offset.id) == "nothing"

    stage.do("send_paper", "chenjing", case=case, sent_at=dt.date(2026, 3, 10), sent_way="快递",
             tracking_no="SF1")  # fmt: skip
    stage.message("msg_invoice_received", "20260001")
    assert stage.end(case) == "done"
    assert stage.variables(case)["result"] == "开票完成"
    paper = invoice("20260001")
    assert (paper.tracking_no, paper.received_confirmed) == ("SF1", True)
    assert not stage.incidents()
    money.sound()


def test_more_than_was_delivered_is_not_invoiced_and_the_clerk_may_refuse(stage: Stage):
    order = money.order()
    case = stage.start(FLOW, "zhangwei")
    stage.do("apply", "zhangwei", "load", case=case, order_no=order.number)
    stage.do("apply", "zhangwei", "submit", case=case,
             lines=[{"_row": 0, "amount": Decimal(120000)}])  # fmt: skip
    assert "最多还能开 114,000.00" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "submit", case=case,
             lines=[{"_row": 0, "amount": Decimal(114000)}])  # fmt: skip
    stage.do("review", "chenjing", "return", case=case, comment="补税号")
    assert "补税号" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "submit", case=case)
    stage.do("review", "chenjing", "reject", case=case, comment="没有税号")
    assert stage.end(case) == "rejected"
    assert stage.variables(case)["result"] == "开票驳回"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    assert db.session.scalars(db.select(Invoice)).one().state == "已驳回"
    money.sound()


def test_a_return_after_payment_becomes_refundable(stage: Stage):
    order = money.order()
    money.invoiced(stage, order)
    paid = money.receive(stage, "114000")
    stage.do("allocate", "chenjing", case=paid)
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    stage.go_to(NEXT_MONTH)

    case = red(stage, order, "22800")
    approve_red(stage, case, "20260002")
    assert stage.end(case) == "red_done"
    assert stage.variables(case)["refundable"] == Decimal("22800.00")
    paper = invoice("20260002")
    assert (paper.color, paper.gross, paper.to_refundable, paper.state) == (
        "红", Decimal("-22800.00"), Decimal("22800.00"), "已结清")  # fmt: skip
    assert money.ledgers() == ("0.00", "0.00", "22800.00")
    assert stage.record("sales_order", order.number).invoiced_amount == 91200
    money.sound()

    again = red(stage, order, "102600")
    assert "还能红冲 91,200.00" in stage.seen(stage.task("apply", again))["problems"]
    stage.do("apply", "zhangwei", "cancel", case=again)
    assert stage.end(again) == "withdrawn"
    assert money.ledgers() == ("0.00", "0.00", "22800.00")


def test_a_red_invoice_before_payment_lowers_what_is_open(stage: Stage):
    order = money.order()
    money.invoiced(stage, order)
    case = red(stage, order, "114000")
    approve_red(stage, case, "20260002")
    assert stage.end(case) == "red_done"
    assert (invoice("20260001").state, invoice("20260001").open) == ("已红冲", 0)
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    assert stage.variables(case)["cleared"] == [f"{order.number}-1"]
    money.sound()


def test_a_red_invoice_needs_the_manager(stage: Stage):
    order = money.order()
    money.invoiced(stage, order)
    case = red(stage, order, "22800")
    stage.do("review", "chenjing", "approve", case=case)
    stage.do("manager_review", "liuyang", "return", case=case, comment="缺质检报告")
    stage.do("apply", "zhangwei", "submit", case=case)
    stage.do("review", "chenjing", "approve", case=case)
    stage.do("manager_review", "liuyang", "reject", case=case, comment="不能红冲")
    assert stage.end(case) == "rejected"
    assert money.ledgers() == ("114000.00", "0.00", "0.00")
    money.sound()


def test_a_number_is_used_once_and_a_closed_month_stays_closed(stage: Stage):
    first, second = money.order(qty=1), money.order(qty=2)
    money.invoiced(stage, first)
    case = stage.start(FLOW, "zhangwei", order_no=second.number)
    stage.do("review", "chenjing", "approve", case=case)
    money.issue(stage, case, "20260001")
    assert "已经用过" in stage.seen(stage.task("issue", case))["problems"]
    write.create("account_snapshot", {"customer_id": money.HENGYUAN, "period": "2026-02",
                                      "taken_at": clock.now()},
                 by="chenjing")  # fmt: skip
    db.session.commit()
    money.issue(stage, case, "20260009", invoice_date=dt.date(2026, 2, 27))
    assert "已经结账" in stage.seen(stage.task("issue", case))["problems"]
    money.issue(stage, case, "20260009")
    assert invoice("20260009").gross == 22800
    money.sound()


def test_a_big_amount_is_split_and_approved_by_the_manager(stage: Stage):
    order = money.order(qty=200)
    case = stage.start(FLOW, "zhangwei", order_no=order.number)
    stage.do("review", "chenjing", "approve", case=case)
    stage.do("manager_review", "liuyang", "approve", case=case)
    pieces = [{"_row": n, "invoice_no": f"2026010{n}", "invoice_date": dt.date(2026, 3, 10)}
              for n in range(3)]  # fmt: skip
    shown = stage.seen(stage.task("issue", case))["pieces"]
    stage.do("issue", "chenjing", case=case, pieces=pieces)
    booked = db.session.scalars(db.select(Invoice).order_by(Invoice.invoice_no))
    assert [(one["net"], one["tax"]) for one in shown] == [(one.net, one.tax) for one in booked]
    assert [one["tax_rate"] for one in shown] == ["13%"] * 3
    found = sorted(row.gross for row in db.session.scalars(db.select(Invoice)))
    assert found == [Decimal(280000), Decimal(1000000), Decimal(1000000)]
    assert money.ledgers()[0] == "2280000.00"
    assert len(stage.cases("p_051_03_10")) == 3
    money.sound()


def test_billing_facts_that_are_missing_are_asked_for(stage: Stage):
    stage.change("customer_account", money.HENGYUAN, tax_no="-")
    order = money.order(qty=1)
    case = stage.start(FLOW, "zhangwei")
    stage.do("apply", "zhangwei", "load", case=case, order_no=order.number)
    task = stage.task("apply", case)
    values = {**stage.seen(task), "tax_no": None, "outcome": "submit"}
    stage.complete(task, "zhangwei", values)
    assert "缺 税号" in stage.seen(stage.task("apply", case))["problems"]
    assert notices.unread("chenjing") == 1


def test_an_order_is_needed(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    task = stage.task("apply", case)
    stage.complete(task, "zhangwei", {**stage.seen(task), "outcome": "submit"})
    assert "没有找到订单" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "cancel", case=case)
    assert stage.end(case) == "withdrawn"


def test_service_income_is_invoiced_without_an_order(stage: Stage):
    stage.message("msg_receivable", "WO-202603-0001", wo_no="WO-202603-0001",
                  customer_id=money.HENGYUAN, amount=Decimal("1130"))  # fmt: skip
    (case,) = stage.cases(FLOW)
    stage.do("review", "chenjing", "approve", case=case.id)
    money.issue(stage, case.id, "20260300")
    paper = invoice("20260300")
    assert (paper.source, paper.net, paper.tax) == ("服务工单", Decimal(1000), Decimal(130))
    assert money.ledgers()[0] == "1130.00"
    money.sound()


def sent(stage: Stage, case: int) -> None:
    stage.do("send_paper", "chenjing", case=case, sent_at=clock.now().date(), sent_way="电子")


def test_a_refused_invoice_of_this_month_is_voided_and_made_again(stage: Stage):
    order = money.order()
    case = money.invoiced(stage, order)
    sent(stage, case)
    stage.message("msg_invoice_rejected", "20260001")
    stage.do("reverse", "chenjing", case=case, customer_used=False, reason="抬头错了")
    assert invoice("20260001").state == "已作废"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()
    stage.do("apply", "zhangwei", "submit", case=case)
    stage.do("review", "chenjing", "approve", case=case)
    money.issue(stage, case, "20260003")
    sent(stage, case)
    stage.message("msg_invoice_received", "20260003")
    assert stage.end(case) == "done"
    assert money.ledgers()[0] == "114000.00"
    money.sound()


def test_a_used_invoice_is_reversed_by_a_red_one(stage: Stage):
    order = money.order()
    case = money.invoiced(stage, order)
    sent(stage, case)
    stage.wait(days=10)
    assert stage.open(case) == ["track"]
    stage.do("track", "zhangwei", "complaint", case=case, note="税率不对")
    stage.do("reverse", "chenjing", case=case, customer_used=True, reason="税率不对")
    approve_red(stage, case, "20260002")
    assert invoice("20260001").state == "已红冲"
    assert stage.open(case) == ["apply"]
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()


def test_silence_is_followed_up(stage: Stage):
    case = money.invoiced(stage, money.order(qty=1))
    sent(stage, case)
    stage.wait(days=10)
    stage.do("track", "zhangwei", "received", case=case)
    assert stage.end(case) == "done"


def test_at_the_end_of_the_month_everybody_gets_his_list(stage: Stage):
    order = money.order()
    stage.go_to(dt.datetime(2026, 3, 31, 10, 0, tzinfo=dt.UTC))
    (case,) = stage.cases(FLOW)
    assert stage.end(case.id) == "listed"
    assert notices.unread("zhangwei") == 1
    assert notices.unread("chenjing") == 1
    assert order.number


def test_an_outsider_sees_and_does_nothing(stage: Stage):
    order = money.order(qty=1)
    with pytest.raises(errors.NotAllowed):
        stage.start(FLOW, "baijie", order_no=order.number)
    case = stage.start(FLOW, "zhangwei", order_no=order.number)
    with pytest.raises(errors.NotAllowed):
        stage.do("review", "baijie", "approve", case=case)
    with pytest.raises(errors.Invalid):
        stage.do("review", "chenjing", "reject", case=case)
