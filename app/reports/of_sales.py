"""Reports of selling: funnel, plan and actual, lost orders, quotations, orders, returns."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.customer import Customer
from app.records.opportunity import STAGES, Opportunity, StageHistory
from app.records.quotation import Quotation
from app.records.sales_plan import SalesPlan, SalesPlanLine
from app.reports import columns as c
from app.reports.of_customers import LOCKED
from app.reports.report import (
    MARKET,
    TRADE,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    sum_if,
    to,
    within,
)

METRICS = {
    "签单额": _l("签单额"), "回款额": _l("回款额"), "毛利": _l("毛利"),
    "新客户数": _l("新客户数"), "新联系人数": _l("新联系人数"),
}  # fmt: skip
LOST_BY = {
    "reason": _l("丢单原因"), "competitor": _l("输给谁"), "product": _l("产品线"),
    "person": _l("负责人"),
}  # fmt: skip
PLAN_BY = {"month": _l("月份"), "quarter": _l("季度"), "year": _l("全公司"),
           "person": _l("业务员"), "department": _l("部门")}  # fmt: skip
RUNNING = ("已生效", "履约中", "挂起")
SHORT = Decimal("0.9")


def funnel(ask: Ask) -> sa.Select[Any]:
    """Open opportunities by stage; how long they stayed and how many went on (R02-1)."""
    row, step = Opportunity, StageHistory
    running = row.state == "跟进中"
    seen = sa.select(row.id).where(*within(ask, row))
    moved = (
        sa.select(
            step.from_stage.label("stage"), sa.func.count().label("moved"),
            sa.func.sum(step.days).label("days"),
        )
        .where(step.workspace_id == workspace.current(), step.opportunity_id.in_(seen),
               *ask.period.moments(step.created_at))
        .group_by(step.from_stage)
        .subquery()
    )  # fmt: skip
    order = sa.case({stage: n for n, stage in enumerate(STAGES)}, value=row.stage, else_=9)
    return (
        sa.select(
            row.stage.label("stage"), count_if(running).label("count"),
            sum_if(running, row.amount).label("amount"),
            sum_if(running, row.weighted).label("weighted"),
            count_if(row.state == "丢单").label("lost"),
            sa.func.coalesce(sa.func.max(moved.c.moved), 0).label("moved"),
            sa.func.coalesce(sa.func.max(moved.c.days), 0).label("days"),
        )
        .select_from(row)
        .outerjoin(moved, moved.c.stage == row.stage)
        .where(*within(ask, row), row.state.in_(("跟进中", "丢单", "赢单", "暂停")))
        .group_by(row.stage)
        .order_by(order)
    )  # fmt: skip


def rate_funnel(row: Row) -> None:
    """Mean days in the stage; of those that came, how many went on."""
    row["stay"] = share(row["days"], row["moved"])
    here = (row["moved"] or 0) + (row["count"] or 0) + (row["lost"] or 0)
    row["rate"] = share(row["moved"], here)


def of_stage(row: Row, _ask: Ask) -> Link:
    """The open opportunities of the stage."""
    return "opportunity", {"stage": row["stage"], "state": "跟进中"}


def plan(ask: Ask) -> sa.Select[Any]:
    """Target and actual of the plan in force, with what is due by now (R01-1, 051-03 O2)."""
    head, row = SalesPlan, SalesPlanLine
    quarter = head.year * 10 + (row.month - 1) // 3 + 1
    key = {"month": (head.year * 100 + row.month), "quarter": quarter,
           "year": head.year, "person": row.rep_id,
           "department": row.department_id}[ask.chosen["by"]].label("key")  # fmt: skip
    past = head.year * 12 + row.month <= ask.today.year * 12 + ask.today.month
    return (
        sa.select(
            key, sa.func.sum(row.target).label("target"),
            sum_if(past, row.target).label("due"), sa.func.sum(row.actual).label("actual"),
        )
        .join(head, row.plan_id == head.id)
        .where(*within(ask, row, person=row.rep_id), row.version == head.version,
               row.rep_id.is_not(None), head.metric == ask.chosen["metric"],
               head.state.in_(LOCKED), *ask.period.months(head.year, row.month))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


def rate_plan(row: Row) -> None:
    """Actual against what is due by now."""
    row["gap"] = (row["actual"] or 0) - (row["due"] or 0)
    row["rate"] = share(row["actual"], row["due"])


def of_plan(row: Row, ask: Ask) -> Link | None:
    """The plan lines behind the row."""
    by = ask.chosen["by"]
    if by == "month":
        return "sales_plan_line", {"month": str(int(row["key"]) % 100)}
    if by in ("quarter", "year"):
        return None
    return "sales_plan_line", {"rep_id" if by == "person" else "department_id": row["key"] or "-"}


def is_short(row: Row) -> bool:
    """Is the actual under nine tenths of what is due?"""
    return row["rate"] is not None and row["rate"] < SHORT


def lost(ask: Ask) -> sa.Select[Any]:
    """Lost opportunities by reason, competitor, product line or person (R02-3)."""
    row = Opportunity
    key = {"reason": row.lost_reason, "competitor": row.lost_competitor,
           "product": row.product_line, "person": row.owner_id}[ask.chosen["by"]]  # fmt: skip
    return (
        sa.select(
            key.label("key"), sa.func.count().label("count"),
            sa.func.sum(row.amount).label("amount"),
            sum_if(row.lost_price.is_not(None), row.amount).label("compared"),
            sa.func.sum(row.lost_price).label("their_price"),
        )
        .where(*within(ask, row), row.state == "丢单", *ask.period.moments(row.updated_at))
        .group_by(key)
        .order_by(sa.desc("amount"), key)
    )  # fmt: skip


def rate_lost(row: Row) -> None:
    """Their price against ours, where it is known."""
    row["rate"] = share(row["their_price"], row["compared"])


def of_lost(row: Row, ask: Ask) -> Link:
    """The lost opportunities behind the row."""
    column = {"reason": "lost_reason", "competitor": "lost_competitor",
              "product": "product_line", "person": "owner_id"}[ask.chosen["by"]]  # fmt: skip
    return "opportunity", {"state": "丢单", column: row["key"] or "-"}


def cost(ask: Ask) -> sa.Select[Any]:
    """Open opportunities: stage, cost, last contact (R02-2, 051-03 O5)."""
    row, buyer = Opportunity, Customer
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), buyer.name.label("customer"),
            row.stage.label("stage"), row.amount.label("amount"), row.cost.label("cost"),
            row.close_date.label("close_date"), row.last_action_at.label("last_action"),
            row.owner_id.label("person"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row), row.state == "跟进中")
        .order_by(row.cost.desc(), row.id)
    )  # fmt: skip


def rate_cost(row: Row) -> None:
    """Cost against the amount that is hoped for."""
    row["rate"] = share(row["cost"], row["amount"])


def forecast(ask: Ask) -> sa.Select[Any]:
    """Open opportunities by the month in which they are to be signed: best and expected (R02-5)."""
    row = Opportunity
    key = (sa.extract("year", row.close_date) * 100 + sa.extract("month", row.close_date)).label(
        "month"
    )
    return (
        sa.select(
            key, sa.func.count().label("count"), sa.func.sum(row.amount).label("amount"),
            sa.func.sum(row.weighted).label("weighted"),
        )
        .where(*within(ask, row), row.state == "跟进中", *ask.period.days(row.close_date))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


def of_forecast(row: Row, _ask: Ask) -> Link:
    """The opportunities of the month."""
    year, month = divmod(int(row["month"]), 100)
    last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    return "opportunity", {"state": "跟进中", "close_date.from": f"{year}-{month:02d}-01",
                           "close_date.to": f"{last}"}  # fmt: skip


def quotations(ask: Ask) -> sa.Select[Any]:
    """What became of quotations, per person; replaced versions are not counted (R03-2)."""
    row = Quotation
    won = row.state.in_(("已接受", "已下单"))
    return (
        sa.select(
            row.owner_id.label("person"), sa.func.count().label("count"),
            sa.func.sum(row.total).label("total"), count_if(won).label("won"),
            sum_if(won, row.total).label("won_total"),
            count_if(row.state == "已拒绝").label("refused"),
            count_if(row.state == "已过期").label("expired"),
            count_if(row.min_line_flag != "ok").label("below"),
        )
        .where(*within(ask, row), row.state.not_in(("草稿", "已替代", "已退回")),
               *ask.period.moments(row.created_at))
        .group_by(row.owner_id)
        .order_by(sa.desc("total"), row.owner_id)
    )  # fmt: skip


def rate_quotations(row: Row) -> None:
    """How many were won."""
    row["rate"] = share(row["won"], row["count"])


def of_quotations(row: Row, _ask: Ask) -> Link:
    """The person's quotations."""
    return "quotation", {"owner_id": row["person"] or "-"}


