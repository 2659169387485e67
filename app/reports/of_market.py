"""Reports of marketing: leads, campaigns, competitors."""

from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.campaign import Campaign
from app.records.campaign_effect import CampaignEffect
from app.records.campaign_task import CampaignTask
from app.records.competitor import CompetingOrder, Competitor
from app.records.lead import Lead
from app.reports import columns as c
from app.reports.report import (
    MARKET,
    MONEY,
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

LEADS_BY = {"source": _l("来源"), "campaign": _l("活动"), "level": _l("级别"),
            "person": _l("负责人"), "region": _l("区域")}  # fmt: skip
SHOWN = ("已批准", "已下达", "执行中", "已结束", "已关闭")


def leads(ask: Ask) -> sa.Select[Any]:
    """Leads of the period and how many became customers (R01-1, R01-3)."""
    row = Lead
    chosen = ask.chosen["by"]
    keys = {"person": [row.owner_id.label("key")],
            "campaign": [Campaign.name.label("key"), Campaign.number.label("number")]}.get(
        chosen) or [getattr(row, chosen).label("key")]  # fmt: skip
    return (
        sa.select(
            *keys, sa.func.count().label("count"),
            count_if(row.state.in_(("待接收", "跟进中"))).label("running"),
            count_if(row.state == "已转化").label("won"),
            count_if(row.state.in_(("培育中", "线索池"))).label("kept"),
            count_if(row.state == "无效").label("void"),
            count_if(row.rounds > 1).label("again"),
        )
        .outerjoin(Campaign, row.campaign_id == Campaign.id)
        .where(*within(ask, row), row.state != "已合并", *ask.period.moments(row.created_at))
        .group_by(*keys)
        .order_by(sa.desc("count"), keys[0])
    )  # fmt: skip


def rate_leads(row: Row) -> None:
    """How many became customers."""
    row["rate"] = share(row["won"], row["count"])


def of_leads(row: Row, ask: Ask) -> Link:
    """The leads behind the row."""
    if ask.chosen["by"] == "campaign":
        return "lead", {"campaign_id": row["number"] or "-"}
    column = "owner_id" if ask.chosen["by"] == "person" else ask.chosen["by"]
    return "lead", {column: row["key"] or "-"}


def effect(ask: Ask) -> sa.Select[Any]:
    """Each campaign: expected and brought, by its latest figures (R03-2)."""
    row, run = Campaign, CampaignEffect
    newest = (
        sa.select(run.campaign_id, sa.func.max(run.run_date).label("run_date"))
        .where(run.workspace_id == workspace.current())
        .group_by(run.campaign_id)
        .subquery()
    )
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.state.label("state"),
            row.expected_leads.label("leads_expected"), run.leads.label("leads"),
            run.opportunities.label("opportunities"),
            row.expected_amount.label("amount_expected"), run.order_amount.label("amount"),
            row.spent.label("spent"),
        )
        .select_from(row)
        .outerjoin(newest, newest.c.campaign_id == row.id)
        .outerjoin(run, (run.campaign_id == row.id) & (run.run_date == newest.c.run_date))
        .where(*within(ask, row), row.state.in_(SHOWN), *ask.period.days(row.start_on))
        .order_by(row.start_on.desc(), row.id.desc())
    )  # fmt: skip


def rate_effect(row: Row) -> None:
    """Amount and cost per yuan and per lead."""
    row["roi"] = share(row["amount"], row["spent"])
    row["per_lead"] = share(row["spent"], row["leads"])
    row["rate"] = share(row["amount"], row["amount_expected"])


def watch(ask: Ask) -> sa.Select[Any]:
    """Campaigns under way: tasks done and money used (R03-1, 051-02 P3)."""
    row, task = Campaign, CampaignTask
    done = (
        sa.select(
            task.campaign_id, sa.func.count().label("tasks"),
            count_if(task.state == "已完成").label("done"),
            count_if((task.state.in_(("待接收", "进行中"))) & (task.due_on < ask.today)).label("late"),
        )
        .where(task.workspace_id == workspace.current(), task.state != "已取消")
        .group_by(task.campaign_id)
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.end_on.label("end_on"),
            done.c.tasks, done.c.done, done.c.late, row.budget_total.label("budget"),
            row.spent.label("spent"), row.owner_id.label("person"),
        )
        .select_from(row)
        .outerjoin(done, done.c.campaign_id == row.id)
        .where(*within(ask, row), row.state.in_(("已下达", "执行中")))
        .order_by(row.end_on, row.id)
    )  # fmt: skip


