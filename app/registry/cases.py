"""What is going on about a record: its running cases and their open tasks."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.cases import Instance
from app.engine.work import UserTask

MOST = 20


@dataclass(frozen=True)
class Going:
    """A running case with one open task; without a task it waits for something else."""

    case: Instance
    task: UserTask | None


def going_on(number: str, limit: int = MOST) -> list[Going]:
    """Running cases whose business key is the record's number, the most urgent task first."""
    query = (
        sa.select(Instance, UserTask)
        .outerjoin(UserTask, sa.and_(UserTask.instance_id == Instance.id, UserTask.state == "open"))
        .where(Instance.business_key == number, Instance.state.in_(("active", "suspended")))
        .order_by(UserTask.due_at.nulls_last(), Instance.id.desc())
        .limit(limit)
    )
    return [Going(case, task) for case, task in db.session.execute(query)]


def finished(number: str, limit: int = 5) -> list[Any]:
    """The cases of this record that ended last."""
    query = (
        sa.select(Instance)
        .where(Instance.business_key == number, Instance.state.in_(("ended", "cancelled")))
        .order_by(Instance.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(query))
