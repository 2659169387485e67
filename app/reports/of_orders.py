"""Reports of 051-03-04: lines of running orders, approval, price kept, promise kept, changes."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock, workspace
from app.i18n import _l
from app.records import calendar
from app.records.customer import Customer
from app.records.delivery import Delivery, DeliveryLine
from app.records.product import Product
from app.records.sales_order import OrderChange, OrderLine, SalesOrder
from app.reports import columns as c
from app.reports import exact, of_approvals, spans
from app.reports.of_customers import SIGNED
from app.reports.of_sales import RUNNING
from app.reports.report import (
    MONEY,
    STOCK,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    to,
    within,
)

BY = {"month": _l("月份"), "person": _l("业务员"), "customer": _l("客户")}
KEPT_BY = BY | {"product": _l("产品")}


def keys(ask: Ask, when: Any) -> list[Any]:
    """What a report on orders is grouped by; `when` is the day that months are made of."""
    order, goods, buyer = SalesOrder, Product, Customer
    return {
        "month": [spans.month_of(when).label("key")],
        "person": [order.sales_rep_id.label("key")],
        "customer": [buyer.name.label("key"), buyer.number.label("number")],
        "product": [goods.name.label("key"), goods.number.label("number")],
    }[ask.chosen["by"]]  # fmt: skip


def of_keys(row: Row, ask: Ask) -> Link:
    """The orders of the month, person or customer; the product's page."""
    by = ask.chosen["by"]
    if by == "product":
        return "product", {"key": row["number"]}
    if by == "month":
        first, last = spans.bounds(row["key"])
        return "sales_order", {"order_date.from": first, "order_date.to": last}
    if by == "person":
        return "sales_order", {"sales_rep_id": row["key"]}
    return "sales_order", {"customer_id": row["number"]}


def in_order(ask: Ask, first: Any) -> Any:
    """Months as they come, everything else by what there is most of."""
    return first if ask.chosen["by"] == "month" else sa.desc("count")


