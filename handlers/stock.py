"""库存：可承诺量、占用、出库、拒收和退货入库，以及它们的冲销（051-03-04 … 051-03-06）。"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.records import write
from app.records.delivery import Delivery, DeliveryLine
from app.records.product import Product
from app.records.sales_order import OrderLine
from app.records.sales_return import ReturnLine
from app.records.stock_move import StockMove
from handlers import goods, order_book, steps

LEAD_DAYS = 7  # how long a standard product takes when stock has to be made up
STANDARD_TYPES = ("设备", "配件", "游艇", "软件", "系统", "服务")


@handler(outputs=("atp", "atp_gap_days", "lines", "custom_made"), pure=True)
def check_atp(step: Step, *, lines: list, warehouse: str = goods.HOME) -> dict[str, Any]:
    """可承诺量检查：每行能用现货承诺多少，交期差几天。

    Each line gets `free` (what stock can promise now), `category` and `needs_install` for the
    later tables. `atp_gap_days` is how many days after the promised date the worst line could be
    made up: 0 when stock covers it or the promised date leaves LEAD_DAYS; made-to-order products
    are promised by their project.
    """
    today, left, found, worst = steps.today(step), {}, [], 0
    for line in lines:
        product = write.need("product", line["product"])
        free = left.get(product.id, goods.available(product.id, warehouse))
        qty = Decimal(line["qty"])
        left[product.id] = free - min(free, qty)
        gap = 0 if product.custom_made or free >= qty else _gap(line.get("promised_date"), today)
        worst = max(worst, gap)
        found.append({**line, "free": min(free, qty), "category": category_of(product),
                      "needs_install": False})  # fmt: skip
    made = any(write.need("product", line["product"]).custom_made for line in lines)
    atp = [{"product": one["product"], "qty": one["qty"], "free": one["free"]} for one in found]
    return {"atp": atp, "atp_gap_days": worst, "lines": found, "custom_made": made}


def _gap(promised: Any, today: date) -> int:
    if not promised:
        return LEAD_DAYS
    day = promised if isinstance(promised, date) else date.fromisoformat(str(promised)[:10])
    return max(0, (today + timedelta(days=LEAD_DAYS) - day).days)


def category_of(product: Product) -> str:
    """The product type as `delivery_mode_rule` knows it; what it does not know is a spare part."""
    return product.category if product.category in STANDARD_TYPES else "配件"


def lines_of(delivery: Delivery) -> list[DeliveryLine]:
    """The lines of a note, oldest first."""
    query = sa.select(DeliveryLine).where(DeliveryLine.delivery_id == delivery.id)
    return list(db.session.scalars(query.order_by(DeliveryLine.id)))


@handler(outputs=("problems",))
def reserve(step: Step, *, delivery_no: str) -> dict[str, Any]:
    """占用库存：订单已预留的留着用，不够的再占用；发货单进入待拣货。

    Natural key: the note's line. Raises E_STOCK_SHORT (051-03-05 step 05.06).
    """
    delivery = write.need("delivery", delivery_no)
    with db.session.begin_nested():  # a shortage of the last line leaves nothing reserved
        for line in lines_of(delivery):
            if not goods.moves(delivery.number, ("预留",), line.id):
                _reserve_line(step, delivery, line)
    write.move(delivery, "待拣货", **steps.writing(step))
    return {"problems": None}


def _reserve_line(step: Step, delivery: Delivery, line: DeliveryLine) -> None:
    missing = line.qty
    ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
    if delivery.source == "订单":
        taken = order_book.noted([ordered.id], but=delivery.id).get(ordered.id, goods.NONE)
        missing = max(goods.NONE, line.qty - max(goods.NONE, ordered.q_reserved - taken))
    if not missing:
        return
    goods.post(step, "预留", line.product_id, missing, doc=delivery.number, line=line.id,
               warehouse=delivery.warehouse, reserved=1)  # fmt: skip
    if delivery.source == "订单":
        write.change(ordered, {"q_reserved": ordered.q_reserved + missing}, **steps.writing(step))


@handler()
def unreserve(step: Step, *, delivery_no: str) -> None:
    """释放占用：发货单占用的库存放回，订单自己的预留不动；还没出库的发货单作废。"""
    delivery = write.need("delivery", delivery_no)
    lines = {line.id: line for line in lines_of(delivery)}
    if delivery.state not in ("已出库", "签收差异", "已签收"):
        for move in goods.moves(delivery.number, ("预留",)):
            goods.reverse(step, move, "释放")
            _give_back(step, delivery, lines[move.ref_line], move.qty)
    if delivery.state in order_book.ON_THE_WAY:
        write.move(delivery, "已取消", **steps.writing(step))


def _give_back(step: Step, delivery: Delivery, line: DeliveryLine, qty: Decimal) -> None:
    if delivery.source == "订单":
        ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
        left = max(goods.NONE, ordered.q_reserved - qty)
        write.change(ordered, {"q_reserved": left}, **steps.writing(step))


@handler(outputs=("shipped_at", "amount", "problems"))
def issue(step: Step, *, delivery_no: str) -> dict[str, Any]:
    """确认出库：现存和占用同时减少，订单行记已发；换货冲减待换货。

    Natural key: the note's line (its move 出库). Raises E_STOCK_SHORT (051-03-05 step 05.09).
    """
    delivery = write.need("delivery", delivery_no)
    with db.session.begin_nested():
        for line in lines_of(delivery):
            if not goods.moves(delivery.number, ("出库",), line.id):
                goods.post(step, "出库", line.product_id, line.qty, doc=delivery.number,
                           line=line.id, warehouse=delivery.warehouse, on_hand=-1,
                           reserved=-1)  # fmt: skip
                _count_shipped(step, delivery, line, 1)
    write.change(delivery, {"shipped_at": step.now}, **steps.writing(step))
    write.move(delivery, "已出库", **steps.writing(step))
    return {"shipped_at": step.now, "problems": None}


def _count_shipped(step: Step, delivery: Delivery, line: DeliveryLine, sign: int) -> None:
    ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
    qty = sign * line.qty
    if delivery.source == "换货":
        given: dict[str, Any] = {"exchange_due": ordered.exchange_due - qty}
    else:
        given = {"q_shipped": ordered.q_shipped + qty,
                 "q_reserved": max(goods.NONE, ordered.q_reserved - qty)}  # fmt: skip
    write.change(ordered, given, **steps.writing(step))


@handler()
def reverse_issue(step: Step, *, delivery_no: str) -> None:
    """冲销出库：承运退回的货重新入库并占用，订单行的已发扣回。"""
    delivery = write.need("delivery", delivery_no)
    lines = {line.id: line for line in lines_of(delivery)}
    for move in goods.moves(delivery.number, ("出库",)):
        goods.reverse(step, move)
        _count_shipped(step, delivery, lines[move.ref_line], -1)
    if delivery.state == "已出库":
        write.move(delivery, "待拣货", reason="承运退回", **steps.writing(step))


@handler(outputs=("problems",))
def receive_refused(step: Step, *, delivery_no: str) -> dict[str, Any]:
    """拒收入库：客户拒收的货放进待检，订单行记拒收，未发数量随之恢复。

    Natural key: the note's line (its move 拒收入库).
    """
    delivery = write.need("delivery", delivery_no)
    for line in lines_of(delivery):
        if line.refused and not goods.moves(delivery.number, ("拒收入库",), line.id):
            goods.post(step, "拒收入库", line.product_id, line.refused, doc=delivery.number,
                       line=line.id, warehouse=delivery.warehouse, bin=goods.HELD,
                       on_hand=1)  # fmt: skip
            _count_rejected(step, delivery, line, line.refused)
    write.move(delivery, "签收差异", **steps.writing(step))
    return {"problems": None}


def _count_rejected(step: Step, delivery: Delivery, line: DeliveryLine, qty: Decimal) -> None:
    ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
    if delivery.source == "换货":
        given: dict[str, Any] = {"exchange_due": ordered.exchange_due + qty}
    else:
        given = {"q_rejected": ordered.q_rejected + qty}
    write.change(ordered, given, **steps.writing(step))


@handler(outputs=("problems",))
def receive_return(step: Step, *, return_no: str, warehouse: str = goods.HOME) -> dict[str, Any]:
    """退货入库：良品进可用，待修进待检，报废进报废。

    Natural key: the return's line (its moves 退回入库); the return is 已入库 (051-03-06 step 06.11).
    """
    back = write.need("sales_return", return_no)
    for line in return_lines(back):
        if goods.moves(back.number, ("退回入库",), line.id):
            continue
        for bin, qty in ((goods.FREE, line.q_good), (goods.HELD, line.q_repair),
                         (goods.SCRAP, line.q_scrap)):  # fmt: skip
            if qty:
                goods.post(step, "退回入库", line.product_id, qty, doc=back.number, line=line.id,
                           warehouse=warehouse, bin=bin, on_hand=1)  # fmt: skip
    write.move(back, "已入库", **steps.writing(step))
    return {"problems": None}


@handler()
def reverse_return(step: Step, *, return_no: str) -> None:
    """冲销退货入库：每笔入库流水写一笔相反的流水。"""
    for move in goods.moves(return_no, ("退回入库",)):
        goods.reverse(step, move)


def return_lines(back: Any) -> list[ReturnLine]:
    """The lines of a return, oldest first."""
    query = sa.select(ReturnLine).where(ReturnLine.return_id == back.id)
    return list(db.session.scalars(query.order_by(ReturnLine.id)))


def morning(day: date, now: datetime) -> datetime:
    """Nine o'clock in Shanghai on a day, never before now."""
    return max(now, datetime.combine(day, time(1), now.tzinfo))


def issued(delivery: Delivery) -> bool:
    """Have the goods left the warehouse?"""
    query = sa.select(StockMove.id).where(
        StockMove.ref_doc == delivery.number, StockMove.kind == "出库"
    )
    return db.session.scalar(query.limit(1)) is not None