REPORTS = (
    Report("051-02/R04-3", _l("竞争丢单分析"), _l("输给了谁，差在哪里。"),
           (c.KEY, c.count("count", _l("丢单")), c.money("amount", _l("金额")),
            c.money("their_price", _l("对手价格")), c.rate("rate", _l("对手价与我方"))),
           lost, TRADE | MARKET, Chart("bars", "key", ("amount",), "count"),
           rate_lost, of_lost,
           {"by": {"competitor": _l("输给谁"), "reason": _l("丢单原因"),
                   "product": _l("产品线"), "person": _l("负责人")}}, parts=("compared",)),
    Report("051-03/R01-1", _l("计划与实际"), _l("计划到现在该完成多少，实际完成多少。"),
           (c.KEY, c.money("target", _l("计划")),
            c.money("due", _l("到期计划")), c.money("actual", _l("实际")), c.rate("rate", _l("完成")),
            c.money("gap", _l("差额"))),
           plan, TRADE, Chart("plan", "key", ("due", "actual"), over=is_short),
           rate_plan, of_plan,
           {"by": PLAN_BY, "metric": METRICS}),
    Report("051-03/R02-1", _l("销售漏斗"), _l("在谈的机会停在哪个阶段，多少能往前走。"),
           (c.word("stage", _l("阶段")), c.count("count", _l("个数")),
            c.money("amount", _l("预计金额")), c.money("weighted", _l("加权金额")),
            c.days("stay", _l("平均停留天数")), c.count("moved", _l("前进")),
            c.count("lost", _l("丢单")), c.rate("rate", _l("转化率"))),
           funnel, TRADE, Chart("funnel", "stage", ("amount",), "count"),
           rate_funnel, of_stage, parts=("days",)),
    Report("051-03/R02-2", _l("机会进展与费用"), _l("在谈的机会花了多少，多久没有联系。"),
           (c.text("name", _l("机会")), c.BUYER, c.word("stage", _l("阶段")), c.OWNER,
            c.money("amount", _l("金额")), c.money("cost", _l("费用")),
            c.rate("rate", _l("费用率")), c.day("close_date", _l("预计签约")),
            c.day("last_action", _l("最近跟进"))),
           cost, TRADE, Chart("bars", "name", ("cost",)), rate_cost,
           to("opportunity", key="number"), dated=False),
    Report("051-03/R02-3", _l("丢单分析"), _l("为什么丢单，丢了多少。"),
           (c.KEY, c.count("count", _l("丢单")), c.money("amount", _l("金额")),
            c.money("their_price", _l("对手价格")), c.rate("rate", _l("对手价与我方"))),
           lost, TRADE | MARKET, Chart("bars", "key", ("amount",), "count"),
           rate_lost, of_lost, {"by": LOST_BY}, parts=("compared",)),
    Report("051-03/R02-5", _l("销售预期"), _l("在谈的机会预计哪个月签约：最好和加权。"),
           (c.Column("month", _l("月份"), "month"), c.count("count", _l("个数")),
            c.money("amount", _l("金额")), c.money("weighted", _l("加权金额"))),
           forecast, TRADE, Chart("plan", "month", ("amount", "weighted")),
           link=of_forecast),
    Report("051-03/R03-2", _l("报价成交率"), _l("报价有多少成交，多少低于底价。"),
           (c.OWNER, c.count("count", _l("报价数")), c.money("total", _l("报价金额")),
            c.count("won", _l("成交数")), c.money("won_total", _l("成交金额")),
            c.count("refused", _l("拒绝数")), c.count("expired", _l("过期")),
            c.count("below", _l("低于底价")), c.rate("rate", _l("成交率"))),
           quotations, TRADE, Chart("plan", "person", ("total", "won_total")),
           rate_quotations, of_quotations),
)  # fmt: skip
