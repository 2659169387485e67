"""Reports of 051-03-06: why goods come back, how long it takes, what it costs, what was broken."""

from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from app.records.sales_return import ReturnLine, SalesReturn
from app.reports import columns as c
from app.reports import exact, of_approvals, spans
from app.reports.report import MONEY, STOCK, Ask, Chart, Link, Report, Row, share, to, within

REASON_BY = {"reason": _l("退货原因"), "expect": _l("客户期望"), "person": _l("业务员")}
TOOK_BY = {"month": _l("月份"), "reason": _l("退货原因"), "expect": _l("客户期望")}
BROKEN = ("质量", "损坏")
STAGES = {"allowed": ("待到货",), "arrived": ("已收货",), "stored": ("已入库",),
          "done": ("已完成",)}  # fmt: skip


def _amounts() -> sa.Subquery:
    """What the goods of each return were sold for."""
    line, sold = ReturnLine, OrderLine
    return (
        sa.select(
            line.return_id, sa.func.sum(line.q_received).label("qty"),
            sa.func.sum(exact.product(sold.price, line.q_received)).label("amount"),
        )
        .join(sold, line.order_line_id == sold.id)
        .where(line.workspace_id == workspace.current())
        .group_by(line.return_id)
        .subquery()
    )  # fmt: skip


def reasons(ask: Ask) -> sa.Select[Any]:
    """Returns by reason, by what the customer wants, or by seller (R06-1)."""
    row, order, sums = SalesReturn, SalesOrder, _amounts()
    key = order.sales_rep_id if ask.chosen["by"] == "person" else getattr(row, ask.chosen["by"])
    return (
        sa.select(
            key.label("key"), sa.func.count().label("count"),
            sa.type_coerce(sa.func.sum(sums.c.qty), OrderLine.q_ordered.type).label("qty"),
            sa.type_coerce(sa.func.sum(sums.c.amount), row.fee.type).label("amount"),
            sa.func.sum(row.fee).label("fee"),
            sa.func.count(order.id.distinct()).label("orders"),
        )
        .join(order, row.order_id == order.id)
        .outerjoin(sums, sums.c.return_id == row.id)
        .where(*within(ask, row, person=order.sales_rep_id, department=order.department_id),
               *ask.period.moments(row.created_at))
        .group_by(key)
        .order_by(sa.desc("count"), key)
    )  # fmt: skip


def of_reason(row: Row, ask: Ask) -> Link | None:
    """The returns behind the row."""
    if ask.chosen["by"] == "person":
        return "sales_order", {"sales_rep_id": row["key"] or "-"}
    return "sales_return", {ask.chosen["by"]: row["key"] or "-"}


