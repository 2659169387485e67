"""What has come for a person since a page was drawn, so cheap that every open page may ask.

Looked at are the newest candidates, whoever's they are, and what the person has: a few thousand rows
of one index at most, however many tasks are open.
"""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from app import clock, workspace
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask
from app.inbox import queue, sight

WINDOW = 5_000  # so many of the newest candidates are looked at
SLACK = 500  # a transaction that began before the page was drawn may end after it
MOST = 100  # of each sort; more are said to be 99+


@dataclass(frozen=True)
class News:
    """The newest tasks within reach, and how many wait in all (up to `queue.MANY`)."""

    mark: int  # candidates up to this one were there
    ids: list[int]
    waiting: int

    @property
    def tag(self) -> str:
        """The same as long as nothing has changed for the person."""
        text = f"{self.ids}{self.waiting}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def of(person: User, since: int | None = None) -> News:
    """What the person should hear of. `since` is the mark of the page that asks; a new page has
    its own, and knows already what is told with it."""
    newest = db.session.scalar(sa.select(sa.func.max(TaskCandidate.id))) or 0
    mark = newest if since is None else min(since, newest)
    ids = {*_for_taking(person, max(mark - SLACK, newest - WINDOW)), *_own(person)}
    return News(mark, sorted(ids), queue.waiting(person))


def _ready() -> sa.ColumnElement[bool]:
    return sa.or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= clock.now())


def _for_taking(person: User, after: int) -> list[int]:
    # the limit inside keeps the database from counting a whole role instead
    newest = (
        sa.select(TaskCandidate.id)
        .where(TaskCandidate.id > after)
        .order_by(TaskCandidate.id.desc())
        .limit(WINDOW)
        .subquery()
    )
    query = (
        sa.select(UserTask.id)
        .select_from(newest)
        .join(TaskCandidate, TaskCandidate.id == newest.c.id)
        .join(UserTask, UserTask.id == TaskCandidate.task_id)
        .where(
            TaskCandidate.workspace_id == workspace.current(),
            TaskCandidate.taken.is_(False),
            sight.candidate_of(person),
            UserTask.state == "open",
            _ready(),
        )
        .order_by(newest.c.id.desc())
        .limit(MOST)
    )
    return list(db.session.scalars(query))


def _own(person: User) -> list[int]:
    query = sa.select(UserTask.id).where(
        UserTask.state == "open", UserTask.assignee == person.login, _ready()
    )
    return list(db.session.scalars(query.order_by(UserTask.id.desc()).limit(MOST)))
