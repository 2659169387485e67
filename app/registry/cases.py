"""What is going on about a record: its running cases and their open tasks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.archived import ArchivedCase
from app.engine.cases import Instance, MessageWait
from app.engine.work import UserTask
from app.records import record, sight
from app.records.customer import Customer

MOST = 20
DOCUMENTS = 100  # of one customer


@dataclass(frozen=True)
class Going:
    """A running case with one open task; without a task it waits for something else."""

    case: Instance
    task: UserTask | None


def going_on(number: str, others: Iterable[str] = (), limit: int = MOST) -> list[Going]:
    """Running cases about the record with this number (and `others` that belong to it), the most
    urgent task first: those that carry the number, and those in which a called process does (a
    quotation in an opportunity)."""
    numbers = [number, *others]
    mine = sa.and_(UserTask.instance_id == Instance.id, UserTask.state == "open")
    called = sa.select(UserTask.instance_id).where(
        UserTask.state == "open", UserTask.business_key.in_(numbers)
    )
    waits = sa.select(MessageWait.instance_id).where(MessageWait.business_key.in_(numbers))
    about = Instance.id.in_(called.union(waits))
    query = (
        sa.select(Instance, UserTask)
        .outerjoin(
            UserTask,
            sa.and_(
                mine, sa.or_(Instance.business_key.in_(numbers), UserTask.business_key.in_(numbers))
            ),
        )
        .where(
            sa.or_(Instance.business_key.in_(numbers), about),
            Instance.state.in_(("active", "suspended")),
        )
        .order_by(UserTask.due_at.nulls_last(), Instance.id.desc())
        .limit(limit)
    )
    return [Going(case, task) for case, task in db.session.execute(query)]


def documents_of(customer: Customer, viewer: sight.Viewer) -> list[str]:
    """The numbers of the customer's newest documents that are not finished and that the viewer may
    see, in one query."""
    parts = []
    for name, model in record.entities().items():
        states = model.record.states
        if states and hasattr(model, "customer_id") and hasattr(model, "number"):
            going = [state for state, after in states.items() if after]
            part = sa.select(model.number, model.created_at).where(
                model.customer_id == customer.id, model.state.in_(going), model.number != customer.key,
                sight.visible(name, viewer),
            )  # fmt: skip
            parts.append(part)
    found = sa.union_all(*parts).subquery()
    query = sa.select(found.c.number).order_by(found.c.created_at.desc()).limit(DOCUMENTS)
    return list(db.session.scalars(query))


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