def took(ask: Ask) -> sa.Select[Any]:
    """Days from the request to the authorisation, the arrival, the shelf and the end (R06-2)."""
    row, at = SalesReturn, of_approvals.lasted("sales_return", **STAGES)
    key = spans.month(row.created_at) if ask.chosen["by"] == "month" else getattr(
        row, ask.chosen["by"])  # fmt: skip
    parts = [
        expression
        for name, begin, end in (
            ("allow", row.created_at, at.c.allowed), ("way", at.c.allowed, at.c.arrived),
            ("check", at.c.arrived, at.c.stored), ("whole", row.created_at, at.c.done))
        for expression in (
            sa.func.sum(spans.days(begin, end)).label(f"{name}_days"),
            sa.func.count(spans.days(begin, end)).label(f"{name}_count"))
    ]  # fmt: skip
    return (
        sa.select(key.label("key"), sa.func.count().label("count"), *parts)
        .select_from(row)
        .join(at, at.c.record_id == row.id)
        .join(SalesOrder, row.order_id == SalesOrder.id)
        .where(*within(ask, row, person=SalesOrder.sales_rep_id,
                       department=SalesOrder.department_id),
               *ask.period.moments(row.created_at))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


PARTS = tuple(f"{name}_{what}" for name in ("allow", "way", "check", "whole")
              for what in ("days", "count"))  # fmt: skip


def mean_days(row: Row) -> None:
    """The mean days of each part."""
    for name in {part.partition("_")[0] for part in row if part.endswith("_days")}:
        row[name] = share(row[f"{name}_days"], row[f"{name}_count"])


def of_took(row: Row, ask: Ask) -> Link | None:
    """The returns with this reason or wish."""
    by = ask.chosen["by"]
    return None if by == "month" else ("sales_return", {by: row["key"] or "-"})


def money(ask: Ask) -> sa.Select[Any]:
    """Each return with what it is worth, its fee and its red invoice (R06-3)."""
    row, buyer, red, sums = SalesReturn, Customer, Invoice, _amounts()
    booked = (
        sa.select(
            red.return_id, sa.func.max(red.invoice_no).label("invoice_no"),
            sa.func.sum(-red.gross).label("gross"),
            sa.func.sum(red.to_refundable).label("refundable"),
        )
        .where(red.workspace_id == workspace.current(), red.color == "红",
               red.state.in_(("已入账", "已结清")))
        .group_by(red.return_id)
        .subquery()
    )  # fmt: skip
    kind = row.fee.type
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            SalesOrder.number.label("order_no"), row.created_at.label("on"),
            row.reason.label("reason"), sa.type_coerce(sums.c.amount, kind).label("amount"),
            row.fee.label("fee"), booked.c.invoice_no,
            sa.type_coerce(booked.c.gross, kind).label("red"),
            sa.type_coerce(booked.c.refundable, kind).label("refundable"),
            row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .join(SalesOrder, row.order_id == SalesOrder.id)
        .outerjoin(sums, sums.c.return_id == row.id)
        .outerjoin(booked, booked.c.return_id == row.id)
        .where(*within(ask, row, person=SalesOrder.sales_rep_id,
                       department=SalesOrder.department_id),
               *ask.period.moments(row.created_at),
               *ask.found(row.number, buyer.name, SalesOrder.number))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def broken(ask: Ask) -> sa.Select[Any]:
    """Every line that came back for its quality, for the quality department (R06-4)."""
    line, row, goods, buyer = ReturnLine, SalesReturn, Product, Customer
    return (
        sa.select(
            row.number.label("number"), goods.name.label("product"),
            buyer.name.label("customer"), row.reason.label("reason"),
            row.arrived_at.label("on"), line.serials.label("serials"),
            line.q_received.label("qty"), line.q_good.label("good"),
            line.q_repair.label("repair"), line.q_scrap.label("scrap"),
            line.treatment.label("treatment"), row.state.label("state"),
        )
        .select_from(line)
        .join(row, line.return_id == row.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.reason.in_(BROKEN), *ask.period.moments(row.created_at),
               *ask.found(goods.name, goods.number, buyer.name, line.serials))
        .order_by(row.created_at.desc(), line.id)
    )  # fmt: skip


READERS = STOCK | MONEY | {"quality_dept", "service_agent"}

REPORTS = (
    Report("051-03/R06-1b", _l("退货原因"), _l("客户为什么退货，想要什么，退了多少。"),
           (c.KEY, c.count("count", _l("退货单数")), c.count("orders", _l("订单数"), total=False),
            c.qty("qty", _l("退货")), c.money("amount", _l("金额")), c.money("fee", _l("退货费"))),
           reasons, STOCK | MONEY, Chart("bars", "key", ("count",), "amount"), link=of_reason,
           choices={"by": REASON_BY}),
    Report("051-03/R06-2", _l("退货处理时长"), _l("从申请到授权、到货、入库、完成各用几天。"),
           (c.KEY, c.count("count", _l("退货单数")), c.days("allow", _l("授权天数")),
            c.days("way", _l("到货天数")), c.days("check", _l("入库天数")),
            c.days("whole", _l("全程天数"))),
           took, READERS, Chart("bars", "key", ("whole",)), mean_days, of_took,
           {"by": TOOK_BY}, parts=PARTS),
    of_approvals.step_report(
        "051-03/R06-2b", _l("退货步骤用时"), _l("核实、收货、质检的每一步用了多久。"),
        ("p_051_03_06",), READERS),
    Report("051-03/R06-3", _l("退货金额与红票"), _l("退回的货值多少，收了多少退货费，冲了哪张红票。"),
           (c.text("number", _l("退货单")), c.BUYER, c.ORDER, c.day("on", _l("日期")),
            c.word("reason", _l("退货原因")), c.money("amount", _l("金额")),
            c.money("fee", _l("退货费")), c.text("invoice_no", _l("红字发票")),
            c.money("red", _l("红票金额")), c.money("refundable", _l("转应退")), c.STATE),
           money, MONEY, link=to("sales_return", key="number"), finds=_l("退货单、客户、订单")),
    Report("051-03/R06-4", _l("质量退货明细"), _l("因为质量或损坏退回的每一行，交给品管部。"),
           (c.text("number", _l("退货单")), c.PRODUCT, c.BUYER, c.word("reason", _l("退货原因")),
            c.day("on", _l("到货")), c.text("serials", _l("序列号")), c.qty("qty", _l("实收")),
            c.qty("good", _l("良品")), c.qty("repair", _l("待修")), c.qty("scrap", _l("报废")),
            c.word("treatment", _l("处理")), c.STATE),
           broken, READERS, Chart("sums", "", ("good", "repair", "scrap")),
           link=to("sales_return", key="number"),
           finds=_l("产品、客户、序列号")),
)  # fmt: skip
