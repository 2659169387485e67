"""051-03-08 收款管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import errors
from app.db import db
from app.notify import notices
from app.records.invoice import Invoice
from app.records.receipt import Receipt, ReceiptAllocation
from tests.conftest import TODAY
from tests.flows import money
from tests.flows.stage import Stage

FLOW, PREPAY = "p_051_03_08", "p_051_03_10"


def watched(stage: Stage, order: Any, seq: int = 1) -> int:
    """The plan row of the order is watched, as the order's flow asks for."""
    return stage.start(FLOW, "xufeng", mode="plan", plan_row=f"{order.number}-{seq}",
                       order_no=order.number)  # fmt: skip


def due(stage: Stage, order: Any, on: str, seq: int = 1) -> None:
    stage.change("receipt_plan", f"{order.number}-{seq}", due_date=on)


def row(stage: Stage, order: Any, seq: int = 1) -> Any:
    return stage.record("receipt_plan", f"{order.number}-{seq}")


def pay(stage: Stage, amount: str, **typed: Any) -> int:
    case = money.receive(stage, amount)
    stage.do("allocate", "chenjing", case=case, **typed)
    return case


def test_prepayment_and_receipt_settle_the_order(stage: Stage):
    order = money.order(prepay="34200")
    money.prepaid(order, "34200")
    money.invoiced(stage, order)
    (offset,) = stage.cases(PREPAY)
    stage.do("confirm", "chenjing", "confirm", case=offset.id)
    assert stage.end(offset.id) == "offset_done"
    assert money.ledgers() == ("79800.00", "0.00", "0.00")

    waiting = watched(stage, order, 2)
    stage.go_to(dt.datetime(2026, 4, 9, 2, 0, tzinfo=dt.UTC))
    case = pay(stage, "79800")
    assert stage.end(case) == "posted"
    assert stage.end(waiting) == "received"
    assert stage.variables(waiting)["result"] == "收款完成"
    invoice = db.session.scalar(db.select(Invoice))
    assert (invoice.open, invoice.state) == (0, "已结清")
    assert [row(stage, order, seq).state for seq in (1, 2)] == ["已结清", "已结清"]
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    done = stage.record("sales_order", order.number)
    assert (done.received_amount, done.prepay_used) == (79800, 34200)
    assert done.receipt_status == "全部"
    assert not stage.incidents()
    money.sound()


def test_forty_short_is_not_written_off_when_the_manager_refuses(stage: Stage):
    order = money.order(qty=7)
    money.invoiced(stage, order)
    waiting = watched(stage, order)
    case = money.receive(stage, "79760")
    stage.do("allocate", "chenjing", case=case, rows=[{"_row": 0, "amount": Decimal(79800)}])
    assert "超过这笔收款" in stage.seen(stage.task("allocate", case))["problems"]
    stage.do("allocate", "chenjing", case=case, rows=[{"_row": 0, "amount": Decimal(79760)}])
    assert stage.variables(case)["handling"] == "尾差核销"
    stage.do("review", "liuyang", "reject", case=case, comment="客户会补")
    stage.do("allocate", "chenjing", case=case)
    assert stage.end(case) == "posted"
    assert db.session.scalar(db.select(Invoice)).open == 40
    assert row(stage, order).state == "部分回款"
    assert not stage.ended(waiting)
    assert stage.path(waiting)[-1] == "wait_money"
    assert money.ledgers() == ("40.00", "0.00", "0.00")
    money.sound()


def test_forty_short_is_written_off_when_the_manager_agrees(stage: Stage):
    order = money.order(qty=7)
    money.invoiced(stage, order)
    case = pay(stage, "79760")
    stage.do("review", "liuyang", "approve", case=case)
    assert db.session.scalar(db.select(Invoice)).state == "已结清"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    assert row(stage, order).state == "已结清"
    money.sound()


def with_discount(stage: Stage, discount: str) -> int:
    """恒远 pays 79,000 of 79,800 and asks to be let off the rest."""
    case = money.receive(stage, "79000")
    rows = [{"_row": 0, "amount": Decimal(79000), "discount": Decimal(discount)}]
    stage.do("allocate", "chenjing", case=case, rows=rows)
    return case


def test_a_discount_settles_the_invoice_once_the_manager_agrees(stage: Stage):
    order = money.order(qty=7)
    money.invoiced(stage, order)
    case = with_discount(stage, "800")
    assert stage.variables(case)["unallocated"] == 0
    facts = stage.seen(stage.task("review", case))["approval_facts"]
    assert {"label": "折让", "value": "800.00"} in facts
    assert db.session.scalar(db.select(Invoice)).open == 79800
    stage.do("review", "liuyang", "approve", case=case)
    assert stage.end(case) == "posted"
    assert (row(stage, order).state, row(stage, order).open) == ("已结清", 0)
    assert db.session.scalar(db.select(Invoice)).state == "已结清"
    (part,) = db.session.scalars(db.select(ReceiptAllocation))
    assert (part.amount, part.write_off) == (79000, 800)
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()


