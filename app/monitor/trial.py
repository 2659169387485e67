"""A dry run: the act is done for real in a savepoint, looked at, and rolled back."""

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine.models import Event, Instance, Timer, UserTask
from app.i18n import _, label
from app.jobs.models import Job
from app.records.log import StateHistory


@dataclass
class Outcome:
    """What would happen. `problem` is why it would not."""

    problem: str = ""
    tasks: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    effects: int = 0
    timers: int = 0
    ended: bool = False


def of(act: Callable[[], object], instance_id: int) -> Outcome:
    """What `act` would do to the case; nothing of it stays."""
    marks = {model: _last(model) for model in (Event, UserTask, Timer, Job, StateHistory)}
    savepoint = db.session.begin_nested()
    try:
        act()
        db.session.flush()
        return _seen(instance_id, marks)
    except errors.ShunliuError as refusal:
        return Outcome(problem=refusal.message)
    except Exception as failure:  # the very failure that an administrator wants to see
        return Outcome(problem=f"{type(failure).__name__}: {failure}")
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        db.session.expire_all()


def _last(model: type) -> int:
    return int(db.session.scalar(sa.select(sa.func.max(model.id))) or 0)


def _seen(instance_id: int, marks: dict[type, int]) -> Outcome:
    tasks = db.session.scalars(
        sa.select(UserTask.name).where(
            UserTask.id > marks[UserTask], UserTask.instance_id == instance_id
        )
    )
    moved = db.session.scalars(
        sa.select(StateHistory).where(StateHistory.id > marks[StateHistory]).limit(20)
    )
    again = db.session.scalar(
        sa.select(sa.func.count()).where(
            Event.id > marks[Event], Event.instance_id == instance_id, Event.kind == "incident"
        )
    )
    case = db.session.get(Instance, instance_id, populate_existing=True)
    return Outcome(
        problem=_("这一步还会失败。") if again else "",
        tasks=[label(name) for name in tasks],
        states=[f"{row.entity} {row.number}: {row.old or '—'} → {row.new}" for row in moved],
        effects=_count(Job, marks),
        timers=_count(Timer, marks),
        ended=case is not None and case.state == "ended",
    )


def _count(model: type, marks: dict[type, int]) -> int:
    query = sa.select(sa.func.count()).select_from(model).where(model.id > marks[model])
    return int(db.session.scalar(query) or 0)
