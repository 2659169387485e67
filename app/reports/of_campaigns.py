"""Reports of 051-02-02 and -03: planning, budgets, the calendar, incentives, comparison."""

from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.campaign import Campaign
from app.records.campaign_effect import CampaignEffect
from app.records.expense_budget import CAMPAIGN, DEPARTMENT, ExpenseBudget
from app.records.incentive import Incentive
from app.records.log import StateHistory
from app.reports import columns as c
from app.reports import spans
from app.reports.of_market import SHOWN
from app.reports.report import (
    MARKET,
    MONEY,
    TRADE,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    share,
    to,
    within,
)

READERS = TRADE | MARKET | MONEY
KINDS = {CAMPAIGN: _l("市场活动"), DEPARTMENT: _l("年度部门"), "": _l("全部")}
PAID = {"": _l("全部"), "待批": _l("待批"), "已批": _l("已批"), "已发": _l("已发放"),
        "已冲回": _l("已冲回")}  # fmt: skip
COMPARED_BY = {"type": _l("活动类型"), "person": _l("负责人"), "month": _l("月份")}


def planning(ask: Ask) -> sa.Select[Any]:
    """Each proposal: its plan, its budget, and how long the approval took (R02-1)."""
    row, log = Campaign, StateHistory
    asked = sa.func.min(sa.case((log.new == "审批中", log.at)))
    steps = (
        sa.select(
            log.record_id, sa.type_coerce(asked, log.at.type).label("asked"),
            sa.type_coerce(
                sa.func.max(sa.case((log.new.in_(("已批准", "已驳回")), log.at))), log.at.type
            ).label("decided"),
            sa.func.sum(sa.case((log.new == "审批中", 1), else_=0)).label("tries"),
        )
        .where(log.workspace_id == workspace.current(), log.entity == "campaign")
        .group_by(log.record_id)
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.type.label("type"),
            row.start_on.label("start_on"), row.owner_id.label("person"),
            row.budget_total.label("budget"), steps.c.asked, steps.c.decided, steps.c.tries,
            spans.days(steps.c.asked, steps.c.decided).label("days"),
            sa.case((steps.c.decided.is_not(None), 1), else_=0).label("done"),
            row.state.label("state"),
        )
        .outerjoin(steps, steps.c.record_id == row.id)
        .where(*within(ask, row), row.state != "草稿", *ask.period.days(row.start_on))
        .order_by(row.start_on.desc(), row.id.desc())
    )  # fmt: skip


def rate_planning(row: Row) -> None:
    """Days from the first request to the last decision; for the sums their mean."""
    row["took"] = share(row["days"], row["done"])


def budgets(ask: Ask) -> sa.Select[Any]:
    """What each budget was given, and what of it is lent, bound, spent and free (R02-2)."""
    row = ExpenseBudget
    given = row.approved + row.adjusted
    used = row.reserved + row.committed + row.spent
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.type.label("type"),
            row.object_no.label("object_no"), given.label("given"),
            row.reserved.label("reserved"), row.committed.label("bound"),
            row.spent.label("spent"), (given - used).label("free"), row.state.label("state"),
        )
        .where(*within(ask, row), row.state.in_(("已生效", "已决算")), *ask.only("kind", row.type),
               *_meets(ask, row.period_start, row.period_end))
        .order_by(given.desc(), row.id)
    )  # fmt: skip


def _meets(ask: Ask, begin: Any, end: Any) -> list[sa.ColumnElement[bool]]:
    """The condition that two days and the period have a day in common."""
    found = []
    if ask.period.first is not None:
        found.append(end >= ask.period.first)
    if ask.period.last is not None:
        found.append(begin <= ask.period.last)
    return found


def rate_budget(row: Row) -> None:
    """Lent, bound and spent of what was given."""
    row["rate"] = share((row["given"] or 0) - (row["free"] or 0), row["given"])


def calendar(ask: Ask) -> sa.Select[Any]:
    """What goes on when, and where (R02-3)."""
    row = Campaign
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.type.label("type"),
            row.start_on.label("start_on"), row.end_on.label("end_on"),
            row.place.label("place"), row.owner_id.label("person"), row.state.label("state"),
        )
        .where(*within(ask, row), row.state.in_((*SHOWN, "审批中")),
               *_meets(ask, row.start_on, row.end_on))
        .order_by(row.start_on, row.end_on, row.id)
    )  # fmt: skip


