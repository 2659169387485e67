"""A page of the queue in the order of due dates, read from the indexes of what it is made of.

A person's queue is a union: tasks that the person has, and free tasks for the login and for each
role. Each part is an index range in the order of its dates; only as many rows of each are looked at
as the page needs, however many tasks are open.
"""

import datetime as dt
import heapq
from collections.abc import Iterator

import sqlalchemy as sa

from app import workspace
from app.accounts import people
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask

Span = tuple[dt.datetime | None, dt.datetime | None]  # from (inclusive), to (exclusive)
Part = tuple[sa.Select, sa.ColumnElement, sa.ColumnElement]  # query, its date, its tie-break


def page(
    person: User, now: dt.datetime, span: Span, first: int, count: int, *,
    has: bool = True, may_take: bool = True,
) -> list[int]:  # fmt: skip
    """Ids of the tasks at these places, the earliest date first, those without a date last.

    `has`: those that the person has; `may_take`: those that are free for the person. What is put
    off to later than `now` is left out.
    """
    parts = [*(_own(person) if has else ()), *(_free(person) if may_take else ())]
    parts = [(_ready(query, now), date, order) for query, date, order in parts]
    wanted = first + count
    found = _dated(parts, span, wanted)
    if len(found) < wanted and span == (None, None):
        found += [id for id in _undated(parts, wanted - len(found)) if id not in set(found)]
    return found[first:wanted]


def _own(person: User) -> Iterator[Part]:
    query = sa.select(UserTask.id, UserTask.due_at).where(
        UserTask.state == "open", UserTask.assignee == person.login
    )
    yield query, UserTask.due_at, UserTask.id


def _free(person: User) -> Iterator[Part]:
    departments = people.departments_above(person.department_id)
    here = sa.or_(
        TaskCandidate.department_id.is_(None), TaskCandidate.department_id.in_(departments)
    )
    for kind, value in [("user", person.login), *(("group", id) for id in person.group_ids)]:
        query = (
            sa.select(TaskCandidate.task_id, TaskCandidate.due_at)
            .join(UserTask, UserTask.id == TaskCandidate.task_id)
            .where(
                TaskCandidate.workspace_id == workspace.current(), TaskCandidate.kind == kind,
                TaskCandidate.value == value, TaskCandidate.taken.is_(False),
            )
        )  # fmt: skip
        yield (
            (query if kind == "user" else query.where(here)),
            TaskCandidate.due_at,
            TaskCandidate.id,
        )


def _ready(query: sa.Select, now: dt.datetime) -> sa.Select:
    return query.where(sa.or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= now))


def _dated(parts: list[Part], span: Span, wanted: int) -> list[int]:
    start, end = span
    lists = []
    for query, date, order in parts:
        query = query.where(date.is_not(None) if start is None else date >= start)
        if end is not None:
            query = query.where(date < end)
        rows = db.session.execute(query.order_by(date, order).limit(wanted))
        lists.append(sorted((due, id) for id, due in rows))
    merged = dict.fromkeys(id for _due, id in heapq.merge(*lists))
    return list(merged)[:wanted]


def _undated(parts: list[Part], wanted: int) -> list[int]:
    found: set[int] = set()
    for query, date, order in parts:
        rows = db.session.execute(query.where(date.is_(None)).order_by(order).limit(wanted))
        found.update(id for id, _due in rows)
    return sorted(found)[:wanted]
