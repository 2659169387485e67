"""Reports of 051-03-02 and -03: doubles that were registered, quotations, discounts, approvals."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.i18n import _l
from app.records.customer import Customer
from app.records.log import ApprovalLog
from app.records.opportunity import Opportunity
from app.records.quotation import Quotation
from app.reports import columns as c
from app.reports import of_approvals, spans
from app.reports.report import TRADE, Ask, Chart, Report, Row, count_if, share, to, within

WON = ("已接受", "已下单")
STATES = {"": _l("全部")} | {one: _l(one) for one in (
    "草稿", "审批中", "已发送", "已接受", "已下单", "已退回", "已驳回", "已拒绝", "已过期", "已替代")}  # fmt: skip
# discount against the price that holds: band, its upper edge
BANDS = (("加价", 0), ("无折扣", 0), ("5% 以内", 5), ("5–15%", 15), ("15% 以上", None))
FLAGS = {"": _l("全部"), "below_floor": _l("低于底价"), "below_cost": _l("低于成本")}


def doubles(ask: Ask) -> sa.Select[Any]:
    """Opportunities that were refused as doubles or let run side by side (R02-4, 051-03 P3)."""
    row, first, buyer = Opportunity, aliased(Opportunity), Customer
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), buyer.name.label("customer"),
            row.product_line.label("line"), row.owner_id.label("person"),
            row.created_at.label("on"), row.amount.label("amount"), row.same_as.label("same_as"),
            first.owner_id.label("first"),
            sa.case((row.state == "重复驳回", "重复驳回"), else_="并行").label("verdict"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(first, (first.number == row.same_as)
                   & (first.workspace_id == row.workspace_id))
        .where(*within(ask, row), sa.or_(row.state == "重复驳回", row.allow_parallel),
               *ask.period.moments(row.created_at), *ask.found(row.name, buyer.name))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def listed(ask: Ask) -> sa.Select[Any]:
    """Every quotation with its version, approvals and the days until it was sent (R03-1)."""
    row, buyer, said = Quotation, Customer, ApprovalLog
    approvals = (
        sa.select(sa.func.count())
        .where(said.workspace_id == row.workspace_id, said.entity == "quotation",
               said.number == row.number)
        .correlate(row)
        .scalar_subquery()
    )  # fmt: skip
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            row.owner_id.label("person"), row.created_at.label("on"),
            row.version.label("version"), row.total.label("total"),
            row.discount_rate.label("discount"), row.margin.label("margin"),
            approvals.label("approvals"),
            spans.days(row.created_at, row.sent_at).label("days"), row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row), *ask.only("state", row.state),
               *ask.period.moments(row.created_at), *ask.found(buyer.name, row.number))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def discounts(ask: Ask) -> sa.Select[Any]:
    """How much discount is given, and whether it helps (R03-3)."""
    row = Quotation
    rate = sa.func.coalesce(row.discount_rate, 0)
    number = sa.case((rate < 0, 0), (rate == 0, 1), (rate <= _percent(5), 2),
                     (rate <= _percent(15), 3), else_=4)  # fmt: skip
    band = sa.case({n: name for n, (name, _edge) in enumerate(BANDS)}, value=number)
    return (
        sa.select(
            band.label("band"), number.label("place"), sa.func.count().label("count"),
            sa.func.sum(row.total).label("total"),
            count_if(row.state.in_(WON)).label("won"),
            count_if(row.state.in_(("已拒绝", "已过期"))).label("lost"),
            count_if(row.min_line_flag != "ok").label("below"),
            sa.type_coerce(sa.func.sum(row.margin), row.margin.type).label("margins"),
            sa.func.count(row.margin).label("known"),
        )
        .where(*within(ask, row), row.state.not_in(("草稿", "已替代", "已退回")),
               *ask.period.moments(row.created_at))
        .group_by(band, number)
        .order_by(number)
    )  # fmt: skip


def _percent(number: int) -> Any:
    return sa.literal(Decimal(number) / 100, Quotation.discount_rate.type)


def rate_discounts(row: Row) -> None:
    """Won of what was decided; mean margin."""
    row["rate"] = share(row["won"], (row["won"] or 0) + (row["lost"] or 0))
    row["margin"] = share(row["margins"], row["known"])


def under_floor(ask: Ask) -> sa.Select[Any]:
    """Quotations with a line under the floor price or under cost (R03-3)."""
    row, buyer = Quotation, Customer
    flag = sa.case({"below_floor": "低于底价", "below_cost": "低于成本"}, value=row.min_line_flag)
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            row.owner_id.label("person"), row.created_at.label("on"), row.total.label("total"),
            row.discount_rate.label("discount"), row.margin.label("margin"),
            flag.label("flag"), row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row), row.min_line_flag != "ok",
               *ask.only("flag", row.min_line_flag), *ask.period.moments(row.created_at))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


REPORTS = (
    Report("051-03/R02-4", _l("报备查重记录"), _l("哪些机会重复报备，和谁的重复，怎样裁定。"),
           (c.text("name", _l("机会")), c.BUYER, c.text("line", _l("产品线")), c.OWNER,
            c.day("on", _l("日期")), c.money("amount", _l("金额")),
            c.tone("verdict", _l("裁定")), c.text("same_as", _l("先报的机会")),
            c.person("first", _l("先报的人"))),
           doubles, TRADE, link=to("opportunity", key="number"), finds=_l("机会、客户")),
    Report("051-03/R03-1", _l("报价一览"), _l("每份报价的版本、折扣、毛利、审批和结果。"),
           (c.text("number", _l("报价单")), c.BUYER, c.OWNER, c.day("on", _l("日期")),
            c.count("version", _l("版本"), total=False), c.money("total", _l("总额")),
            c.rate("discount", _l("折扣率")), c.rate("margin", _l("毛利率")),
            c.count("approvals", _l("审批次数")), c.days("days", _l("到发送天数")), c.STATE),
           listed, TRADE,
           link=to("quotation", key="number"), choices={"state": STATES}, finds=_l("客户、报价单")),
    Report("051-03/R03-3", _l("折扣分布"), _l("报价打多少折，打折是不是更容易成交。"),
           (c.word("band", _l("折扣")), c.count("count", _l("报价数")),
            c.money("total", _l("报价金额")), c.count("won", _l("成交数")),
            c.count("lost", _l("拒绝与过期")), c.rate("rate", _l("成交率")),
            c.rate("margin", _l("平均毛利率")), c.count("below", _l("低于底价"))),
           discounts, TRADE, Chart("bars", "band", ("count",), "total"), rate_discounts,
           parts=("margins", "known")),
    Report("051-03/R03-3b", _l("低于底价报价"), _l("哪些报价有一行低于底价或成本。"),
           (c.text("number", _l("报价单")), c.BUYER, c.OWNER, c.day("on", _l("日期")),
            c.money("total", _l("总额")), c.rate("discount", _l("折扣率")),
            c.rate("margin", _l("毛利率")), c.tone("flag", _l("底价")), c.STATE),
           under_floor, TRADE, link=to("quotation", key="number"), choices={"flag": FLAGS}),
    of_approvals.approval_report(
        "051-03/R03-4", _l("报价审批时长"), _l("报价在每位审批人那里等了多久。"), "quotation", TRADE),
    of_approvals.step_report(
        "051-03/R03-4b", _l("报价步骤用时"), _l("编制、跟踪报价的每一步用了多久。"),
        ("p_051_03_03",), TRADE),
)  # fmt: skip