def incentives(ask: Ask) -> sa.Select[Any]:
    """Who earned what by which campaign (R03-3)."""
    row, event = Incentive, Campaign
    return (
        sa.select(
            row.number.label("number"), event.name.label("campaign"),
            row.payee_id.label("person"), row.kind.label("kind"),
            row.object_no.label("object_no"), row.amount.label("amount"),
            row.created_at.label("on"),
            sa.case((row.state == "已发", "已发放"), else_=row.state).label("state"),
        )
        .join(event, row.campaign_id == event.id)
        .where(*within(ask, row, person=row.payee_id), *ask.only("state", row.state),
               *ask.period.moments(row.created_at), *ask.found(event.name, row.object_no))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def compared(ask: Ask) -> sa.Select[Any]:
    """Kinds of campaigns side by side: cost, what came of it, what a lead cost (R03-4)."""
    row, run = Campaign, CampaignEffect
    newest = (
        sa.select(run.campaign_id, sa.func.max(run.run_date).label("run_date"))
        .where(run.workspace_id == workspace.current())
        .group_by(run.campaign_id)
        .subquery()
    )
    key = {"type": row.type, "person": row.owner_id, "month": spans.month_of(row.start_on)}[
        ask.chosen["by"]]  # fmt: skip
    money = row.spent.type
    return (
        sa.select(
            key.label("key"), sa.func.count().label("count"),
            sa.func.sum(row.budget_total).label("budget"), sa.func.sum(row.spent).label("spent"),
            sa.func.sum(run.leads).label("leads"), sa.func.sum(run.customers).label("customers"),
            sa.func.sum(run.opportunities).label("opportunities"),
            sa.type_coerce(sa.func.sum(run.order_amount), money).label("amount"),
            sa.func.sum(row.expected_amount).label("expected"),
        )
        .select_from(row)
        .outerjoin(newest, newest.c.campaign_id == row.id)
        .outerjoin(run, (run.campaign_id == row.id) & (run.run_date == newest.c.run_date))
        .where(*within(ask, row), row.state.in_(SHOWN), *ask.period.days(row.start_on))
        .group_by(key)
        .order_by(sa.desc("amount").nulls_last(), key)
    )  # fmt: skip


def rate_compared(row: Row) -> None:
    """Cost of a lead, order amount per yuan, order amount against the expected."""
    row["per_lead"] = share(row["spent"], row["leads"])
    row["roi"] = share(row["amount"], row["spent"])
    row["rate"] = share(row["amount"], row["expected"])


def of_compared(row: Row, ask: Ask) -> Link:
    """The campaigns behind the row."""
    if ask.chosen["by"] == "month":
        first, last = spans.bounds(row["key"])
        return "campaign", {"start_on.from": first, "start_on.to": last}
    return "campaign", {"type" if ask.chosen["by"] == "type" else "owner_id": row["key"] or "-"}


REPORTS = (
    Report("051-02/R02-1", _l("市场计划与审批时长"), _l("计划了哪些活动，审批用了多久。"),
           (c.text("name", _l("活动")), c.word("type", _l("类型")), c.OWNER,
            c.day("start_on", _l("开始")), c.money("budget", _l("预算")),
            c.day("asked", _l("提交日")), c.day("decided", _l("结论日")),
            c.count("tries", _l("提交次数")), c.days("took", _l("审批天数")), c.STATE),
           planning, READERS, Chart("bars", "name", ("took",)), rate_planning, to("campaign", key="number"),
           parts=("days", "done")),
    Report("051-02/R02-2", _l("预算使用情况"), _l("每个预算批了多少，借出、承诺、支出多少，还剩多少。"),
           (c.text("name", _l("预算")), c.word("type", _l("类型")),
            c.text("object_no", _l("对象")), c.money("given", _l("批准预算")),
            c.money("reserved", _l("已借出")), c.money("bound", _l("已承诺")),
            c.money("spent", _l("已支出")), c.money("free", _l("可用")),
            c.rate("rate", _l("占用率")), c.STATE),
           budgets, READERS, Chart("plan", "name", ("given", "spent")), rate_budget,
           to("expense_budget", key="number"),
           {"kind": KINDS}),
    Report("051-02/R02-3", _l("活动日历"), _l("什么活动在什么时候、什么地方。"),
           (c.text("name", _l("活动")), c.word("type", _l("类型")), c.day("start_on", _l("开始")),
            c.day("end_on", _l("结束")), c.text("place", _l("地点")), c.OWNER, c.STATE),
           calendar, READERS, Chart("span", "name", ("start_on", "end_on")),
           link=to("campaign", key="number")),
    Report("051-02/R03-3", _l("市场激励明细"), _l("谁因为哪个活动得到多少激励。"),
           (c.text("number", _l("激励")), c.text("campaign", _l("活动")),
            c.person("person", _l("受奖人")), c.word("kind", _l("种类")),
            c.text("object_no", _l("对象")), c.day("on", _l("日期")),
            c.money("amount", _l("金额")), c.STATE),
           incentives, READERS, link=to("incentive", key="number"), choices={"state": PAID},
           finds=_l("活动、对象")),
    Report("051-02/R03-4", _l("活动分析对比"), _l("哪类活动花得少、带来得多。"),
           (c.KEY, c.count("count", _l("活动数")), c.money("budget", _l("预算")),
            c.money("spent", _l("费用")), c.count("leads", _l("线索数")),
            c.count("customers", _l("客户数")), c.count("opportunities", _l("机会数")),
            c.money("amount", _l("订单额")), c.money("per_lead", _l("每条线索"), total=False),
            c.money("roi", _l("每元费用带来"), total=False), c.rate("rate", _l("完成"))),
           compared, READERS, Chart("plan", "key", ("spent", "amount")), rate_compared,
           of_compared, {"by": COMPARED_BY}, parts=("expected",)),
)  # fmt: skip
