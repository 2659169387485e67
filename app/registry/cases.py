"""What is going on about a record: its running cases and their open tasks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.archived import ArchivedCase
from app.engine.cases import Instance, MessageWait
from app.engine.work import UserTask
from app.records import sight

MOST = 20


@dataclass(frozen=True)
class Going:
    """A running case with one open task; without a task it waits for something else."""

    case: Instance
    task: UserTask | None


def going_on(number: str, limit: int = MOST) -> list[Going]:
    """Running cases about the record with this number, the most urgent task first: those that
    carry its number, and those in which a called process does (a quotation in an opportunity)."""
    mine = sa.and_(UserTask.instance_id == Instance.id, UserTask.state == "open")
    called = sa.select(UserTask.instance_id).where(
        UserTask.state == "open", UserTask.business_key == number
    )
    waits = sa.select(MessageWait.instance_id).where(MessageWait.business_key == number)
    about = Instance.id.in_(called.union(waits))
    query = (
        sa.select(Instance, UserTask)
        .outerjoin(
            UserTask,
            sa.and_(mine, sa.or_(Instance.business_key == number, UserTask.business_key == number)),
        )
        .where(
            sa.or_(Instance.business_key == number, about),
            Instance.state.in_(("active", "suspended")),
        )
        .order_by(UserTask.due_at.nulls_last(), Instance.id.desc())
        .limit(limit)
    )
    return [Going(case, task) for case, task in db.session.execute(query)]


def openable(cases: Iterable[Instance], viewer: sight.Viewer) -> set[int]:
    """Which of these cases the viewer may open: begun by the viewer or somebody below, or with a
    task that the viewer has or did; all of them for administrators."""
    found = {case.id: case.started_by for case in cases}
    if "admin" in viewer.groups:
        return set(found)
    own = {id for id, by in found.items() if by == viewer.login or by in viewer.below}
    took_part = sa.select(UserTask.instance_id).where(
        UserTask.instance_id.in_(set(found) - own),
        sa.or_(UserTask.assignee == viewer.login, UserTask.completed_by == viewer.login),
    )
    return own | set(db.session.scalars(took_part))


def has_archived(number: str) -> bool:
    """Did cases of this record end so long ago that they are in the archive?"""
    found = sa.select(ArchivedCase.id).where(ArchivedCase.business_key == number)
    return db.session.scalar(found.limit(1)) is not None


def finished(number: str, limit: int = 5) -> list[Any]:
    """The cases of this record that ended last."""
    query = (
        sa.select(Instance)
        .where(Instance.business_key == number, Instance.state.in_(("ended", "cancelled")))
        .order_by(Instance.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(query))
