"""Reports of 051-03-05: progress, punctuality, what is under way, what is missing."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import clock, workspace
from app.i18n import _l
from app.records.customer import Customer
from app.records.delivery import Delivery, DeliveryLine
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from app.records.warehouse_stock import WarehouseStock
from app.reports import columns as c
from app.reports import spans
from app.reports.of_orders import midnight
from app.reports.of_sales import RUNNING
from app.reports.report import STOCK, Ask, Chart, Link, Report, Row, count_if, share, to, within

BY = {"month": _l("月份"), "warehouse": _l("仓库"), "product": _l("产品"), "customer": _l("客户")}
LEFT = ("已出库", "签收差异", "已签收")
NOTHING = Decimal(0)


def progress(ask: Ask) -> sa.Select[Any]:
    """Each order that is not delivered: how much of it left and was signed for (R05-1)."""
    line, order, buyer = OrderLine, SalesOrder, Customer
    kept = line.q_ordered - line.q_cancelled
    open_ = kept - line.q_shipped + line.q_rejected
    late = (open_ > 0) & (line.promised_date < ask.today)
    return (
        sa.select(
            order.number.label("order_no"), buyer.name.label("customer"),
            order.sales_rep_id.label("person"), sa.func.count().label("lines"),
            _pieces(kept, line).label("ordered"), _pieces(line.q_shipped, line).label("shipped"),
            _pieces(line.q_delivered, line).label("signed"), _pieces(open_, line).label("open"),
            sa.func.min(sa.case((open_ > 0, line.promised_date))).label("next"),
            count_if(late).label("late"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(RUNNING),
               order.delivery_status != "全部", *ask.period.days(order.order_date),
               *ask.found(order.number, buyer.name))
        .group_by(order.id, order.number, buyer.name, order.sales_rep_id)
        .order_by(sa.func.min(sa.case((open_ > 0, line.promised_date))).nulls_last(), order.id)
    )  # fmt: skip


def _pieces(value: Any, line: Any) -> Any:
    return sa.type_coerce(sa.func.sum(value), line.q_ordered.type)


def rate_progress(row: Row) -> None:
    """Signed of ordered."""
    row["rate"] = share(row["signed"], row["ordered"])


def punctual(ask: Ask) -> sa.Select[Any]:
    """Lines that left: by the promised day, and how much of them was accepted (R05-2)."""
    sent, note, line = DeliveryLine, Delivery, OrderLine
    goods, buyer = Product, Customer
    keys = {
        "month": [spans.month(note.shipped_at).label("key")],
        "warehouse": [note.warehouse.label("key")],
        "product": [goods.name.label("key"), goods.number.label("number")],
        "customer": [buyer.name.label("key"), buyer.number.label("number")],
    }[ask.chosen["by"]]  # fmt: skip
    after = spans.days(line.promised_date, note.shipped_at)
    return (
        sa.select(
            *keys, sa.func.count().label("count"),
            sa.func.count(line.promised_date).label("promised"),
            count_if(after < midnight()).label("in_time"),
            sa.func.sum(sent.qty).label("qty"), sa.func.sum(sent.accepted).label("accepted"),
            sa.func.sum(sent.refused).label("refused"),
            sa.func.sum(sent.missing).label("missing"),
        )
        .select_from(sent)
        .join(note, sent.delivery_id == note.id)
        .join(line, sent.order_line_id == line.id)
        .join(goods, sent.product_id == goods.id)
        .join(buyer, note.customer_id == buyer.id)
        .where(*within(ask, note, person=buyer.owner_id, department=buyer.department_id),
               note.state.in_(LEFT), *ask.period.moments(note.shipped_at))
        .group_by(*keys)
        .order_by(keys[0] if ask.chosen["by"] == "month" else sa.desc("count"), keys[0])
    )  # fmt: skip


def rate_punctual(row: Row) -> None:
    """In time of those with a promise; accepted of what is decided."""
    row["rate"] = share(row["in_time"], row["promised"])
    judged = sum((row[name] or NOTHING) for name in ("accepted", "refused", "missing"))
    row["filled"] = share(row["accepted"], judged)


def of_punctual(row: Row, ask: Ask) -> Link:
    """The deliveries behind the row; the product's page."""
    by = ask.chosen["by"]
    if by == "product":
        return "product", {"key": row["number"]}
    if by == "month":
        first, last = spans.bounds(row["key"])
        return "delivery", {"shipped_at.from": first, "shipped_at.to": last}
    if by == "warehouse":
        return "delivery", {"warehouse": row["key"]}
    return "delivery", {"customer_id": row["number"]}


