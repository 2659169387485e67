"""Reports on what became of orders: progress, what is not invoiced, what came back."""

from typing import Any

import sqlalchemy as sa

from app.i18n import _l
from app.records.customer import Customer
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from app.reports import columns as c
from app.reports import spans
from app.reports.of_customers import SIGNED
from app.reports.of_sales import RUNNING
from app.reports.report import MONEY, STOCK, Ask, Chart, Link, Report, Row, share, to, within


def progress(ask: Ask) -> sa.Select[Any]:
    """Each running order: delivered, invoiced, received, and what it waits for (R04-1, P9)."""
    row, buyer = SalesOrder, Customer
    waits = sa.case(
        (row.state == "挂起", "已挂起"),
        ((row.prepay_required > 0) & row.released.is_(False), "等预收"),
        (row.delivery_status != "全部", "等交付"),
        ((row.invoice_status != "全部") & (row.invoice_kind != "不开票"), "等开票"),
        (row.receipt_status != "全部", "等收款"),
        else_="等关闭",
    )
    return (
        sa.select(
            row.number.label("order_no"), buyer.name.label("customer"),
            row.sales_rep_id.label("person"), row.order_date.label("date"),
            row.total.label("total"), row.delivered_amount.label("delivered"),
            row.invoiced_amount.label("invoiced"),
            (row.received_amount + row.prepay_used - row.refunded_amount).label("received"),
            waits.label("waits"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=row.sales_rep_id), row.state.in_(RUNNING),
               *ask.period.days(row.order_date))
        .order_by(row.order_date.desc(), row.id.desc())
    )  # fmt: skip


def uninvoiced(ask: Ask) -> sa.Select[Any]:
    """Orders that were delivered beyond what was invoiced (R07-2)."""
    row, buyer = SalesOrder, Customer
    return (
        sa.select(
            row.number.label("order_no"), buyer.name.label("customer"),
            row.sales_rep_id.label("person"), row.delivered_amount.label("delivered"),
            row.invoiced_amount.label("invoiced"),
            (row.delivered_amount - row.invoiced_amount).label("open"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=row.sales_rep_id), row.state.in_(RUNNING),
               row.invoice_kind != "不开票", row.delivered_amount > row.invoiced_amount,
               *ask.period.days(row.order_date))
        .order_by(sa.desc("open"), row.id)
    )  # fmt: skip


def signed(ask: Ask) -> sa.Select[Any]:
    """What was signed in each month, and how much of it is delivered, invoiced, received."""
    row = SalesOrder
    key = (sa.extract("year", row.order_date) * 100 + sa.extract("month", row.order_date)).label(
        "month"
    )
    return (
        sa.select(
            key, sa.func.count().label("count"), sa.func.sum(row.total).label("total"),
            sa.func.sum(row.delivered_amount).label("delivered"),
            sa.func.sum(row.invoiced_amount).label("invoiced"),
            sa.func.sum(row.received_amount + row.prepay_used).label("received"),
        )
        .where(*within(ask, row, person=row.sales_rep_id), row.state.in_(SIGNED),
               *ask.period.days(row.order_date))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


def of_signed(row: Row, _ask: Ask) -> Link:
    """The orders of the month."""
    first, last = spans.bounds(row["month"])
    return "sales_order", {"order_date.from": first, "order_date.to": last}


RETURNED_BY = {"product": _l("产品"), "customer": _l("客户"), "person": _l("业务员")}


def returns(ask: Ask) -> sa.Select[Any]:
    """Delivered and returned pieces per product, customer or seller (R06-1)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    keys = {
        "product": [goods.name.label("key"), goods.number.label("number")],
        "customer": [buyer.name.label("key"), buyer.number.label("number")],
        "person": [order.sales_rep_id.label("key")],
    }[ask.chosen["by"]]
    return (
        sa.select(
            *keys, sa.func.sum(line.q_delivered).label("delivered"),
            sa.func.sum(line.q_returned).label("returned"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), line.q_delivered > 0,
               *ask.period.days(order.order_date))
        .group_by(*keys)
        .order_by(sa.desc("returned"), keys[0])
    )  # fmt: skip


def rate_returns(row: Row) -> None:
    """Returned against delivered."""
    row["rate"] = share(row["returned"], row["delivered"])


def of_returned(row: Row, ask: Ask) -> Link:
    """The product's page; the orders of the customer or seller."""
    if ask.chosen["by"] == "product":
        return "product", {"key": row["number"]}
    if ask.chosen["by"] == "person":
        return "sales_order", {"sales_rep_id": row["key"]}
    return "sales_order", {"customer_id": row["number"]}


REPORTS = (
    Report("051-03/R04-1", _l("订单执行跟踪"), _l("每张订单交付、开票、收款到哪里，在等什么。"),
           (c.ORDER, c.BUYER, c.SELLER,
            c.day("date", _l("日期")), c.money("total", _l("订单额")),
            c.money("delivered", _l("已交付")), c.money("invoiced", _l("已开票")),
            c.money("received", _l("已收款")), c.tone("waits", _l("在等"))),
           progress, STOCK | MONEY,
           Chart("sums", "", ("total", "delivered", "invoiced", "received")),
           link=to("sales_order", key="order_no")),
    Report("051-03/R04-1c", _l("签单与执行"), _l("每月签了多少，其中交付、开票、收款了多少。"),
           (c.Column("month", _l("月份"), "month"), c.count("count", _l("订单数")),
            c.money("total", _l("签单额")), c.money("delivered", _l("已交付")),
            c.money("invoiced", _l("已开票")), c.money("received", _l("已收款"))),
           signed, MONEY, Chart("plan", "month", ("total", "received")),
           link=of_signed),
    Report("051-03/R06-1", _l("退货率"), _l("哪种产品、哪个客户交付多少，退回多少。"),
           (c.KEY, c.qty("delivered", _l("已交付")), c.qty("returned", _l("退货")),
            c.rate("rate", _l("退货率"))),
           returns, STOCK, Chart("bars", "key", ("returned",)), rate_returns, of_returned,
           {"by": RETURNED_BY}),
    Report("051-03/R07-2", _l("已交付未开票"), _l("交付了还没有开票的订单。"),
           (c.ORDER, c.BUYER, c.SELLER,
            c.money("delivered", _l("已交付")), c.money("invoiced", _l("已开票")),
            c.money("open", _l("未开票"))),
           uninvoiced, MONEY, Chart("bars", "order_no", ("open",)),
           link=to("sales_order", key="order_no")),
)  # fmt: skip
