"""订单台账：订单行、金额和交付进度，供订单、交付、退货各流程共用。"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.records import write
from app.records.delivery import Delivery, DeliveryLine
from app.records.product import Product
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder
from handlers import steps

CENT = Decimal("0.01")
NONE = Decimal(0)
BEFORE_DELIVERY = ("签约", "发货前")  # plan rows that are collected before anything is shipped
ON_THE_WAY = ("草稿", "待放行", "暂缓", "待拣货")  # notes whose goods are still in the warehouse


def lines_of(order: SalesOrder) -> list[OrderLine]:
    """The lines of an order in their order, locked until the transaction ends."""
    query = sa.select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.seq)
    return list(db.session.scalars(query.with_for_update()))


def products_of(lines: Iterable[Any]) -> dict[int, Product]:
    """{product id: product} of some lines, in one query."""
    ids = {line.product_id for line in lines}
    query = sa.select(Product).where(Product.id.in_(ids))
    return {product.id: product for product in db.session.scalars(query)}


def plan_of(order: SalesOrder, *, live: bool = True) -> list[ReceiptPlan]:
    """The plan rows of an order by number of instalment; without those that are void."""
    query = sa.select(ReceiptPlan).where(ReceiptPlan.order_id == order.id)
    if live:
        query = query.where(ReceiptPlan.state != "作废")
    return list(db.session.scalars(query.order_by(ReceiptPlan.seq)))


def noted(line_ids: Iterable[int], *, but: int | None = None) -> dict[int, Decimal]:
    """{order line id: quantity on notes that have not left the warehouse}, one note left out."""
    query = (
        sa.select(DeliveryLine.order_line_id, sa.func.sum(DeliveryLine.qty))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(DeliveryLine.order_line_id.in_(list(line_ids)), Delivery.source == "订单",
               Delivery.state.in_(ON_THE_WAY))
        .group_by(DeliveryLine.order_line_id)
    )  # fmt: skip
    if but is not None:
        query = query.where(Delivery.id != but)
    return dict(tuple(row) for row in db.session.execute(query))


def open_to_ship(lines: Iterable[OrderLine]) -> Decimal:
    """What must still leave the warehouse, over all lines."""
    return sum((line.open_to_ship for line in lines), NONE)


def money(value: Any) -> Decimal:
    """Half up to the cent."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


def set_total(step: Step, order: SalesOrder) -> Decimal:
    """The order's total follows from its lines (invariant 7)."""
    amounts = sum((line.amount for line in lines_of(order)), NONE)
    total = money(amounts - order.discount + order.freight)
    write.change(order, {"total": total}, **steps.writing(step))
    return total


def note_progress(step: Step, order: SalesOrder) -> None:
    """Delivered amount and delivery state of the order follow from its lines."""
    lines = lines_of(order)
    delivered = sum((money(line.q_delivered * line.price) for line in lines), NONE)
    wanted = sum((line.q_ordered - line.q_cancelled for line in lines), NONE)
    arrived = sum((line.q_delivered for line in lines), NONE)
    status = "未交付" if not arrived else "全部" if arrived >= wanted else "部分"
    given = {"delivered_amount": delivered, "delivery_status": status}
    write.change(order, given, **steps.writing(step))
