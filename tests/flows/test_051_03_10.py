"""051-03-10 预收管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import errors
from app.db import db
from app.records.prepayment import Prepayment, PrepayTransfer
from tests.conftest import TODAY
from tests.flows import money
from tests.flows.stage import Stage

FLOW = "p_051_03_10"


def collecting(stage: Stage, order: Any, rate: str = "0.3") -> int:
    return stage.start(FLOW, "xufeng", mode="collect", order_no=order.number, rate=Decimal(rate),
                       due_date=dt.date(2026, 3, 10))  # fmt: skip


def register(stage: Stage, amount: str, order: Any = None, **typed: Any) -> int:
    case = stage.start(FLOW, "xufeng")
    given = {"amount": Decimal(amount), "bank_txn_id": "B-0001", "payer": "上海恒远机械有限公司",
             "received_at": dt.date(2026, 3, 10), "customer_id": money.HENGYUAN,
             "order_no": order.number if order else None}  # fmt: skip
    stage.do("register", "xufeng", case=case, **given | typed)
    return case


def test_a_prepayment_is_collected_and_offset_against_the_invoice(stage: Stage):
    order = money.order(prepay="34200")
    waiting = collecting(stage, order)
    assert stage.record("sales_order", order.number).prepay_required == 34200
    case = register(stage, "34200", order)
    assert stage.end(case) == "registered"
    assert stage.end(waiting) == "collected"
    assert stage.variables(waiting)["result"] == "预收完成"
    assert stage.record("sales_order", order.number).released
    assert stage.record("receipt_plan", f"{order.number}-1").state == "已结清"
    assert money.ledgers() == ("0.00", "34200.00", "0.00")
    money.sound()

    money.invoiced(stage, order)
    offset = stage.cases(FLOW)[-1].id
    stage.do("confirm", "chenjing", "confirm", case=offset)
    assert stage.end(offset) == "offset_done"
    assert money.ledgers() == ("79800.00", "0.00", "0.00")
    assert db.session.scalars(db.select(Prepayment)).one().state == "已用完"
    assert not stage.incidents()
    money.sound()


def test_nothing_came_and_the_caller_is_told(stage: Stage):
    order = money.order(prepay="34200")
    case = collecting(stage, order)
    stage.go_to(TODAY + dt.timedelta(days=11))
    stage.do("chase", "zhangwei", "promise", case=case, chase_result="下周付",
             promise_date=dt.date(2026, 3, 25))  # fmt: skip
    stage.go_to(dt.datetime(2026, 3, 26, 6, 0, tzinfo=dt.UTC))
    stage.do("chase", "zhangwei", "promise", case=case, chase_result="再等等",
             promise_date=dt.date(2026, 3, 28))  # fmt: skip
    stage.go_to(dt.datetime(2026, 3, 29, 6, 0, tzinfo=dt.UTC))
    task = stage.task("chase", case)
    assert not stage.judge(task, "zhangwei", "promise", {
        "chase_result": "x", "promise_date": dt.date(2026, 4, 2)}).ok  # fmt: skip
    stage.wait(days=5)
    assert stage.end(case) == "not_received"
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()


def test_the_representative_gives_up(stage: Stage):
    case = collecting(stage, money.order(prepay="34200"))
    stage.go_to(TODAY + dt.timedelta(days=11))
    stage.do("chase", "zhangwei", "give_up", case=case, chase_result="不付了")
    assert stage.end(case) == "not_received"


def test_an_offset_beyond_the_balance_is_refused(stage: Stage):
    order = money.order()
    money.prepaid(order, "34200")
    money.invoiced(stage, order)
    case = stage.cases(FLOW)[-1].id
    stage.do("confirm", "chenjing", "confirm", case=case,
             proposal=[{"_row": 0, "amount": Decimal(40000)}])  # fmt: skip
    assert "只剩 34,200.00" in stage.seen(stage.task("confirm", case))["problems"]
    assert money.ledgers() == ("114000.00", "34200.00", "0.00")
    stage.wait(days=3)
    assert "liuyang" in [one.value for one in stage.task("confirm", case).candidates]
    stage.do("confirm", "chenjing", "skip", case=case)
    assert stage.end(case) == "skipped"
    money.sound()


def test_an_offset_beyond_what_is_open_is_refused(stage: Stage):
    order = money.order(qty=1)
    money.prepaid(order, "34200")
    money.invoiced(stage, order)
    case = stage.cases(FLOW)[-1].id
    stage.do("confirm", "chenjing", "confirm", case=case,
             proposal=[{"_row": 0, "amount": Decimal(12000)}])  # fmt: skip
    assert "未收 11,400.00" in stage.seen(stage.task("confirm", case))["problems"]
    stage.do("confirm", "chenjing", "confirm", case=case,
             proposal=[{"_row": 0, "amount": Decimal(11400)}])  # fmt: skip
    assert stage.end(case) == "offset_done"
    assert stage.variables(case)["cleared"] == []
    money.sound()


def test_a_free_balance_clears_the_plan_row_of_the_order(stage: Stage):
    order = money.order(qty=1)
    money.prepaid(None, "20000")
    money.invoiced(stage, order)
    watching = stage.start("p_051_03_08", "xufeng", mode="plan", plan_row=f"{order.number}-1")
    case = stage.cases(FLOW)[-1].id
    stage.do("confirm", "chenjing", "confirm", case=case)
    assert stage.variables(case)["cleared"] == [f"{order.number}-1"]
    assert stage.end(watching) == "not_needed"
    assert money.ledgers() == ("0.00", "8600.00", "0.00")
    money.sound()


def test_money_without_an_order_is_reviewed(stage: Stage):
    case = register(stage, "500", payer="恒远母公司")
    stage.do("review", "chenjing", "return", case=case, comment="附说明")
    stage.do("register", "xufeng", case=case)
    stage.do("review", "chenjing", "approve", case=case)
    assert stage.end(case) == "registered"
    assert money.ledgers() == ("0.00", "500.00", "0.00")
    again = register(stage, "500")
    assert "已经登记过" in stage.seen(stage.task("register", again))["problems"]
    money.sound()


def test_enough_was_prepaid_already(stage: Stage):
    order = money.order(prepay="34200")
    money.prepaid(order, "34200")
    case = collecting(stage, order)
    assert stage.end(case) == "satisfied"
    assert stage.variables(case)["result"] == "预收已满足"


def test_a_part_keeps_it_waiting_and_a_cancelled_order_ends_it(stage: Stage):
    order = money.order(prepay="34200")
    case = collecting(stage, order)
    register(stage, "30000", order)
    assert stage.path(case)[-1] == "wait_money"
    assert stage.variables(case)["missing"] == 4200
    stage.message("msg_order_cancelled", order.number)
    assert stage.end(case) == "cancelled"
    money.sound()


def idle(stage: Stage, days: int = 200) -> int:
    """The first of the month after `days`; the cleaning that began then."""
    stage.go_to(TODAY + dt.timedelta(days=days))
    running = [case.id for case in stage.cases(FLOW) if not stage.ended(case.id)]
    assert len(running) == 1, running
    return running[0]


def test_an_idle_balance_is_moved_to_another_order(stage: Stage):
    old = money.order(qty=3)
    money.prepaid(old, "34200")
    new, foreign = money.order(qty=4), money.order(qty=1, customer=money.MINGDA)
    case = idle(stage, 113)
    number = db.session.scalars(db.select(Prepayment)).one().number
    stage.do(
        "clean", "chenjing", "transfer", case=case, target_order=foreign.number, reason="用在这"
    )
    stage.do("approve_transfer", "liuyang", "approve", case=case)
    assert "不是同一客户" in stage.seen(stage.task("clean", case))["problems"]
    stage.do("clean", "chenjing", "transfer", case=case, target_order=new.number, reason="用在这")
    stage.do("approve_transfer", "liuyang", "reject", case=case, comment="再想想")
    stage.do("clean", "chenjing", "transfer", case=case, target_order=new.number, reason="用在这")
    stage.do("approve_transfer", "liuyang", "approve", case=case)
    assert stage.record("prepayment", number).state == "已转出"
    moved = db.session.scalars(db.select(PrepayTransfer)).one()
    assert moved.amount == 34200
    assert money.ledgers() == ("0.00", "34200.00", "0.00")
    money.sound()


def test_an_idle_balance_is_kept_or_refunded(stage: Stage):
    money.prepaid(None, "1000")
    money.prepaid(None, "2000", "B-0002")
    case = idle(stage, 113)
    first, second = stage.tasks("clean", case)
    for task, verb in ((first, "keep"), (second, "refund")):
        stage.complete(
            task, "chenjing", {**stage.seen(task), "outcome": verb, "reason": "客户要求"}
        )
    assert stage.open(case) == ["apply"]
    stage.complete(stage.task("apply", case), "chenjing", {"outcome": "withdraw"})
    assert stage.ended(case), stage.incidents()
    assert {"kept_on", "refunded"} <= set(stage.path(case))
    money.sound()


def test_a_young_balance_is_left_alone(stage: Stage):
    money.prepaid(None, "1000")
    stage.go_to(TODAY + dt.timedelta(days=25))
    case = stage.cases(FLOW)[-1].id
    assert stage.end(case) == "cleaned"
    assert "kept" in stage.path(case)


def test_an_outsider_does_nothing(stage: Stage):
    with pytest.raises(errors.NotAllowed):
        stage.start(FLOW, "baijie")
