"""One order through all its flows: quotation, prepayment, delivery, invoice, receipt, return, red
invoice, refund; the ledger after each step is the worked one (records_sales §10)."""

import datetime as dt
from decimal import Decimal

from app.records import exposure
from tests.flows import money, trade
from tests.flows import test_051_03_06 as returning
from tests.flows import test_051_03_09 as refunding
from tests.flows.orders import deliver, from_quote, number, order
from tests.flows.stage import Stage
from tests.flows.test_051_03_10 import register

ZERO = "0.00"


def standing(stage: Stage, case: int) -> tuple[str, str, str, Decimal]:
    """(应收, 预收, 应退, exposure)."""
    return (*money.ledgers(), exposure.of([order(stage, case).customer_id]))


def invoiced(stage: Stage, case: int) -> None:
    stage.do("review", "chenjing", "approve", case=case)
    money.issue(stage, case, "20260001")
    stage.do("send_paper", "chenjing", case=case, sent_at=dt.date(2026, 3, 10), sent_way="快递",
             tracking_no="SF1")  # fmt: skip


def test_from_the_quotation_to_the_refund(stage: Stage):
    case = from_quote(stage)
    assert standing(stage, case) == (ZERO, ZERO, ZERO, 114000)
    assert trade.stock() == (30, 10)

    register(stage, "34200", order(stage, case))
    assert standing(stage, case) == (ZERO, "34200.00", ZERO, 79800)
    assert order(stage, case).released

    deliver(stage, case)
    assert trade.stock() == (20, 0)
    assert standing(stage, case) == (ZERO, "34200.00", ZERO, 79800)

    invoiced(stage, case)
    assert standing(stage, case) == ("114000.00", "34200.00", ZERO, 79800)
    (offset,) = [one.id for one in stage.cases("p_051_03_10") if stage.tasks("confirm", one.id)]
    stage.do("confirm", "chenjing", "confirm", case=offset)
    assert standing(stage, case) == ("79800.00", ZERO, ZERO, 79800)
    stage.message("msg_invoice_received", "20260001")

    paid = money.receive(stage, "79800")
    stage.do("allocate", "chenjing", case=paid)
    assert standing(stage, case) == (ZERO, ZERO, ZERO, 0)
    assert stage.end(case) == "done"
    assert order(stage, case).state == "已完成"
    money.sound()

    came_back(stage, case)
    assert standing(stage, case) == (ZERO, ZERO, ZERO, 0)
    assert trade.stock() == (21, 0)
    assert trade.stock(bin="报废") == (1, 0)
    line = trade.line(number(stage, case))
    assert (line.q_delivered - line.q_returned, line.q_invoiced) == (8, 8)
    assert not stage.incidents()
    money.sound()


def came_back(stage: Stage, case: int) -> None:
    """Two of ten come back: one good, one scrap; 22,800 are paid back."""
    back = returning.agreed(stage, returning.ask(stage, number(stage, case), 2), "wangqiang")
    returning.arrived(stage, back, 2)
    returning.inspected(stage, back, good_qty=1, scrap_qty=1)
    refunding.approve_red(stage, back, "20260002")
    if stage.tasks("send_paper", back):
        stage.do("send_paper", "chenjing", case=back, sent_at=dt.date(2026, 3, 10),
                 sent_way="快递", tracking_no="SF2")  # fmt: skip
        stage.message("msg_invoice_received", "20260002")
    assert money.ledgers() == (ZERO, ZERO, "22800.00")
    stage.do("apply", "machao", "submit", case=back, amount=Decimal(22800), reason="客户退货")
    stage.do("check", "chenjing", "pay", case=back, source_ok=True)
    for login in ("wangqiang", "liuyang"):
        stage.do("approve", login, "approve", case=back)
    refunding.pay(stage, back)
    refunding.answer(stage, True)
    assert stage.end(back) == "done"
