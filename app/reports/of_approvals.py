"""How long documents wait for each approver, and how long each step of a flow takes.

What waits for whom follows from the records' own logs: a level begins when the level before it
was decided, the first one when the document was handed in. Steps come from the engine.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.engine import durations
from app.i18n import _l
from app.records.log import ApprovalLog, StateHistory
from app.reports import columns as c
from app.reports import spans
from app.reports.report import Ask, Chart, Report, Row, count_if, over, share

BY = {"approver": _l("审批人"), "role": _l("审批岗位"), "month": _l("月份")}
STEPS_BY = {"step": _l("步骤"), "person": _l("经办人"), "month": _l("月份")}
DECIDED = ("approve", "return", "reject")


def decisions(entity: str) -> Callable[[Ask], sa.Select[Any]]:
    """The query of a report on the approvals of one kind of record."""

    def query(ask: Ask) -> sa.Select[Any]:
        waited = _waits(entity, ask)
        key = {"approver": waited.c.person, "role": waited.c.role,
               "month": spans.month(waited.c.at)}[ask.chosen["by"]]  # fmt: skip
        hours = spans.days(waited.c.since, waited.c.at) * 24
        return (
            sa.select(
                key.label("key"), sa.func.count().label("count"),
                sa.func.count(waited.c.number.distinct()).label("documents"),
                *(count_if(waited.c.decision == one).label(one) for one in DECIDED),
                sa.func.sum(hours).label("waited"), sa.func.count(hours).label("timed"),
                sa.func.max(hours).label("longest"),
            )
            .where(waited.c.decision.in_(DECIDED), *over(ask, waited.c.person),
                   *ask.period.moments(waited.c.at))
            .group_by(key)
            .order_by(sa.desc("count"), key)
        )  # fmt: skip

    return query


def _waits(entity: str, ask: Ask) -> sa.Subquery:
    """Each decision with the moment since which it was waited for."""
    said, moved = ApprovalLog, StateHistory
    here = workspace.current()
    none = sa.null()
    asked = sa.select(
        moved.number.label("number"), moved.at.label("at"), none.label("person"),
        none.label("role"), none.label("decision"), none.label("level"),
        moved.at.label("submitted"),
    ).where(moved.workspace_id == here, moved.entity == entity,
            moved.new == "审批中", *_early(ask, moved.at))  # fmt: skip
    decided = sa.select(
        said.number, said.at, said.by, said.role, said.decision, said.level, none
    ).where(said.workspace_id == here, said.entity == entity, *_early(ask, said.at))
    both = sa.union_all(asked, decided).subquery()
    order = {"partition_by": both.c.number, "order_by": both.c.at}
    submitted = sa.func.max(both.c.submitted).over(**order)
    before = sa.func.lag(both.c.at).over(**order)
    since = sa.case((sa.func.coalesce(both.c.level, 1) > 1, before), else_=submitted)
    return sa.select(*both.c, since.label("since")).subquery()


def _early(ask: Ask, column: Any) -> list[sa.ColumnElement[bool]]:
    """What was decided in the period may have been handed in a quarter before it."""
    return ask.period.widened(92).moments(column)


def rate_waits(row: Row) -> None:
    """Mean hours; returned or rejected of all."""
    row["mean"] = share(row["waited"], row["timed"])
    row["rate"] = share((row["return"] or 0) + (row["reject"] or 0), row["count"])


def steps(processes: Sequence[str]) -> Callable[[Ask], sa.Select[Any]]:
    """The query of a report on the steps that people finished in these processes."""

    def query(ask: Ask) -> sa.Select[Any]:
        row = durations.tasks(processes)
        key = {"step": row.c.step, "person": row.c.person,
               "month": spans.month(row.c.ended)}[ask.chosen["by"]]  # fmt: skip
        hours = spans.days(row.c.begun, row.c.ended) * 24
        return (
            sa.select(
                key.label("key"), sa.func.count().label("count"),
                sa.func.sum(hours).label("waited"), sa.func.max(hours).label("longest"),
                sa.func.count(row.c.due).label("timed"),
                count_if(row.c.ended <= row.c.due).label("in_time"),
            )
            .where(*over(ask, row.c.person), *ask.period.moments(row.c.ended))
            .group_by(key)
            .order_by(sa.desc("count"), key)
        )  # fmt: skip

    return query


def rate_steps(row: Row) -> None:
    """Mean hours; in time of those that had a time."""
    row["mean"] = share(row["waited"], row["count"])
    row["rate"] = share(row["in_time"], row["timed"])


def approval_report(
    id: str, name: Any, purpose: Any, entity: str, readers: frozenset[str]
) -> Report:
    """How long documents of a kind wait for their approvers."""
    return Report(
        id, name, purpose,
        (c.KEY, c.count("documents", _l("单据数"), total=False), c.count("count", _l("审批数")),
         c.count("approve", _l("同意数")), c.count("return", _l("退回数")),
         c.count("reject", _l("驳回数")), c.hours("mean", _l("平均小时")),
         c.hours("longest", _l("最长小时")), c.rate("rate", _l("退回与驳回"))),
        decisions(entity), readers, Chart("bars", "key", ("mean",)), rate_waits,
        choices={"by": BY}, parts=("waited", "timed"),
    )  # fmt: skip


def step_report(
    id: str, name: Any, purpose: Any, processes: Sequence[str], readers: frozenset[str]
) -> Report:
    """How long people need for each step of a flow."""
    return Report(
        id, name, purpose,
        (c.KEY, c.count("count", _l("完成次数")), c.hours("mean", _l("平均小时")),
         c.hours("longest", _l("最长小时")), c.count("timed", _l("有时限")),
         c.count("in_time", _l("按时")), c.rate("rate", _l("按时率"))),
        steps(processes), readers, Chart("bars", "key", ("mean",)), rate_steps,
        choices={"by": STEPS_BY}, parts=("waited",),
    )  # fmt: skip


def lasted(entity: str, **stages: tuple[str, ...]) -> sa.Subquery:
    """Of each record of a kind: when it first came into one of the states of each stage.

    Columns: record_id and one moment for each stage, null when it was never there.
    """
    log = StateHistory
    at = [
        sa.type_coerce(sa.func.min(sa.case((log.new.in_(states), log.at))), log.at.type).label(name)
        for name, states in stages.items()
    ]
    wanted = sorted({state for states in stages.values() for state in states})
    return (
        sa.select(log.record_id, *at)
        .where(log.workspace_id == workspace.current(), log.entity == entity, log.new.in_(wanted))
        .group_by(log.record_id)
        .subquery()
    )  # fmt: skip