def test_a_discount_that_is_refused_stays_open_on_the_invoice(stage: Stage):
    order = money.order(qty=7)
    money.invoiced(stage, order)
    case = with_discount(stage, "800")
    stage.do("review", "liuyang", "return", case=case, comment="没有约定")
    seen = stage.seen(stage.task("allocate", case))
    assert "没有约定" in seen["problems"]
    assert seen["rows"][0]["discount"] == 0
    stage.do("allocate", "chenjing", case=case, rows=[{"_row": 0, "discount": Decimal(5)}])
    assert "折让没有批准" in stage.seen(stage.task("allocate", case))["problems"]
    stage.do("allocate", "chenjing", case=case, rows=[{"_row": 0, "discount": Decimal(0)}])
    assert stage.end(case) == "posted"
    assert row(stage, order).state == "部分回款"
    assert money.ledgers() == ("800.00", "0.00", "0.00")
    money.sound()


def test_a_discount_is_never_more_than_what_is_open(stage: Stage):
    money.invoiced(stage, money.order(qty=7))
    case = money.receive(stage, "79000")
    for amount, discount, why in ((79000, 801, "超过了未收"), (0, 800, "才能给折让")):
        given = {"_row": 0, "amount": Decimal(amount), "discount": Decimal(discount)}
        with pytest.raises(errors.Invalid, match=why):
            stage.do("allocate", "chenjing", case=case, rows=[given])


def test_a_surplus_becomes_a_prepayment(stage: Stage):
    order = money.order(qty=7)
    money.invoiced(stage, order)
    case = pay(stage, "80000")
    assert stage.end(case) == "posted_surplus"
    registering = stage.cases(PREPAY)[-1].id
    stage.do("register", "xufeng", case=registering)
    stage.do("review", "chenjing", "approve", case=registering)
    assert stage.end(registering) == "registered"
    receipt = db.session.scalars(db.select(Receipt)).one()
    assert (receipt.amount, receipt.to_prepay, receipt.state) == (80000, 200, "已入账")
    assert money.ledgers() == ("0.00", "200.00", "0.00")
    money.sound()


def test_a_large_surplus_asks_about_a_refund(stage: Stage):
    money.invoiced(stage, money.order(qty=7))
    case = pay(stage, "85000")
    assert stage.end(case) == "posted_surplus"
    assert "ask_refund" in stage.path(case)
    assert notices.unread("zhangwei") >= 1


def test_a_bank_line_is_registered_once(stage: Stage):
    money.invoiced(stage, money.order(qty=1))
    stage.message("msg_bank_line", "B-0100", bank_txn_id="B-0100", amount=Decimal(11400),
                  payer="上海恒远机械有限公司", received_at=dt.date(2026, 3, 10))  # fmt: skip
    (case,) = stage.cases(FLOW)
    stage.do("register", "xufeng", case=case.id)
    assert stage.open(case.id) == ["allocate"]
    with pytest.raises(errors.Invalid, match="已经登记过"):
        money.receive(stage, "11400")


def test_money_of_an_unknown_payer_is_claimed(stage: Stage):
    money.invoiced(stage, money.order(qty=1))
    case = money.receive(stage, "11400", payer="某某贸易")
    stage.do("claim", "lina", "not_mine", case=case)
    stage.wait(days=3)
    assert "chenjing" in [one.value for one in stage.task("claim", case).candidates]
    stage.do("claim", "zhangwei", "claim", case=case, claim_customer=money.HENGYUAN)
    stage.do("allocate", "chenjing", case=case)
    assert stage.end(case) == "posted"
    money.sound()


def test_money_that_nobody_claims_is_parked(stage: Stage):
    case = money.receive(stage, "500", payer="某某贸易")
    stage.wait(days=30)
    assert stage.end(case) == "parked"
    assert db.session.scalars(db.select(Receipt)).one().state == "待查"
    money.sound()


def test_an_invoice_that_was_paid_meanwhile_is_refused(stage: Stage):
    money.invoiced(stage, money.order(qty=1))
    first = money.receive(stage, "11400")
    second = money.receive(stage, "11400", slip="B-0200")
    stage.do("allocate", "chenjing", case=first)
    stage.do("allocate", "chenjing", case=second, rows=[{"_row": 0, "amount": Decimal(11400)}])
    assert "已经结清" in stage.seen(stage.task("allocate", second))["problems"]
    money.sound()


