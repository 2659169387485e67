"""Open tasks with certain words, in the order of due dates.

The index over the dates of open tasks carries their words and who has them: it is read in its
order until a page is full, and no task is looked at whose words do not fit.
"""

import datetime as dt

import sqlalchemy as sa

from app import workspace
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask
from app.inbox import sight

Moments = tuple[dt.datetime, dt.datetime]  # now, the end of the day
_task = UserTask.__table__.alias("task")
OPEN = sa.literal_column("'open'")  # said in the statement: a parameter would not find the index


def page(
    words: str, name: str, person: User, moments: Moments, first: int, count: int
) -> list[int]:
    """Ids of the tasks at these places of the list `name`, those without a date last."""
    query = _fitting(words, person, moments[0])
    if name == "mine":
        query = query.where(_task.c.assignee == person.login)
    elif name == "groups":
        query = query.where(_task.c.assignee.is_(None))
    dated = query.where(_task.c.due_at.is_not(None)).order_by(_task.c.due_at, _task.c.id)
    if name == "overdue":
        dated = dated.where(_task.c.due_at < moments[0])
    elif name == "today":
        dated = dated.where(_task.c.due_at >= moments[0], _task.c.due_at < moments[1])
    found = _ids(dated.limit(first + count))
    if len(found) < first + count and name not in ("overdue", "today"):
        never = query.where(_task.c.due_at.is_(None)).order_by(_task.c.id)
        found += _ids(never.limit(first + count - len(found)))
    return found[first:]


def _ids(query: sa.Select[tuple[int]]) -> list[int]:
    return list(db.session().connection().execute(query).scalars())


def _fitting(words: str, person: User, now: dt.datetime) -> sa.Select[tuple[int]]:
    may_take = sa.select(sa.literal(1)).where(
        TaskCandidate.task_id == _task.c.id,
        TaskCandidate.taken.is_(False),
        sight.candidate_of(person),
    )
    return sa.select(_task.c.id).where(
        _task.c.workspace_id == workspace.current(),
        _task.c.state == OPEN,
        _task.c.search_text.is_not(None),  # as the index says
        _task.c.search_text.like(f"%{escaped(words.lower())}%", escape="\\"),
        sa.or_(_task.c.assignee == person.login, may_take.exists()),
        sa.or_(_task.c.follow_up_at.is_(None), _task.c.follow_up_at <= now),
    )


def escaped(text: str) -> str:
    """The text for a LIKE pattern with `\\` as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
