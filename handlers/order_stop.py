"""订单取消与挂起：查可否取消、取消余量、取消订单、信用停发（051-03-04 E1、E2、E4）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.customer import Customer
from app.records.prepayment import Prepayment
from app.records.receipt import ReceiptAllocation
from app.records.sales_order import ReceiptPlan, SalesOrder
from handlers import goods, order_book, order_fulfil, receivable, steps

NONE = Decimal(0)
BIG_ORDER = Decimal(100000)  # above it the director decides (051-03-04 step 04.E1a)


@handler(
    outputs=("shipped", "shipped_amount", "invoiced", "received", "cancel_approver", "cancel_facts",
             "cancel_requester", "cancel_refused", "cancel_reason", "cancel_round"),
    topic="order.check_cancellable", pure=True,
)  # fmt: skip
def check_cancellable(
    step: Step, *, order_no: str, cancel_reason: str | None = None, requester: str | None = None,
    starter: str | None = None, cancel_round: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """检查可否取消：已发、已开票、已收多少；由谁审批。"""
    order = write.need("sales_order", order_no)
    lines = order_book.lines_of(order)
    shipped = sum((line.q_shipped - line.q_rejected for line in lines), NONE)
    amount = sum((order_book.money((line.q_shipped - line.q_rejected) * line.price)
                  for line in lines), NONE)  # fmt: skip
    received = received_of(order)
    who = requester or starter or order.sales_rep_id
    return {
        "shipped": shipped, "shipped_amount": amount, "invoiced": order.invoiced_amount,
        "received": received, "cancel_requester": who, "cancel_refused": False,
        "cancel_reason": cancel_reason, "cancel_round": cancel_round + 1,
        "cancel_approver": "sales_director" if order.total > BIG_ORDER else "sales_manager",
        "cancel_facts": _facts(order, who, cancel_reason, shipped, amount, received),
    }  # fmt: skip


def received_of(order: SalesOrder) -> Decimal:
    """What the customer has paid for the order and has not got back: prepaid balance and money
    allocated to its instalments."""
    prepaid = sa.select(sa.func.sum(Prepayment.balance)).where(Prepayment.order_id == order.id)
    paid = (
        sa.select(sa.func.sum(ReceiptAllocation.amount))
        .join(ReceiptPlan, ReceiptPlan.id == ReceiptAllocation.plan_id)
        .where(ReceiptPlan.order_id == order.id, sa.not_(ReceiptAllocation.reversed))
    )
    return (db.session.scalar(prepaid) or NONE) + (db.session.scalar(paid) or NONE)


def _facts(
    order: SalesOrder, who: str, reason: str | None, shipped: Decimal, amount: Decimal,
    received: Decimal,
) -> list[dict[str, str]]:  # fmt: skip
    customer = db.session.get_one(Customer, order.customer_id)
    rows = [
        (_("订单"), order.number), (_("客户"), customer.name), (_("订单金额"), str(order.total)),
        (_("已发货"), f"{goods.shown(shipped)}（{amount}）"),
        (_("已开票"), str(order.invoiced_amount)), (_("已收款"), str(received)),
        (_("申请人"), steps.name_of(who) or ""), (_("取消原因"), reason or "—"),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in rows]


@handler(outputs=("open_to_ship", "total"), topic="order.cancel_open_qty")
def cancel_open_qty(
    step: Step, *, order_no: str, cancel_reason: str | None = None
) -> dict[str, Any]:
    """取消未发数量：还没发、也不在发货单上的数量取消，预留放回，金额和回款计划跟着减少。

    Short close: the order goes on to its end with what was shipped (051-03-04 E1).
    """
    order = write.need("sales_order", order_no)
    db.session.refresh(order, with_for_update=True)
    lines = order_book.lines_of(order)
    noted = order_book.noted(line.id for line in lines)
    how = steps.writing(step) | {"reason": cancel_reason or ""}
    for line in lines:
        on_note = noted.get(line.id, NONE)
        left = line.open_to_ship - on_note
        if left > 0:
            order_fulfil.free_line(step, order, line, line.q_reserved - on_note)
            write.change(line, {"q_cancelled": line.q_cancelled + left}, **how)
    order_book.set_total(step, order)
    receivable.rebalance(step, order)
    order_book.note_progress(step, order)
    return {"open_to_ship": order_book.open_to_ship(lines), "total": order.total}


@handler(outputs=("result",), topic="order.cancel")
def cancel(step: Step, *, order_no: str, cancel_reason: str | None = None) -> dict[str, Any]:
    """取消订单：占用都已释放，订单结束。"""
    order = write.need("sales_order", order_no)
    write.move(order, "已取消", reason=cancel_reason or "", **steps.writing(step))
    return {"result": "已取消"}


@handler(topic="order.hold")
def hold(step: Step, *, order_no: str) -> None:
    """挂起订单：客户信用停发，恢复以前不再发货。"""
    order = write.need("sales_order", order_no)
    if order.state in ("已生效", "履约中"):
        write.move(order, "挂起", reason="信用停发", **steps.writing(step))


@handler(topic="order.unhold")
def unhold(step: Step, *, order_no: str) -> None:
    """恢复订单：信用恢复，继续履约。"""
    order = write.need("sales_order", order_no)
    if order.state == "挂起":
        state = "履约中" if order.released else "已生效"
        write.move(order, state, reason="信用恢复", **steps.writing(step))
