"""Reports of 051-03-07: what can be invoiced, what was, red ones, and how long it takes."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import workspace
from app.i18n import _l
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.sales_order import SalesOrder
from app.reports import columns as c
from app.reports import of_approvals, of_orders, spans
from app.reports.of_customers import SIGNED
from app.reports.of_returns import mean_days
from app.reports.report import MONEY, Ask, Chart, Report, Row, share, to, within

COLORS = {"": _l("全部"), "蓝": _l("蓝字"), "红": _l("红字")}
ASKED = ("申请", "审核中", "待开具")
POSTED = ("已入账", "已结清", "已红冲", "已作废")
TOOK_BY = {"month": _l("月份"), "person": _l("申请人"), "kind": _l("发票种类")}
STAGES = {"allowed": ("待开具",), "posted": ("已入账",)}


def progress(ask: Ask) -> sa.Select[Any]:
    """What may be invoiced by now, what is applied for, what is issued (R07-1)."""
    order, buyer, row = SalesOrder, Customer, Invoice
    applied = (
        sa.select(row.order_id, sa.func.sum(row.gross).label("amount"))
        .where(row.workspace_id == workspace.current(), row.state.in_(ASKED), row.color == "蓝")
        .group_by(row.order_id)
        .subquery()
    )
    may = sa.case(
        (order.invoice_basis == "按交付", order.delivered_amount),
        (order.invoice_basis == "按收款", order.received_amount + order.prepay_used),
        else_=order.total,
    )
    left = sa.case((may > order.invoiced_amount, may - order.invoiced_amount), else_=0)
    keys = of_orders.keys(ask, order.order_date)
    kind = order.total.type
    return (
        sa.select(
            *keys, sa.func.count().label("count"), sa.func.sum(order.total).label("total"),
            sa.type_coerce(sa.func.sum(may), kind).label("may"),
            sa.type_coerce(sa.func.sum(applied.c.amount), kind).label("applied"),
            sa.func.sum(order.invoiced_amount).label("issued"),
            sa.type_coerce(sa.func.sum(left), kind).label("left"),
        )
        .select_from(order)
        .join(buyer, order.customer_id == buyer.id)
        .outerjoin(applied, applied.c.order_id == order.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(SIGNED),
               order.invoice_kind != "不开票", *ask.period.days(order.order_date))
        .group_by(*keys)
        .order_by(of_orders.in_order(ask, keys[0]), keys[0])
    )  # fmt: skip


def rate_progress(row: Row) -> None:
    """Issued of what may be invoiced."""
    row["rate"] = share(row["issued"], row["may"])


def listed(ask: Ask) -> sa.Select[Any]:
    """Every invoice that was posted, blue and red (R07-3)."""
    row, buyer, blue = Invoice, Customer, aliased(Invoice)
    return (
        sa.select(
            row.number.label("number"), row.invoice_no.label("invoice_no"),
            row.invoice_date.label("on"), buyer.name.label("customer"),
            SalesOrder.number.label("order_no"), row.kind.label("kind"),
            row.color.label("color"), row.net.label("net"), row.tax.label("tax"),
            row.gross.label("gross"), row.open.label("open"),
            blue.invoice_no.label("blue"), row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(SalesOrder, row.order_id == SalesOrder.id)
        .outerjoin(blue, row.blue_invoice_id == blue.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.state.in_(POSTED), *ask.only("color", row.color),
               *ask.period.days(row.invoice_date),
               *ask.found(row.number, row.invoice_no, buyer.name, SalesOrder.number))
        .order_by(row.invoice_date.desc(), row.id.desc())
    )  # fmt: skip


def took(ask: Ask) -> sa.Select[Any]:
    """Days from the application to the consent and to the posting (R07-4)."""
    row, at = Invoice, of_approvals.lasted("invoice", **STAGES)
    key = {"month": spans.month(at.c.posted), "person": row.created_by,
           "kind": row.kind}[ask.chosen["by"]]  # fmt: skip
    parts = [
        expression
        for name, begin, end in (
            ("allow", row.created_at, at.c.allowed), ("issue", at.c.allowed, at.c.posted),
            ("whole", row.created_at, at.c.posted))
        for expression in (
            sa.func.sum(spans.days(begin, end)).label(f"{name}_days"),
            sa.func.count(spans.days(begin, end)).label(f"{name}_count"))
    ]  # fmt: skip
    return (
        sa.select(key.label("key"), sa.func.count().label("count"),
                  sa.func.sum(row.gross).label("gross"), *parts)
        .select_from(row)
        .join(at, at.c.record_id == row.id)
        .join(Customer, row.customer_id == Customer.id)
        .where(*within(ask, row, person=row.created_by, department=Customer.department_id),
               row.color == "蓝", at.c.posted.is_not(None), *ask.period.moments(at.c.posted))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


PARTS = tuple(f"{name}_{what}" for name in ("allow", "issue", "whole")
              for what in ("days", "count"))  # fmt: skip

REPORTS = (
    Report("051-03/R07-1", _l("开票进度"), _l("可以开票的有多少，申请了多少，开出了多少。"),
           (c.KEY, c.count("count", _l("订单数")), c.money("total", _l("订单额")),
            c.money("may", _l("可开票")), c.money("applied", _l("申请中")),
            c.money("issued", _l("已开票")), c.money("left", _l("未开票")),
            c.rate("rate", _l("开票率"))),
           progress, MONEY, Chart("plan", "key", ("may", "issued")), rate_progress,
           of_orders.of_keys, {"by": of_orders.BY}),
    Report("051-03/R07-3", _l("发票明细与红票"), _l("每张入账的发票，红字发票冲了哪张蓝票。"),
           (c.text("number", _l("发票")), c.text("invoice_no", _l("发票号码")),
            c.day("on", _l("开票日期")), c.BUYER, c.ORDER, c.word("kind", _l("种类")),
            c.tone("color", _l("红蓝字")), c.money("net", _l("不含税")), c.money("tax", _l("税额")),
            c.money("gross", _l("价税合计")), c.money("open", _l("未收")),
            c.text("blue", _l("对应蓝票")), c.STATE),
           listed, MONEY, link=to("invoice", key="number"), choices={"color": COLORS},
           finds=_l("发票、客户、订单")),
    Report("051-03/R07-4", _l("开票时长"), _l("从申请到审核、开出发票各用几天。"),
           (c.KEY, c.count("count", _l("发票数")), c.money("gross", _l("价税合计")),
            c.days("allow", _l("审核天数")), c.days("issue", _l("开具天数")), c.days("whole", _l("全程天数"))),
           took, MONEY, Chart("bars", "key", ("whole",)), mean_days, choices={"by": TOOK_BY},
           parts=PARTS),
    of_approvals.step_report(
        "051-03/R07-4b", _l("开票步骤用时"), _l("填写、审核、开具、寄送的每一步用了多久。"),
        ("p_051_03_07",), MONEY),
)  # fmt: skip
