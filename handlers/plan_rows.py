"""回款计划：各期已收多少，由这张订单的收款、预收和冲抵推算（不手工登记）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.records import write
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import ReceiptAllocation
from app.records.sales_order import ReceiptPlan, SalesOrder
from handlers import ledger, steps

DEAD = ("作废", "已核销", "待生效")


def rows_of(order: SalesOrder) -> list[ReceiptPlan]:
    """The live rows of an order: prepayments first, then by number of instalment."""
    query = sa.select(ReceiptPlan).where(
        ReceiptPlan.order_id == order.id, ReceiptPlan.state.not_in(DEAD)
    )
    rows = db.session.scalars(query.order_by(ReceiptPlan.seq).with_for_update())
    return sorted(rows, key=lambda row: (row.kind != "预收", row.seq))


def settle(step: Step, order: SalesOrder | None) -> list[dict[str, Any]]:
    """Every row of the order says what has been received for it; what changed is returned.

    Money that a clerk gave to a row counts there; the rest of what is paid on the order's
    invoices and of the prepayments that wait for it fills the rows in turn. Each result has
    plan_row, order_no, paid (the difference) and open.
    """
    if order is None:
        return []
    rows = rows_of(order)
    given = _allocated([row.id for row in rows])
    pool = _settled(order) + _prepaid(order) - sum(given.values(), ledger.ZERO)
    pool -= _written_off(order)
    changed = []
    for row in rows:
        own = min(given.get(row.id, ledger.ZERO), row.amount)
        more = max(min(row.amount - own, pool), ledger.ZERO)
        pool -= more
        changed += _note(step, row, own + more, order.number)
    return changed


def settle_contract(step: Step, plan_row: str | None) -> list[dict[str, Any]]:
    """The same for a row of a contract: prepayments that were taken for it."""
    row = write.find("receipt_plan", plan_row)
    if row is None or row.contract_no is None or row.state in DEAD:
        return []
    query = sa.select(sa.func.sum(Prepayment.amount)).where(
        Prepayment.source_no == row.number, Prepayment.state.not_in(("已退款", "已转出"))
    )
    came = db.session.scalar(query) or ledger.ZERO
    return _note(step, row, min(came, row.amount), None)


def _allocated(ids: list[int]) -> dict[int, Decimal]:
    each = ReceiptAllocation
    query = (
        sa.select(each.plan_id, sa.func.sum(each.amount + each.write_off))
        .where(each.plan_id.in_(ids), sa.not_(each.reversed))
        .group_by(each.plan_id)
    )
    return dict(tuple(row) for row in db.session.execute(query))


def _settled(order: SalesOrder) -> Decimal:
    query = sa.select(sa.func.sum(Invoice.gross - Invoice.open)).where(
        Invoice.order_id == order.id, Invoice.color == "蓝", Invoice.state.in_(ledger.BOOKED)
    )
    return db.session.scalar(query) or ledger.ZERO


def _written_off(order: SalesOrder) -> Decimal:
    query = sa.select(sa.func.sum(ReceiptPlan.amount)).where(
        ReceiptPlan.order_id == order.id, ReceiptPlan.state == "已核销"
    )
    return db.session.scalar(query) or ledger.ZERO


def _prepaid(order: SalesOrder) -> Decimal:
    """What was prepaid for the order and is not on one of its invoices yet."""
    mine = sa.select(Invoice.id).where(Invoice.order_id == order.id)
    tied = sa.select(Prepayment.id).where(Prepayment.order_id == order.id)
    left = sa.select(sa.func.sum(Prepayment.balance)).where(Prepayment.order_id == order.id)
    elsewhere = sa.select(sa.func.sum(PrepayOffset.amount)).where(
        PrepayOffset.prepayment_id.in_(tied), PrepayOffset.invoice_id.not_in(mine),
        sa.not_(PrepayOffset.reversed),
    )  # fmt: skip
    used = db.session.scalar(elsewhere) or ledger.ZERO
    return max((db.session.scalar(left) or ledger.ZERO) - used, ledger.ZERO)


def _note(
    step: Step, row: ReceiptPlan, received: Decimal, order_no: str | None
) -> list[dict[str, Any]]:
    before = row.received
    if before == received:
        return []
    how = steps.writing(step)
    write.change(row, {"received": received}, **how)
    if received >= row.amount:
        write.move(row, "已结清", **how)
    elif received > 0:
        write.move(row, "部分回款", **how)
    else:
        write.move(row, "待回款", **how)
    return [{"plan_row": row.number, "order_no": order_no, "paid": received - before,
             "open": row.amount - received}]  # fmt: skip


def cleared(changed: list[dict[str, Any]]) -> list[str]:
    """The numbers of those rows that are settled now."""
    return [one["plan_row"] for one in changed if one["open"] == 0]
