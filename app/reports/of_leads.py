"""Reports of 051-02-01: how fast leads are answered, where they stand, how often they move."""

from typing import Any

import sqlalchemy as sa

from app.i18n import _l
from app.records.action import Action
from app.records.lead import Lead
from app.reports import columns as c
from app.reports import spans
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
    within,
)

BY = {"person": _l("负责人"), "source": _l("来源"), "level": _l("级别"), "region": _l("区域")}
STANDING_BY = {"state": _l("状态"), "source": _l("来源")}
HOT, OTHER = 4, 24  # hours in which a lead is to be answered (051-02-01 SLA)


def _key(ask: Ask) -> Any:
    return Lead.owner_id if ask.chosen["by"] == "person" else getattr(Lead, ask.chosen["by"])


def of_key(row: Row, ask: Ask) -> Link:
    """The leads behind the row."""
    column = "owner_id" if ask.chosen["by"] == "person" else ask.chosen["by"]
    return "lead", {column: row["key"] or "-"}


def response(ask: Ask) -> sa.Select[Any]:
    """How long a lead waited for its first action; hot ones may wait four hours (R01-2)."""
    row, act = Lead, Action
    first = (
        sa.select(sa.func.min(act.at))
        .where(act.workspace_id == row.workspace_id, act.target == "线索",
               act.target_no == row.number)
        .correlate(row)
        .scalar_subquery()
    )  # fmt: skip
    seen = (
        sa.select(
            _key(ask).label("key"), (spans.days(row.created_at, first) * 24).label("wait"),
            sa.case((row.level == "热", HOT), else_=OTHER).label("allowed"),
        )
        .where(*within(ask, row), row.state != "已合并", *ask.period.moments(row.created_at))
        .subquery()
    )  # fmt: skip
    wait = seen.c.wait
    return (
        sa.select(
            seen.c.key, sa.func.count().label("count"), sa.func.count(wait).label("answered"),
            count_if(wait <= seen.c.allowed).label("in_time"),
            count_if(wait.is_(None)).label("silent"), sa.func.sum(wait).label("waited"),
            sa.func.max(wait).label("longest"),
        )
        .group_by(seen.c.key)
        .order_by(sa.desc("count"), seen.c.key)
    )  # fmt: skip


def rate_response(row: Row) -> None:
    """Mean hours of those that were answered; in time of all."""
    row["mean"] = share(row["waited"], row["answered"])
    row["rate"] = share(row["in_time"], row["count"])


def standing(ask: Ask) -> sa.Select[Any]:
    """Leads by state or source, with their level and budget (R01-3)."""
    row, by = Lead, _key(ask)
    return (
        sa.select(
            by.label("key"), sa.func.count().label("count"),
            count_if(row.level == "热").label("hot"), count_if(row.level == "温").label("warm"),
            count_if(row.level == "冷").label("cold"),
            sum_if(row.budget.is_not(None), row.budget).label("budget"),
        )
        .where(*within(ask, row), *ask.period.moments(row.created_at))
        .group_by(by)
        .order_by(sa.desc("count"), by)
    )  # fmt: skip


def moves(ask: Ask) -> sa.Select[Any]:
    """How often leads were handed on before somebody kept them (R01-4)."""
    row, by = Lead, _key(ask)
    return (
        sa.select(
            by.label("key"), sa.func.count().label("count"),
            sa.func.sum(row.rounds).label("rounds"),
            count_if(row.rounds == 1).label("once"), count_if(row.rounds == 2).label("twice"),
            count_if(row.rounds > 2).label("often"), sa.func.max(row.rounds).label("most"),
            count_if(row.state == "线索池").label("pooled"),
        )
        .where(*within(ask, row), row.rounds > 0, row.state != "已合并",
               *ask.period.moments(row.created_at))
        .group_by(by)
        .order_by(sa.desc("rounds"), by)
    )  # fmt: skip


def rate_moves(row: Row) -> None:
    """Mean rounds of a lead that was handed on."""
    row["mean"] = share(row["rounds"], row["count"])


REPORTS = (
    Report("051-02/R01-2", _l("首次响应时长"), _l("线索进来以后多久有人联系；热线索四小时，其他一天。"),
           (c.KEY, c.count("count", _l("线索数")), c.count("answered", _l("已联系")),
            c.count("in_time", _l("及时")), c.count("silent", _l("还没联系")),
            c.hours("mean", _l("平均小时")), c.hours("longest", _l("最长小时")),
            c.rate("rate", _l("及时率"))),
           response, TRADE | MARKET, Chart("bars", "key", ("mean",)), rate_response, of_key,
           {"by": BY}, parts=("waited",)),
    Report("051-02/R01-3", _l("线索状态与来源"), _l("线索现在是什么状态，从哪里来。"),
           (c.KEY, c.count("count", _l("线索数")), c.count("hot", _l("热")),
            c.count("warm", _l("温")), c.count("cold", _l("冷")), c.money("budget", _l("客户预算"))),
           standing, TRADE | MARKET, Chart("bars", "key", ("count",), "budget"), link=of_key,
           choices={"by": STANDING_BY}),
    Report("051-02/R01-4", _l("重新分配次数"), _l("线索转手了几次才有人跟进。"),
           (c.KEY, c.count("count", _l("派发过的线索")), c.count("rounds", _l("派发次数")),
            c.count("once", _l("一次")), c.count("twice", _l("两次")),
            c.count("often", _l("三次以上")), c.count("most", _l("最多"), total=False),
            c.days("mean", _l("平均次数")), c.count("pooled", _l("进了线索池"))),
           moves, TRADE | MARKET, Chart("bars", "key", ("rounds",)), rate_moves, of_key,
           {"by": BY}),
)  # fmt: skip
