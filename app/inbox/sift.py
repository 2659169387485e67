"""Open tasks that fit a question, sifted from one index.

The index over the dates of open tasks carries all that a question can ask for: words, process,
priority, who has them, until when they are put off. It is read from its beginning, in its own
order until a page is full; no task is looked at whose entry does not fit. That is for people who
have very many tasks in reach; what others have is few, and read task by task, see `queue`.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app import workspace
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask
from app.inbox import sight

if TYPE_CHECKING:
    from app.inbox.queue import Question

Moments = tuple[dt.datetime, dt.datetime]  # now, the end of the day
_task = UserTask.__table__.alias("task")
OPEN = sa.literal_column("'open'")  # said in the statement: a parameter would not find the index
ALL = 2**31 - 1
DATED = ("overdue", "today")
URGENT = 60  # a priority from here on is shown as urgent; 50 is the usual one


def page(question: "Question", person: User, moments: Moments, first: int, count: int) -> list[int]:
    """Ids of the open tasks at these places of the question's list."""
    fits = [*_entry(moments[0]), *narrowed(question, _task.c, moments)]
    fits += within(question.f, _task.c, moments)
    if question.sort != "due":
        return _ids(_sorted(fits, question.sort, person), first, count)
    query = sa.select(_task.c.id).where(*fits, _reach(_task.c, person))
    dated = query.where(_task.c.due_at.is_not(None)).order_by(_task.c.due_at, _task.c.id)
    found = _ids(dated, 0, first + count) if question.due != "none" else []
    if len(found) < first + count and question.due in ("", "none") and question.f not in DATED:
        never = query.where(_task.c.due_at.is_(None)).order_by(_task.c.id)
        found += _ids(never, 0, first + count - len(found))
    return found[first:]


def narrowed(question: "Question", row: Any, moments: Moments) -> list[sa.ColumnElement[bool]]:
    """What is asked for beside the filter, about tasks whose columns `row` has."""
    now, midnight = moments
    asked: list[sa.ColumnElement[bool]] = []
    if question.process:
        asked.append(row.process_id == question.process)
    if question.priority == "high":
        asked.append(row.priority >= URGENT)
    if question.q:
        asked.append(row.search_text.like(f"%{escaped(question.q.lower())}%", escape="\\"))
    if question.due == "overdue":
        asked.append(row.due_at < now)
    elif question.due == "today":
        asked += [row.due_at >= now, row.due_at < midnight]
    elif question.due == "week":
        asked.append(row.due_at < midnight + dt.timedelta(days=6))
    elif question.due == "none":
        asked.append(row.due_at.is_(None))
    return asked


def within(name: str, row: Any, moments: Moments) -> list[sa.ColumnElement[bool]]:
    """What the filter `name` says about the open tasks in reach."""
    now, midnight = moments
    if name == "overdue":
        return [row.due_at < now]
    if name == "today":
        return [row.due_at >= now, row.due_at < midnight]
    return [row.assignee.is_(None)] if name == "groups" else []


def order(sort: str, row: Any) -> list[sa.ColumnElement[Any]]:
    """The order of a list of open tasks."""
    by_date = [row.due_at.asc().nulls_last(), row.id.asc()]
    if sort == "new":
        return [newest(row)]
    return [row.priority.desc(), *by_date] if sort == "priority" else by_date


def newest(row: Any) -> sa.ColumnElement[Any]:
    """Descending by a sum, which no index has: in the order of the ids themselves, databases read
    every task that ever was until they meet enough open ones."""
    return (row.id + 0).desc()


def _entry(now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    return [
        _task.c.workspace_id == workspace.current(),
        _task.c.state == OPEN,
        _task.c.search_text.is_not(None),  # as the index says
        sa.or_(_task.c.follow_up_at.is_(None), _task.c.follow_up_at <= now),
    ]


def _sorted(fits: list[sa.ColumnElement[bool]], sort: str, person: User) -> sa.Select[tuple[int]]:
    every = sa.select(_task.c.id, _task.c.assignee).where(*fits).order_by(*order(sort, _task.c))
    # the limit inside keeps databases from asking of each who may have it, before they sort
    row = every.limit(ALL).subquery().c
    return sa.select(row.id).where(_reach(row, person))


def _reach(row: Any, person: User) -> sa.ColumnElement[bool]:
    may_take = sa.select(sa.literal(1)).where(
        TaskCandidate.task_id == row.id,
        TaskCandidate.taken.is_(False),
        sight.candidate_of(person),
    )
    return sa.or_(row.assignee == person.login, may_take.exists())


def _ids(query: sa.Select[tuple[int]], first: int, count: int) -> list[int]:
    found = db.session().connection().execute(query.limit(count).offset(first))
    return list(found.scalars())


def escaped(text: str) -> str:
    """The text for a LIKE pattern with `\\` as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
