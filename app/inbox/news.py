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
from app.inbox import queue, sift, sight

WINDOW = 5_000  # so many of the newest candidates are looked at
SLACK = 500  # a transaction that began before the page was drawn may end after it
_candidate = TaskCandidate.__table__
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
    # the limit inside keeps the database from reading a whole role instead
    newest = sa.select(_candidate).where(_candidate.c.id > after)
    row = newest.order_by(_candidate.c.id.desc()).limit(WINDOW).subquery().c
    query = (
        sa.select(row.task_id)
        .join(UserTask, UserTask.id == row.task_id)
        .where(
            row.workspace_id == workspace.current(),
            row.taken.is_(False),
            sight.candidate_of(person, row),
            UserTask.state == "open",
            _ready(),
        )
        .order_by(row.id.desc())
        .limit(MOST)
    )
    return list(db.session.scalars(query))


def _own(person: User) -> list[int]:
    query = sa.select(UserTask.id).where(
        UserTask.state == "open", UserTask.assignee == person.login, _ready()
    )
    return list(db.session.scalars(query.order_by(sift.newest(UserTask)).limit(MOST)))
