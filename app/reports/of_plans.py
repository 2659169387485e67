"""Reports of 051-03-01: ranking, adjustments, new customers against the plan."""

from typing import Any

import sqlalchemy as sa

from app.i18n import _l
from app.records.sales_plan import SalesPlan, SalesPlanLine
from app.reports import columns as c
from app.reports import of_sales
from app.reports.of_customers import LOCKED
from app.reports.report import TRADE, Ask, Chart, Link, Report, Row, share, sum_if, to, within

RANKED_BY = {"person": _l("业务员"), "department": _l("部门")}
FOUND = {"新客户数": _l("新客户数"), "新联系人数": _l("新联系人数")}
CHANGED = ("已锁定", "修订中", "已归档")


def ranking(ask: Ask) -> sa.Select[Any]:
    """Who is how far with what is due by now, the first on top (R01-2)."""
    head, row = SalesPlan, SalesPlanLine
    key = row.rep_id if ask.chosen["by"] == "person" else row.department_id
    past = head.year * 12 + row.month <= ask.today.year * 12 + ask.today.month
    sums = (
        sa.select(
            key.label("key"), sum_if(past, row.target).label("due"),
            sa.func.sum(row.actual).label("actual"),
        )
        .join(head, row.plan_id == head.id)
        .where(*within(ask, row, person=row.rep_id), row.version == head.version,
               row.rep_id.is_not(None), head.metric == ask.chosen["metric"],
               head.state.in_(LOCKED), *ask.period.months(head.year, row.month))
        .group_by(key)
        .subquery()
    )  # fmt: skip
    done = sa.case((sums.c.due > 0, _ratio(sums.c.actual, sums.c.due)), else_=-1)
    return (
        sa.select(
            sums.c.key, sa.func.rank().over(order_by=done.desc()).label("rank"),
            sa.type_coerce(sums.c.due, row.target.type).label("due"),
            sa.type_coerce(sums.c.actual, row.actual.type).label("actual"),
        )
        .order_by(done.desc(), sums.c.actual.desc(), sums.c.key)
    )  # fmt: skip


def _ratio(part: Any, whole: Any) -> Any:
    return sa.cast(sa.type_coerce(part, sa.Float()), sa.Float()) / sa.type_coerce(whole, sa.Float())


def rate_ranking(row: Row) -> None:
    """Actual against what is due by now."""
    row["rate"] = share(row["actual"], row["due"])


def of_ranked(row: Row, ask: Ask) -> Link:
    """The plan lines behind the row."""
    column = "rep_id" if ask.chosen["by"] == "person" else "department_id"
    return "sales_plan_line", {column: row["key"] or "-"}


def adjustments(ask: Ask) -> sa.Select[Any]:
    """What each new version of a plan changed, department by department (R01-3)."""
    head, row = SalesPlan, SalesPlanLine
    sums = (
        sa.select(
            row.plan_id, row.version, row.department_id, sa.func.sum(row.target).label("target"),
        )
        .join(head, row.plan_id == head.id)
        .where(*within(ask, row, person=row.rep_id), row.rep_id.is_not(None),
               head.state.in_(CHANGED), *ask.period.months(head.year, row.month))
        .group_by(row.plan_id, row.version, row.department_id)
        .subquery()
    )  # fmt: skip
    before = sa.func.lag(sums.c.target).over(
        partition_by=(sums.c.plan_id, sums.c.department_id), order_by=sums.c.version
    )
    both = sa.select(*sums.c, sa.type_coerce(before, row.target.type).label("before")).subquery()
    after = sa.type_coerce(both.c.target, row.target.type)
    return (
        sa.select(
            head.name.label("name"), head.number.label("number"), head.metric.label("metric"),
            both.c.version, both.c.department_id.label("department"), both.c.before,
            after.label("after"), (after - both.c.before).label("change"),
        )
        .join(head, both.c.plan_id == head.id)
        .where(both.c.version > 1, both.c.version <= head.version, both.c.before.is_not(None),
               both.c.before != both.c.target)
        .order_by(head.year.desc(), head.id, both.c.version.desc(), both.c.department_id)
    )  # fmt: skip


def rate_adjustments(row: Row) -> None:
    """By how much of what it was."""
    row["rate"] = share(row["change"], row["before"])


REPORTS = (
    Report("051-03/R01-2", _l("计划完成排名"), _l("谁离到期的计划最近，谁落在后面。"),
           (c.KEY, c.count("rank", _l("名次"), total=False), c.money("due", _l("到期计划")),
            c.money("actual", _l("实际")), c.rate("rate", _l("完成"))),
           ranking, TRADE, Chart("bars", "key", ("rate",), over=of_sales.is_short), rate_ranking,
           of_ranked, {"by": RANKED_BY, "metric": of_sales.METRICS}),
    Report("051-03/R01-3", _l("计划调整记录"), _l("计划的每个新版本给哪个部门加减了多少。"),
           (c.text("name", _l("计划")), c.word("metric", _l("指标")),
            c.count("version", _l("版本"), total=False),
            c.Column("department", _l("部门"), "department"), c.money("before", _l("原目标")),
            c.money("after", _l("新目标")), c.money("change", _l("变化")),
            c.rate("rate", _l("变化率"))),
           adjustments, TRADE, Chart("plan", "name", ("before", "after")), rate_adjustments,
           to("sales_plan", key="number")),
    Report("051-03/R01-4", _l("新客户指标"), _l("计划要开发多少新客户和联系人，做到多少。"),
           (c.KEY, c.qty("target", _l("计划")), c.qty("due", _l("到期计划")),
            c.qty("actual", _l("实际")), c.rate("rate", _l("完成")), c.qty("gap", _l("差额"))),
           of_sales.plan, TRADE, Chart("plan", "key", ("due", "actual"), over=of_sales.is_short),
           of_sales.rate_plan, of_sales.of_plan, {"by": of_sales.PLAN_BY, "metric": FOUND}),
)  # fmt: skip