def under_way(ask: Ask) -> sa.Select[Any]:
    """What left the warehouse and nobody signed for yet (R05-3)."""
    note, sent, order, buyer = Delivery, DeliveryLine, SalesOrder, Customer
    pieces = (
        sa.select(sa.func.sum(sent.qty))
        .where(sent.delivery_id == note.id)
        .correlate(note)
        .scalar_subquery()
    )
    return (
        sa.select(
            note.number.label("number"), buyer.name.label("customer"),
            order.number.label("order_no"), note.carrier.label("carrier"),
            note.tracking_no.label("tracking"), note.shipped_at.label("shipped"),
            spans.days(note.shipped_at, clock.now()).label("days"), pieces.label("qty"),
            note.state.label("state"),
        )
        .join(order, note.order_id == order.id)
        .join(buyer, note.customer_id == buyer.id)
        .where(*within(ask, note, person=order.sales_rep_id, department=order.department_id),
               note.state.in_(("已出库", "签收差异")),
               *ask.found(note.number, order.number, buyer.name, note.tracking_no))
        .order_by(note.shipped_at, note.id)
    )  # fmt: skip


def shortage(ask: Ask) -> sa.Select[Any]:
    """Products of which more is still to be shipped than lies there (R05-4)."""
    line, order, goods, stock = OrderLine, SalesOrder, Product, WarehouseStock
    open_ = line.q_ordered - line.q_cancelled - line.q_shipped + line.q_rejected
    wanted = (
        sa.select(
            line.product_id, sa.func.count(order.id.distinct()).label("orders"),
            sa.func.sum(open_).label("open"), sa.func.sum(line.q_reserved).label("reserved"),
            sa.func.min(line.promised_date).label("first"),
            count_if(line.promised_date < ask.today).label("late"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(RUNNING), open_ > 0)
        .group_by(line.product_id)
        .subquery()
    )  # fmt: skip
    there = (
        sa.select(stock.product_id, sa.func.sum(stock.on_hand - stock.reserved).label("free"))
        .where(stock.workspace_id == workspace.current(), stock.bin == "可用")
        .group_by(stock.product_id)
        .subquery()
    )
    free = sa.func.coalesce(there.c.free, 0)
    short = wanted.c.open - wanted.c.reserved - free
    kind = line.q_ordered.type
    return (
        sa.select(
            goods.name.label("product"), goods.number.label("product_no"), wanted.c.orders,
            sa.type_coerce(wanted.c.open, kind).label("open"),
            sa.type_coerce(wanted.c.reserved, kind).label("reserved"),
            sa.type_coerce(free, kind).label("free"), sa.type_coerce(short, kind).label("short"),
            wanted.c.first, wanted.c.late,
        )
        .join(wanted, wanted.c.product_id == goods.id)
        .outerjoin(there, there.c.product_id == goods.id)
        .where(goods.workspace_id == workspace.current(), short > 0,
               *ask.found(goods.name, goods.number))
        .order_by(short.desc(), goods.number)
    )  # fmt: skip


REPORTS = (
    Report("051-03/R05-1", _l("交付进度"), _l("还没交完的订单发了多少、签了多少，下一批什么时候。"),
           (c.ORDER, c.BUYER, c.SELLER, c.count("lines", _l("行数")),
            c.qty("ordered", _l("订购")), c.qty("shipped", _l("已发货")),
            c.qty("signed", _l("签收")), c.qty("open", _l("待发")), c.day("next", _l("下一交期")),
            c.count("late", _l("过期行")), c.rate("rate", _l("签收率"))),
           progress, STOCK, Chart("sums", "", ("ordered", "shipped", "signed")), rate_progress,
           to("sales_order", key="order_no"), finds=_l("订单、客户")),
    Report("051-03/R05-2", _l("准时率与满足率"), _l("发货是不是按交期，发的货客户收了多少。"),
           (c.KEY, c.count("count", _l("发货行数")), c.count("promised", _l("有交期")),
            c.count("in_time", _l("准时")), c.rate("rate", _l("准时率")),
            c.qty("qty", _l("发货数量")), c.qty("accepted", _l("签收")),
            c.qty("refused", _l("拒收")), c.qty("missing", _l("短少")),
            c.rate("filled", _l("满足率"))),
           punctual, STOCK, Chart("bars", "key", ("rate",)), rate_punctual, of_punctual,
           {"by": BY}),
    Report("051-03/R05-3", _l("在途与未签收"), _l("发出去还没有人签收的货。"),
           (c.text("number", _l("发货单")), c.BUYER, c.ORDER, c.text("carrier", _l("承运")),
            c.text("tracking", _l("运单号")), c.day("shipped", _l("出库")),
            c.days("days", _l("在途天数")), c.qty("qty", _l("数量")), c.STATE),
           under_way, STOCK, Chart("bars", "number", ("days",)),
           link=to("delivery", key="number"), dated=False,
           finds=_l("发货单、订单、客户、运单号")),
    Report("051-03/R05-4", _l("缺货统计"), _l("订单要发、仓库里没有的产品差多少。"),
           (c.PRODUCT, c.count("orders", _l("等货订单")), c.qty("open", _l("待发")),
            c.qty("reserved", _l("已预留")), c.qty("free", _l("可用")), c.qty("short", _l("缺口")),
            c.day("first", _l("最早交期")), c.count("late", _l("过期行"))),
           shortage, STOCK, Chart("bars", "product", ("short",)),
           link=to("warehouse_stock", product_id="product_no"), dated=False,
           finds=_l("产品")),
)  # fmt: skip
