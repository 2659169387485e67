"""051-03-09 退款管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import errors
from app.db import db
from app.engine import handlers
from app.records import log
from app.records.prepayment import Prepayment
from app.records.refund import Refund
from tests.flows import money
from tests.flows.stage import Stage
from tests.flows.test_051_03_07 import approve_red, red

FLOW = "p_051_03_09"
ACCOUNT = "6222000000000001"


def owed(stage: Stage) -> tuple[Any, str]:
    """(order, return number): 22,800 are to be given back for two pieces."""
    order = money.order()
    money.invoiced(stage, order)
    paid = money.receive(stage, "114000")
    stage.do("allocate", "chenjing", case=paid)
    case = red(stage, order, "22800")
    approve_red(stage, case, "20260002")
    assert money.ledgers() == ("0.00", "0.00", "22800.00")
    return order, stage.variables(case)["return_no"]


def asked(stage: Stage, ref: str, amount: str = "22800", source: str = "退货", **more: Any) -> int:
    case = stage.start(FLOW, "zhangwei", source=source, source_ref=ref,
                       customer_id=money.HENGYUAN)  # fmt: skip
    stage.do("apply", "zhangwei", "submit", case=case, amount=Decimal(amount),
             reason="客户退货", **more)  # fmt: skip
    return case


def approved(stage: Stage, ref: str, **more: Any) -> int:
    case = asked(stage, ref, **more)
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.do("approve", "wangqiang", "approve", case=case)
    stage.do("approve", "liuyang", "approve", case=case)
    return case


def pay(stage: Stage, case: int, slip: str = "B-0900") -> None:
    task = stage.task("pay", case)
    values = {**stage.seen(task), "bank_txn_id": slip, "paid_at": dt.date(2026, 3, 10),
              "proof": money.PDF}  # fmt: skip
    stage.complete(task, "xufeng", values)


def refund() -> Refund:
    db.session.expire_all()
    return db.session.scalars(db.select(Refund).order_by(Refund.id.desc())).first()


def answer(stage: Stage, ok: bool) -> None:
    stage.message("msg_bank_payment_result", refund().number, ok=ok)


def test_a_return_is_paid_back(stage: Stage):
    order, back = owed(stage)
    case = approved(stage, back)
    pay(stage, case)
    answer(stage, True)
    assert stage.end(case) == "done"
    assert stage.variables(case)["result"] == "退款完成"
    assert (refund().state, refund().amount) == ("已退款", Decimal("22800.00"))
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    assert stage.record("sales_order", order.number).refunded_amount == 22800
    assert not stage.incidents()
    money.sound()


def test_too_much_is_refused_and_a_rejected_refund_leaves_the_balance(stage: Stage):
    _order, back = owed(stage)
    case = asked(stage, back, "30000")
    assert "最多还能退 22,800.00" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "submit", case=case, amount=Decimal(22800))
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.do("approve", "wangqiang", "approve", case=case)
    stage.do("approve", "liuyang", "reject", case=case, comment="没有质检报告")
    assert stage.end(case) == "rejected"
    assert stage.variables(case)["result"] == "退款驳回"
    assert money.ledgers()[2] == "22800.00"
    assert refund().bank_txn_id is None
    decided = log.ApprovalLog.number == refund().number
    assert len(list(db.session.scalars(db.select(log.ApprovalLog).where(decided)))) == 2
    money.sound()

    again = asked(stage, back)
    task = stage.task("check", again)
    stage.complete(task, "chenjing", {**stage.seen(task), "outcome": "offset",
                                      "offset_to": "转预收", "customer_agrees": money.PDF})  # fmt: skip
    assert stage.end(again) == "converted"
    assert money.ledgers() == ("0.00", "22800.00", "0.00")
    money.sound()


def test_a_payment_that_fails_twice_is_looked_into_and_booked_once(stage: Stage):
    _order, back = owed(stage)
    case = approved(stage, back)
    pay(stage, case)
    answer(stage, False)
    task = stage.task("correct", case)
    stage.complete(task, "chenjing", {**stage.seen(task), "payee_account": "6222000000000009",
                                      "proof": money.PDF})  # fmt: skip
    pay(stage, case, "B-0901")
    answer(stage, False)
    stage.do("verify", "liuyang", "unpaid", case=case, note="银行没有付")
    pay(stage, case, "B-0902")
    stage.wait(days=5)
    stage.do("verify", "liuyang", "paid", case=case, bank_txn_id="B-0902", note="流水里有")
    assert stage.end(case) == "done"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    post = handlers.get("refund.post")
    assert post is not None
    money.sound()


def test_the_clerk_and_the_approver_send_it_back(stage: Stage):
    _order, back = owed(stage)
    case = asked(stage, back)
    stage.do("check", "chenjing", "return", case=case, comment="原因写清楚")
    assert "原因写清楚" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "submit", case=case)
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.do("approve", "wangqiang", "return", case=case, comment="附照片")
    assert refund().state == "申请"
    stage.do("apply", "zhangwei", "withdraw", case=case)
    assert stage.end(case) == "withdrawn"
    assert money.ledgers()[2] == "22800.00"
    money.sound()


def test_the_applicant_takes_it_back_during_the_approval(stage: Stage):
    _order, back = owed(stage)
    case = asked(stage, back)
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.message("msg_approval_withdrawn", refund().number)
    assert stage.end(case) == "withdrawn"
    assert refund().state == "已驳回"


def test_another_account_needs_a_name_and_two_more_approvers(stage: Stage):
    money.prepaid(None, "3000")
    number = db.session.scalars(db.select(Prepayment)).one().number
    case = asked(stage, number, "1000", "预收", payee_account="6222000000000099")
    assert "户名" in stage.seen(stage.task("apply", case))["problems"]
    stage.do("apply", "zhangwei", "submit", case=case, payee_account="6222000000000099",
             payee_name="恒远母公司")  # fmt: skip
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.do("approve", "liuyang", "approve", case=case)
    stage.do("approve", "gaoyuan", "approve", case=case)
    pay(stage, case)
    answer(stage, True)
    assert stage.end(case) == "done"
    assert money.ledgers() == ("0.00", "2000.00", "0.00")
    money.sound()


def test_a_refund_may_pay_what_the_customer_owes(stage: Stage):
    prepaid = money.prepaid(None, "3000")
    order = money.order(qty=1)
    case = money.invoiced(stage, order)
    assert case
    asking = asked(stage, prepaid.number, "3000", "预收")
    task = stage.task("check", asking)
    stage.complete(task, "chenjing", {**stage.seen(task), "outcome": "offset",
                                      "offset_to": "抵应收", "customer_agrees": money.PDF})  # fmt: skip
    assert stage.end(asking) == "converted"
    assert money.ledgers() == ("8400.00", "0.00", "0.00")
    money.sound()


def test_a_balance_that_fell_meanwhile_is_not_converted(stage: Stage):
    prepaid = money.prepaid(None, "3000")
    case = asked(stage, prepaid.number, "3000", "预收")
    stage.change("prepayment", prepaid.number, balance=1000)
    task = stage.task("check", case)
    stage.complete(task, "chenjing", {**stage.seen(task), "outcome": "offset",
                                      "offset_to": "转预收", "customer_agrees": money.PDF})  # fmt: skip
    assert "已经变了" in stage.seen(stage.task("apply", case))["problems"]


def test_a_slip_is_used_once_and_payers_are_reminded(stage: Stage):
    first, second = money.prepaid(None, "500"), money.prepaid(None, "600", "B-0002")
    one, two = [asked(stage, each.number, "500", "预收") for each in (first, second)]
    for case in (one, two):
        stage.do("check", "chenjing", "pay", case=case, source_ok=True)
        stage.do("approve", "wangqiang", "approve", case=case)
    pay(stage, one)
    with pytest.raises(errors.Invalid, match="已经登记在退款单"):
        pay(stage, two)
    stage.wait(days=2)
    assert "remind" in stage.path(two)
    money.sound()


def test_who_approved_does_not_pay_and_outsiders_do_nothing(stage: Stage):
    prepaid = money.prepaid(None, "500")
    with pytest.raises(errors.NotAllowed):
        stage.start(FLOW, "baijie")
    case = asked(stage, prepaid.number, "500", "预收")
    stage.do("check", "chenjing", "pay", case=case, source_ok=True)
    stage.do("approve", "wangqiang", "approve", case=case)
    task = stage.task("pay", case)
    with pytest.raises(errors.Invalid, match="不能付款"):
        stage.complete(task, "wangqiang", {**stage.seen(task), "bank_txn_id": "B-1",
                                           "paid_at": dt.date(2026, 3, 10)})  # fmt: skip
