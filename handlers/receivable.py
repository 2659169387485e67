"""应收：回款计划的到期日和应收额（051-03-05、051-03-06、051-03-07）。"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from app.engine.handlers import Step, handler
from app.records import write
from app.records.sales_order import ReceiptPlan, SalesOrder
from handlers import order_book, steps

AFTER_DAYS = re.compile(r"(\d+)")
# what a plan row waits for: its due date is fixed when this has happened
WAITS_FOR = {"发货后N天": "delivered", "验收": "delivered", "开票后N天": "invoiced"}


@handler(outputs=("plan_rows",))
def set_due(
    step: Step, *, order_no: str | None = None, due_event: str = "delivered",
    plan_row: str | None = None, due_date: dt.date | None = None,
) -> dict[str, Any]:  # fmt: skip
    """确定到期日：发货、验收或开票之后，计划行按规则得到到期日，并通知等待的收款。

    One `msg_due_set` per row (key: the row's number). Without `plan_row` every open row of the
    order without a due date that waits for `due_event`; a row keeps the date it has (051-03-07).
    """
    rows = [write.need("receipt_plan", plan_row)] if plan_row else _waiting(order_no, due_event)
    told = []
    for row in rows:
        if row.due_date is None:
            day = due_date or steps.today(step) + dt.timedelta(days=days_after(row))
            write.change(row, {"due_date": day}, **steps.writing(step))
            step.send("msg_due_set", row.number, {"due_date": day})
            told.append(row.number)
    return {"plan_rows": told}


def _waiting(order_no: str | None, event: str) -> list[ReceiptPlan]:
    order = write.find("sales_order", order_no)
    if order is None:
        return []
    return [row for row in order_book.plan_of(order)
            if row.due_date is None and WAITS_FOR.get(row.basis, "delivered") == event]  # fmt: skip


def days_after(row: ReceiptPlan) -> int:
    """The days that the row's rule names ("发货后 30 天"); 0 if it names none."""
    found = AFTER_DAYS.search(row.due_rule or "")
    return int(found.group(1)) if found else 0


@handler(outputs=("reduced",))
def reduce(
    step: Step, *, return_no: str | None = None, order_no: str, reduce_by: Decimal | None = None
) -> dict[str, Any]:
    """减少应收：没有开过票的退货，从最后一期起减少回款计划；减到零的一期作废。

    Natural key: the return (a second call for it changes nothing). Only what is not received yet
    can be reduced; `reduced` is how much it was (051-03-06 step 06.13).
    """
    order = write.need("sales_order", order_no)
    left = Decimal(reduce_by or 0)
    wanted = left
    for row in reversed(order_book.plan_of(order)):
        take = min(left, row.open)
        if take > 0:
            _lower(step, row, take, return_no)
            left -= take
    return {"reduced": wanted - left}


def rebalance(step: Step, order: SalesOrder) -> None:
    """The live plan rows sum up to the order's total again (invariant 17): less is taken from the
    last open rows, more is put on the last row that can take it, else on a new one."""
    rows = order_book.plan_of(order)
    if not rows:
        return
    over = sum((row.amount for row in rows), Decimal(0)) - order.total
    for row in reversed(rows):
        take = min(over, row.open)
        if take > 0:
            _lower(step, row, take, order.number)
            over -= take
    if over < 0:
        _raise(step, order, rows, -over)


def _raise(step: Step, order: SalesOrder, rows: list[ReceiptPlan], amount: Decimal) -> None:
    takers = [row for row in rows if row.state in ("待生效", "待回款", "部分回款", "逾期")]
    if takers:
        write.change(takers[-1], {"amount": takers[-1].amount + amount}, **steps.writing(step))
        return
    last = rows[-1]
    given = {
        "order_id": order.id, "customer_id": order.customer_id, "seq": next_seq(order),
        "kind": "应收", "basis": "固定日期", "amount": amount, "due_rule": last.due_rule,
        "due_date": steps.today(step), "owner_id": order.sales_rep_id,
        "department_id": order.department_id,
    }  # fmt: skip
    row = write.create("receipt_plan", given, number=f"{order.number}-{given['seq']}",
                       **steps.writing(step))  # fmt: skip
    write.move(row, "待回款", **steps.writing(step))


def next_seq(order: SalesOrder) -> int:
    """The number of the next instalment."""
    return max((row.seq for row in order_book.plan_of(order, live=False)), default=0) + 1


def _lower(step: Step, row: ReceiptPlan, take: Decimal, return_no: str | None) -> None:
    how = steps.writing(step) | {"reason": return_no or ""}
    if take < row.amount:
        write.change(row, {"amount": row.amount - take}, **how)
        if row.open == 0 and row.received:
            write.move(row, "已结清", **how)
        return
    write.move(row, "作废", **how)
    step.send("msg_receivable_cleared", row.number, {"reason": return_no})
