"""User tasks open and close: the rows of the inbox, written with the step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app import signals, sql
from app.accounts import people
from app.engine import facts, numbers
from app.engine.models import TaskCandidate, UserTask
from app.engine.spiff import rows

if TYPE_CHECKING:
    from app.engine.host import StepHost
    from app.engine.store import Case

_task, _candidate = UserTask.__table__, TaskCandidate.__table__
_FORGET = sa.delete(_candidate).where(sql.named(_candidate, "task_id"))
_FINISH = (
    sa.update(_task)
    .where(sql.named(_task, "id"))
    .values(
        state="done",
        completed_at=sa.bindparam("to_at", type_=_task.c.completed_at.type),
        completed_by=sa.bindparam("to_by"),
        outcome=sa.bindparam("to_outcome"),
        assignee=sa.func.coalesce(_task.c.assignee, sa.bindparam("to_by")),
    )
)
LONGEST_WORDS = 160
DUE = dt.timedelta(days=1)  # a task without its own due time, conventions §5


def open_all(case: Case, tasks: list[rows.TaskRow], host: StepHost) -> list[dict[str, Any]]:
    """Each task has its row and its candidates; the rows' columns, with `candidates`."""
    if not tasks:
        return []
    holders: dict[str, str | None] = {}
    made = [_fields(case, row, host, holders) for row in tasks]
    if len(made) == 1:
        ids = [numbers.insert(_task, _columns(made[0]))]
    else:
        ids = numbers.insert_all(_task, [_columns(fields) for fields in made])
    candidates = []
    for id, fields in zip(ids, made, strict=True):
        fields["id"] = id
        candidates += [_candidate_row(fields, *who) for who in fields["candidates"]]
    sql.insert_all(_candidate, candidates)
    return made


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "candidates"}


def _fields(
    case: Case, row: rows.TaskRow, host: StepHost, holders: dict[str, str | None]
) -> dict[str, Any]:
    key = row.business_key or case.business_key
    groups = row.candidate_groups
    if not (groups or row.candidate_users or row.assignee):
        groups = row.lane_groups
    limits = {group: _limit(case, group, holders) for group in groups}
    users = [("user", login, None) for login in row.candidate_users]
    return {
        "workspace_id": case.workspace_id,
        "instance_id": case.id,
        "token_id": row.token_id,
        "definition_id": int(row.definition),
        "process_id": row.process_id,
        "element_id": row.element_id,
        "name": row.name[:300],
        "form_key": row.form_key,
        "state": "open",
        "assignee": row.assignee,
        "department_id": next((limit for limit in limits.values() if limit), None),
        "priority": row.priority,
        "due_at": row.due_at or host.at + DUE,
        "follow_up_at": row.follow_up_at,
        "created_at": host.at,
        "claimed_at": host.at if row.assignee else None,
        "business_key": key,
        "subject": case.subject,
        "lane": row.lane,
        "loop_index": row.loop_index,
        "documentation": row.documentation,
        "properties": row.properties or None,
        "search_text": search_text(row.name, case.subject, key),
        "candidates": users + [("group", group, limits[group]) for group in groups],
    }


def search_text(*parts: str | None) -> str:
    """What the inbox searches in: name, subject and key in lower case, each up to its 160th
    character, so that an index can hold them."""
    return "\n".join(part[:LONGEST_WORDS] for part in parts if part).lower()[: 3 * LONGEST_WORDS]


def _limit(case: Case, group: str, known: dict[str, str | None]) -> str | None:
    """The record's department, if the role has a holder there; None: every holder may."""
    if case.department_id is None:
        return None
    if group not in known:
        held = people.holders(group, case.department_id)
        known[group] = case.department_id if held else None
    return known[group]


def _candidate_row(
    task: dict[str, Any], kind: str, value: str, department_id: str | None
) -> dict[str, Any]:
    return {
        "workspace_id": task["workspace_id"],
        "task_id": task["id"],
        "kind": kind,
        "value": value,
        "department_id": department_id,
        "taken": task["assignee"] is not None,
        "due_at": task["due_at"],
    }


@dataclass(frozen=True, slots=True)
class Finished:
    """The task that a person has just done."""

    task_id: int
    token_id: int
    by: str | None
    outcome: str | None
    offered: bool = True  # has it candidates?


def close(case: Case, tokens: Sequence[int], state: str, host: StepHost) -> None:
    """The open tasks of these tokens were taken away by the flow, or done by nobody in person."""
    ids = _open_ids(case, tokens) if tokens else []
    if ids:
        sql.execute(
            sa.update(_task).where(_task.c.id.in_(ids)).values(state=state, completed_at=host.at)
        )
        forget_candidates(ids)
        for id in ids:
            signals.task_closed.send(
                case.id, task_id=id, state=state, by=None, facts=facts.Facts(case)
            )


def finish(done: Finished, host: StepHost) -> None:
    """The task is done, and who did it is written down."""
    fields = {
        "the_id": done.task_id,
        "to_at": host.at,
        "to_by": done.by,
        "to_outcome": done.outcome,
    }
    sql.write(_FINISH, fields)
    if done.offered:
        forget_candidates([done.task_id])


def forget_candidates(task_ids: list[int]) -> None:
    """Nobody is a candidate of these tasks any more."""
    sql.write(_FORGET, [{"the_task_id": id} for id in task_ids])


def _open_ids(case: Case, tokens: Sequence[int]) -> list[int]:
    query = sa.select(_task.c.id).where(
        _task.c.instance_id == case.id, _task.c.token_id.in_(tokens), _task.c.state == "open"
    )
    return list(sql.execute(query).scalars())


def describe(case: Case) -> None:
    """Open tasks show the case's subject and business key."""
    found = sql.execute(
        sa.select(_task.c.id, _task.c.name).where(
            _task.c.instance_id == case.id, _task.c.state == "open"
        )
    ).all()
    for id, name in found:
        sql.execute(
            sa.update(_task)
            .where(_task.c.id == id)
            .values(
                subject=case.subject,
                business_key=case.business_key,
                search_text=search_text(name, case.subject, case.business_key),
            )
        )


def has_candidates(task_id: int) -> bool:
    """May anybody take the task when its owner gives it back?"""
    query = sa.select(sa.literal(1)).where(_candidate.c.task_id == task_id).limit(1)
    return sql.execute(query).first() is not None


def assign(task_id: int, to: str | None, at: dt.datetime) -> None:
    """The task is `to`'s, or nobody's."""
    sql.execute(
        sa.update(_task)
        .where(_task.c.id == task_id)
        .values(assignee=to, claimed_at=at if to else None)
    )
    sql.execute(
        sa.update(_candidate).where(_candidate.c.task_id == task_id).values(taken=to is not None)
    )


def set_follow_up(task_id: int, at: dt.datetime | None) -> None:
    """The task waits out of sight until then."""
    sql.execute(sa.update(_task).where(_task.c.id == task_id).values(follow_up_at=at))


def set_due(task_id: int, due_at: dt.datetime) -> None:
    """The task and its candidates carry another due time."""
    sql.execute(
        sa.update(_task).where(_task.c.id == task_id).values(due_at=due_at, reminded_at=None)
    )
    sql.execute(sa.update(_candidate).where(_candidate.c.task_id == task_id).values(due_at=due_at))