def lines(ask: Ask) -> sa.Select[Any]:
    """Each line of a running order: shipped, signed, returned, invoiced, what comes next (R04-1)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    open_ = line.q_ordered - line.q_cancelled - line.q_shipped + line.q_rejected
    next_ = sa.case(
        (order.state == "挂起", "已挂起"), (open_ > 0, "等发货"),
        (line.q_delivered + line.q_rejected < line.q_shipped, "等签收"),
        ((order.invoice_kind != "不开票") & (line.q_invoiced < line.q_delivered - line.q_returned),
         "等开票"),
        (order.receipt_status != "全部", "等收款"), else_="等关闭",
    )  # fmt: skip
    return (
        sa.select(
            order.number.label("order_no"), line.seq.label("seq"),
            buyer.name.label("customer"), goods.name.label("product"),
            order.sales_rep_id.label("person"), line.promised_date.label("promised"),
            (line.q_ordered - line.q_cancelled).label("ordered"), line.q_shipped.label("shipped"),
            line.q_delivered.label("signed"), line.q_returned.label("returned"),
            line.q_invoiced.label("invoiced"), order.receipt_status.label("paid"),
            next_.label("next"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(RUNNING),
               *ask.period.days(order.order_date),
               *ask.found(order.number, buyer.name, goods.name))
        .order_by(order.order_date.desc(), order.id.desc(), line.seq)
    )  # fmt: skip


def conformity(ask: Ask) -> sa.Select[Any]:
    """Lines that were sold at the price that held for them, or under or over it (R04-3, O6)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    found = keys(ask, order.order_date)
    kept = line.q_ordered - line.q_cancelled
    return (
        sa.select(
            *found, sa.func.count().label("count"),
            count_if(line.price == line.resolved_price).label("equal"),
            count_if(line.price > line.resolved_price).label("above"),
            count_if(line.price < line.resolved_price).label("below"),
            count_if(line.price < sa.func.coalesce(goods.floor_price, 0)).label("under_floor"),
            sa.func.sum(exact.product(line.resolved_price, kept)).label("listed"),
            sa.func.sum(line.amount).label("sold"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(SIGNED),
               line.resolved_price.is_not(None), *ask.period.days(order.order_date))
        .group_by(*found)
        .order_by(in_order(ask, found[0]), found[0])
    )  # fmt: skip


def rate_conformity(row: Row) -> None:
    """Lines that did not go under the price; what was given away."""
    row["rate"] = share((row["equal"] or 0) + (row["above"] or 0), row["count"])
    row["given"] = (row["listed"] or 0) - (row["sold"] or 0)


def promise(ask: Ask) -> sa.Select[Any]:
    """Lines whose promised day has come: signed by then, later, or not yet (R04-4)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    sent, note = DeliveryLine, Delivery
    signed = (
        sa.select(sent.order_line_id, sa.func.max(note.signed_at).label("at"))
        .join(note, sent.delivery_id == note.id)
        .where(sent.workspace_id == workspace.current(), note.source == "订单")
        .group_by(sent.order_line_id)
        .subquery()
    )
    found = keys(ask, line.promised_date)
    whole = line.q_delivered >= line.q_ordered - line.q_cancelled
    late = spans.days(line.promised_date, signed.c.at)
    in_time = whole & (late < midnight())
    return (
        sa.select(
            *found, sa.func.count().label("count"), count_if(in_time).label("in_time"),
            count_if(whole & (late >= midnight())).label("late"),
            count_if(~whole).label("open"),
            sa.func.sum(sa.case((whole & (late >= midnight()), late))).label("days"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .outerjoin(signed, signed.c.order_line_id == line.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(SIGNED),
               line.q_ordered > line.q_cancelled, line.promised_date <= ask.today,
               *ask.period.days(line.promised_date))
        .group_by(*found)
        .order_by(in_order(ask, found[0]), found[0])
    )  # fmt: skip


def midnight() -> float:
    """How many days after a day (read as UTC) that day is over in the company's zone."""
    offset = clock.now().astimezone(calendar.zone()).utcoffset() or dt.timedelta()
    return 1 - offset.total_seconds() / 86400


def rate_promise(row: Row) -> None:
    """In time of all that were due; mean days of the late ones."""
    row["rate"] = share(row["in_time"], row["count"])
    row["mean"] = share(row["days"], row["late"])


def changes(ask: Ask) -> sa.Select[Any]:
    """Orders that were cancelled, cut or changed after they were signed (R04-5)."""
    order, buyer = SalesOrder, Customer
    change, line = OrderChange, OrderLine
    here = workspace.current()
    changed = (
        sa.select(change.order_id, sa.func.count().label("times"))
        .where(change.workspace_id == here, change.state == "已生效")
        .group_by(change.order_id)
        .subquery()
    )
    cut = (
        sa.select(line.order_id,
                  sa.func.sum(exact.product(line.price, line.q_cancelled)).label("amount"))
        .where(line.workspace_id == here, line.q_cancelled > 0)
        .group_by(line.order_id)
        .subquery()
    )  # fmt: skip
    gone = order.state == "已取消"
    found = keys(ask, order.order_date)
    return (
        sa.select(
            *found, sa.func.count().label("count"), count_if(gone).label("cancelled"),
            sa.type_coerce(
                sa.func.sum(sa.case((gone, order.total), else_=0)), order.total.type
            ).label("cancelled_amount"),
            count_if(~gone & cut.c.amount.is_not(None)).label("cut"),
            sa.type_coerce(
                sa.func.sum(sa.case((~gone, cut.c.amount))), order.total.type
            ).label("cut_amount"),
            sa.func.count(changed.c.times).label("changed"),
            sa.func.sum(changed.c.times).label("changes"),
        )
        .select_from(order)
        .join(buyer, order.customer_id == buyer.id)
        .outerjoin(changed, changed.c.order_id == order.id)
        .outerjoin(cut, cut.c.order_id == order.id)
        .where(*within(ask, order, person=order.sales_rep_id),
               order.state.in_((*SIGNED, "已取消")), *ask.period.days(order.order_date))
        .group_by(*found)
        .order_by(in_order(ask, found[0]), found[0])
    )  # fmt: skip


def rate_changes(row: Row) -> None:
    """Cancelled and changed of all."""
    row["rate"] = share(row["cancelled"], row["count"])
    row["change_rate"] = share(row["changed"], row["count"])


REPORTS = (
    Report("051-03/R04-1b", _l("订单行跟踪"), _l("订单的每一行发了、签了、退了、开票多少，下一步是什么。"),
           (c.ORDER, c.count("seq", _l("行"), total=False), c.BUYER, c.PRODUCT, c.SELLER,
            c.day("promised", _l("交期")), c.qty("ordered", _l("订购")),
            c.qty("shipped", _l("已发货")), c.qty("signed", _l("签收")),
            c.qty("returned", _l("退货")), c.qty("invoiced", _l("已开票")),
            c.word("paid", _l("收款")), c.tone("next", _l("下一步"))),
           lines, STOCK | MONEY, link=to("sales_order", key="order_no"), finds=_l("订单、客户、产品")),
    of_approvals.approval_report(
        "051-03/R04-2", _l("订单审批时长"), _l("订单在每位审批人那里等了多久。"),
        "sales_order", STOCK | MONEY),
    of_approvals.step_report(
        "051-03/R04-2b", _l("订单步骤用时"), _l("录入、催签、变更订单的每一步用了多久。"),
        ("p_051_03_04", "p_051_03_04b"), STOCK | MONEY),
    Report("051-03/R04-3", _l("成交价符合率"), _l("订单行按适用价成交的有多少，让了多少钱。"),
           (c.KEY, c.count("count", _l("订单行数")), c.count("equal", _l("等于适用价")),
            c.count("above", _l("高于适用价")), c.count("below", _l("低于适用价")),
            c.count("under_floor", _l("低于底价")), c.money("listed", _l("按价格表")),
            c.money("sold", _l("成交额")), c.money("given", _l("让价"), total=False),
            c.rate("rate", _l("符合率"))),
           conformity, MONEY, Chart("bars", "key", ("rate",)), rate_conformity, of_keys,
           {"by": KEPT_BY}),
    Report("051-03/R04-4", _l("准时交付率"), _l("到了交期的订单行，多少按时签收。"),
           (c.KEY, c.count("count", _l("到期行")), c.count("in_time", _l("准时")),
            c.count("late", _l("迟到")), c.count("open", _l("还没交完")),
            c.days("mean", _l("平均迟到天数")), c.rate("rate", _l("准时率"))),
           promise, STOCK | MONEY, Chart("bars", "key", ("rate",)), rate_promise, of_keys,
           {"by": KEPT_BY}, parts=("days",)),
    Report("051-03/R04-5", _l("取消与变更分析"), _l("生效以后取消、减少、变更的订单有多少。"),
           (c.KEY, c.count("count", _l("订单数")), c.count("cancelled", _l("取消数")),
            c.money("cancelled_amount", _l("取消金额")), c.count("cut", _l("减少")),
            c.money("cut_amount", _l("减少金额")), c.count("changed", _l("变更的订单")),
            c.count("changes", _l("变更次数")), c.rate("rate", _l("取消率")),
            c.rate("change_rate", _l("变更率"))),
           changes, STOCK | MONEY, Chart("plan", "key", ("count", "cancelled")), rate_changes,
           of_keys, {"by": BY}),
)  # fmt: skip