def rate_watch(row: Row) -> None:
    """Tasks done, money used."""
    row["progress"] = share(row["done"], row["tasks"])
    row["rate"] = share(row["spent"], row["budget"])


def rivals(ask: Ask) -> sa.Select[Any]:
    """Competitors that may be read about, and the orders that were fought for (R04-1)."""
    row, fight = Competitor, CompetingOrder
    met = (
        sa.select(
            fight.competitor_id, sa.func.count().label("fights"),
            count_if(fight.won_by == "对手").label("lost"),
            sum_if(fight.won_by == "对手", fight.amount).label("amount"),
        )
        .where(fight.workspace_id == workspace.current())
        .group_by(fight.competitor_id)
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), row.threat.label("threat"),
            row.region.label("region"), row.reliability.label("reliability"), met.c.fights,
            met.c.lost, met.c.amount,
        )
        .select_from(row)
        .outerjoin(met, met.c.competitor_id == row.id)
        .where(*within(ask, row), row.state == "已发布")
        .order_by(met.c.amount.desc().nulls_last(), row.name)
    )  # fmt: skip


REPORTS = (
    Report("051-02/R01-1", _l("线索转化率"), _l("线索从哪里来，多少变成了客户。"),
           (c.KEY, c.count("count", _l("线索数")),
            c.count("running", _l("跟进中")), c.count("won", _l("已转化")),
            c.count("kept", _l("培育与线索池")), c.count("void", _l("无效")),
            c.count("again", _l("重新分配")), c.rate("rate", _l("转化率"))),
           leads, TRADE | MARKET, Chart("plan", "key", ("count", "won")),
           rate_leads, of_leads, {"by": LEADS_BY}),
    Report("051-02/R03-1", _l("活动进度与费用"), _l("进行中的活动做到哪里，花了多少。"),
           (c.text("name", _l("活动")), c.person("person", _l("负责人")),
            c.day("end_on", _l("结束")), c.count("tasks", _l("任务")),
            c.count("done", _l("完成")), c.count("late", _l("逾期")),
            c.rate("progress", _l("进度")), c.money("budget", _l("预算")),
            c.money("spent", _l("已用")), c.rate("rate", _l("预算使用"))),
           watch, TRADE | MARKET | MONEY, Chart("plan", "name", ("budget", "spent")),
           rate_watch, to("campaign", key="number"), dated=False),
    Report("051-02/R03-2", _l("活动效果"), _l("每个活动期望什么，带来了什么，花了多少。"),
           (c.text("name", _l("活动")), c.tone("state", _l("状态")),
            c.count("leads_expected", _l("期望线索")), c.count("leads", _l("线索数")),
            c.count("opportunities", _l("机会数")), c.money("amount_expected", _l("期望订单额")),
            c.money("amount", _l("订单额")), c.rate("rate", _l("完成")), c.money("spent", _l("费用")),
            c.money("roi", _l("每元费用带来"), total=False), c.money("per_lead", _l("每条线索"), total=False)),
           effect, TRADE | MARKET, Chart("plan", "name", ("amount_expected", "amount")),
           rate_effect, to("campaign", key="number")),
    Report("051-02/R04-1", _l("竞争对手档案"), _l("您可以了解的对手，以及和他们争过的订单。"),
           (c.text("name", _l("竞争对手")), c.tone("threat", _l("威胁")),
            c.word("region", _l("区域")), c.word("reliability", _l("可信度")),
            c.count("fights", _l("争夺")), c.count("lost", _l("输掉")), c.money("amount", _l("输掉金额"))),
           rivals, TRADE | MARKET, Chart("bars", "name", ("fights",)),
           link=to("competitor", key="number"), dated=False),
)  # fmt: skip
