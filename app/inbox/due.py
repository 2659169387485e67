"""A page of the queue in the order of due dates, read from the indexes of what it is made of.

A person's queue is a union: tasks that the person has, and free tasks for the login and for each
role. Each part is an index range in the order of its dates; only as many rows of each are looked at
as the page needs, however many tasks are open.
"""

import datetime as dt
import functools
import heapq
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask
from app.inbox import sight

Span = tuple[dt.datetime | None, dt.datetime | None]  # from (inclusive), to (exclusive)
Part = tuple[str, dict[str, Any]]  # own or free, its values
_task, _candidate = UserTask.__table__, TaskCandidate.__table__
NEVER = "never"  # tasks without a date


def page(
    person: User, now: dt.datetime, span: Span, first: int, count: int, *,
    has: bool = True, may_take: bool = True,
) -> list[int]:  # fmt: skip
    """Ids of the tasks at these places, the earliest date first, those without a date last.

    `has`: those that the person has; `may_take`: those that are free for the person. What is put
    off to later than `now` is left out.
    """
    parts = list(_parts(person, now, span, has, may_take))
    wanted = first + count
    lists = [
        sorted((due, id) for id, due in _rows(_listed(kind, _shape(span)), given, wanted))
        for kind, given in parts
    ]
    found = list(dict.fromkeys(id for _due, id in heapq.merge(*lists)))[:wanted]
    if len(found) < wanted and span == (None, None):
        known = set(found)
        found += [id for id in _undated(parts, wanted - len(found)) if id not in known]
    return found[first:wanted]


def count(
    person: User, now: dt.datetime, span: Span, most: int, *, has: bool = True,
    may_take: bool = True,
) -> int:  # fmt: skip
    """How many tasks `page` would find on all pages, at most `most`; no more rows are looked at."""
    found: set[int] = set()
    for kind, given in _parts(person, now, span, has, may_take):
        if len(found) < most:
            found.update(id for id, _due in _rows(_counted(kind, _shape(span)), given, most))
    return min(most, len(found))


def counts(
    person: User, now: dt.datetime, spans: dict[str, Span], most: int
) -> dict[str, dict[str, int]]:
    """{name of a span: {"all", "own", "free": how many tasks, at most `most`}}.

    A part with fewer than `most` tasks is read once for all spans.
    """
    found: dict[str, dict[str, set[int]]] = {
        name: {"all": set(), "own": set(), "free": set()} for name in spans
    }
    for kind, given in list(_parts(person, now, (None, None), True, True)):
        whole = _rows(_counted(kind, ""), given, most).all()
        for name, span in spans.items():
            if len(whole) < most or span == (None, None):
                ids = {id for id, due in whole if _lies_in(due, span)}
            else:
                there = given | {"start": span[0], "until": span[1]}
                ids = {id for id, _due in _rows(_counted(kind, _shape(span)), there, most)}
            found[name]["own" if kind == "own" else "free"] |= ids
            found[name]["all"] |= ids
    return {
        name: {part: min(most, len(ids)) for part, ids in parts.items()}
        for name, parts in found.items()
    }


def _lies_in(due: dt.datetime | None, span: Span) -> bool:
    start, until = span
    if due is None:
        return span == (None, None)
    return (start is None or due >= start) and (until is None or due < until)


def _undated(parts: list[Part], wanted: int) -> list[int]:
    found: set[int] = set()
    for kind, given in parts:
        found.update(id for id, _due in _rows(_listed(kind, NEVER), given, wanted))
    return sorted(found)[:wanted]


def _rows(statement: sa.Select[Any], given: dict[str, Any], most: int) -> Any:
    return db.session().connection().execute(statement, given | {"most": most})


def _parts(person: User, now: dt.datetime, span: Span, has: bool, may_take: bool) -> Iterator[Part]:
    given = {"workspace": workspace.current(), "now": now, "start": span[0], "until": span[1]}
    if has:
        yield "own", given | {"login": person.login}
    if may_take:
        given["departments"] = sight.departments_around(person)
        yield "user", given | {"value": person.login}
        for group in sorted(person.group_ids):
            yield "group", given | {"value": group}


def _shape(span: Span) -> str:
    return "".join(name for name, end in zip(("from", "to"), span, strict=True) if end is not None)


@functools.cache
def _listed(kind: str, shape: str) -> sa.Select[Any]:
    date, order = _columns(kind)
    query = _ready(kind, shape)
    if "from" not in shape and shape != NEVER:
        query = query.where(date.is_not(None))
    return query.order_by(order) if shape == NEVER else query.order_by(date, order)


@functools.cache
def _counted(kind: str, shape: str) -> sa.Select[Any]:
    return _ready(kind, shape)


def _columns(kind: str) -> tuple[sa.Column[Any], sa.Column[Any]]:
    table = _task if kind == "own" else _candidate
    return table.c.due_at, table.c.id


def _ready(kind: str, shape: str) -> sa.Select[Any]:
    """The part's tasks that are not put off, in the span of this shape."""
    date, _order = _columns(kind)
    moment = date.type
    query = (_own() if kind == "own" else _free(kind)).where(
        sa.or_(
            _task.c.follow_up_at.is_(None),
            _task.c.follow_up_at <= sa.bindparam("now", type_=moment),
        )
    )
    if shape == NEVER:
        query = query.where(date.is_(None))
    if "from" in shape:
        query = query.where(date >= sa.bindparam("start", type_=moment))
    if "to" in shape:
        query = query.where(date < sa.bindparam("until", type_=moment))
    return query.limit(sa.bindparam("most"))


def _own() -> sa.Select[Any]:
    return sa.select(_task.c.id, _task.c.due_at).where(
        _task.c.workspace_id == sa.bindparam("workspace"),
        _task.c.state == "open",
        _task.c.assignee == sa.bindparam("login"),
    )


def _free(kind: str) -> sa.Select[Any]:
    query = (
        sa.select(_candidate.c.task_id, _candidate.c.due_at)
        .join(_task, _task.c.id == _candidate.c.task_id)
        .where(
            _candidate.c.workspace_id == sa.bindparam("workspace"),
            _candidate.c.kind == kind,
            _candidate.c.value == sa.bindparam("value"),
            _candidate.c.taken.is_(False),
        )
    )
    if kind == "user":
        return query
    return query.where(
        sa.or_(
            _candidate.c.department_id.is_(None),
            _candidate.c.department_id.in_(sa.bindparam("departments", expanding=True)),
        )
    )