def test_a_reminder_before_and_dunning_after_the_due_date(stage: Stage):
    order = money.order(qty=1)
    case = watched(stage, order)
    stage.wait(days=30)
    assert stage.path(case)[-1] == "wait_money"
    due(stage, order, "2026-04-20")
    stage.message("msg_due_set", f"{order.number}-1")
    stage.go_to(dt.datetime(2026, 4, 17, 6, 0, tzinfo=dt.UTC))
    assert "remind_payment" in stage.path(case)
    assert notices.unread("zhangwei") >= 1
    stage.go_to(dt.datetime(2026, 4, 21, 6, 0, tzinfo=dt.UTC))
    stage.do("dun", "zhangwei", "promise", case=case, contact_result="答应了",
             promise_date=dt.date(2026, 4, 30))  # fmt: skip
    assert row(stage, order).state == "逾期"
    assert stage.open(case) == []
    stage.go_to(dt.datetime(2026, 5, 1, 6, 0, tzinfo=dt.UTC))
    stage.do("dun", "zhangwei", "dispute", case=case, contact_result="说少一台", dispute="少一台")
    assert "tell_dispute" in stage.path(case)
    stage.wait(days=7)
    stage.wait(days=3)
    assert stage.open(case) == ["dun"]
    with pytest.raises(errors.NotAllowed):
        stage.do("dun", "zhangwei", "promise", case=case)
    stage.wait(days=3)
    assert "stop_goods" in stage.path(case)
    assert [one.process_id for one in stage.cases("p_051_01_04")] == ["p_051_01_04"]


def bad(stage: Stage, order: Any) -> int:
    due(stage, order, "2025-08-01")
    case = watched(stage, order)
    stage.go_to(TODAY + dt.timedelta(minutes=1))
    return case


def test_a_bad_debt_is_written_off_by_the_general_manager(stage: Stage):
    order = money.order(qty=1)
    money.invoiced(stage, order)
    case = bad(stage, order)
    stage.do("bad_debt", "liuyang", "keep", case=case, reason="再催")
    stage.wait(days=7)
    stage.do("bad_debt", "liuyang", "write_off", case=case, reason="破产")
    stage.do("approve_write_off", "gaoyuan", "return", case=case, comment="附裁定书")
    stage.do("bad_debt", "liuyang", "write_off", case=case, reason="破产，附裁定书")
    stage.do("approve_write_off", "gaoyuan", "approve", case=case)
    assert stage.end(case) == "written_off"
    assert row(stage, order).state == "已核销"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()


def test_a_bad_debt_goes_to_the_lawyers(stage: Stage):
    order = money.order(qty=1)
    case = bad(stage, order)
    stage.do("bad_debt", "liuyang", "legal", case=case, reason="起诉")
    assert stage.end(case) == "legal"


def test_a_row_that_was_cleared_ends_the_watch(stage: Stage):
    order = money.order(qty=1)
    case = watched(stage, order)
    stage.message("msg_receivable_cleared", f"{order.number}-1")
    assert stage.end(case) == "not_needed"


def test_a_contract_row_is_watched_by_message(stage: Stage):
    order = money.order(qty=1)
    stage.message("msg_plan_row_opened", "x", plan_row=f"{order.number}-1", mode="plan")
    (case,) = stage.cases(FLOW)
    assert stage.path(case.id)[-1] == "wait_money"


def test_invoices_without_a_plan_are_dunned_every_morning(stage: Stage):
    order = money.order(qty=1)
    money.invoiced(stage, order)
    stage.change("receipt_plan", f"{order.number}-1", remark="x")
    from app.records import write

    write.move(row(stage, order), "作废", by="zhangwei")
    db.session.commit()
    stage.go_to(dt.datetime(2026, 4, 10, 1, 0, tzinfo=dt.UTC))
    found = [case for case in stage.cases(FLOW) if not stage.ended(case.id)]
    assert len(found) == 1, [stage.path(c.id) for c in found[:3]] + stage.incidents()[:3]
    stage.do("dun_item", "zhangwei", "promise", case=found[0].id, contact_result="好",
             promise_date=dt.date(2026, 4, 20))  # fmt: skip
    assert stage.end(found[0].id) == "dunned_all"


def test_an_outsider_cannot_touch_money(stage: Stage):
    with pytest.raises(errors.NotAllowed):
        stage.start(FLOW, "baijie")
    case = money.receive(stage, "500", payer="某某贸易")
    with pytest.raises(errors.NotAllowed):
        stage.do("claim", "baijie", "claim", case=case, claim_customer=money.HENGYUAN)
