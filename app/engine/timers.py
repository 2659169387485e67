"""Timers: found by an index over their due times, fired by jobs.

`feed` moves what is due into the job table; there it is locked, fired once, tried again after a
failure, and becomes an incident in the end. Every workspace has its own clock.
"""

import datetime as dt

import sqlalchemy as sa

from app import clock, errors, workspace
from app.db import db
from app.engine import delivery, schedule, starting, step, store
from app.engine.models import Definition, Instance, Timer
from app.engine.spiff.rows import StartRow
from app.jobs import queue, registry

BATCH = 500
_timer, _instance = Timer.__table__, Instance.__table__


@registry.feeder
def feed() -> int:
    """Due timers are jobs, in the caller's transaction; how many."""
    return sum(_feed(id, now) for id, now in queue.clocks().items())


def _feed(workspace_id: int, now: dt.datetime) -> int:
    due = db.session.execute(
        sa.select(_timer.c.id, _timer.c.instance_id, _timer.c.due_at)
        .outerjoin(_instance, _instance.c.id == _timer.c.instance_id)
        .where(
            _timer.c.workspace_id == workspace_id,
            _timer.c.queued.is_(False),
            _timer.c.due_at <= now,
            sa.or_(_instance.c.id.is_(None), _instance.c.state == "active"),
        )
        .order_by(_timer.c.due_at, _timer.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=_timer)
    ).all()
    if not due:
        return 0
    with workspace.use(workspace_id):
        for id, instance_id, due_at in due:
            queue.enqueue(
                "engine.timer",
                {"timer_id": id},
                run_at=due_at,
                subject=f"instance:{instance_id}" if instance_id else f"timer:{id}",
            )
    db.session.execute(
        sa.update(_timer).where(_timer.c.id.in_([row.id for row in due])).values(queued=True)
    )
    return len(due)


def fire(timer_id: int, *, by: str | None = None) -> bool:
    """The timer has fired; False when it is gone, or its case does not run.

    The caller's transaction then holds the lock of the timer's case.
    """
    row = db.session.execute(sa.select(_timer).where(_timer.c.id == timer_id)).one_or_none()
    if row is None:
        return False
    if row.instance_id is None:
        return _start(timer_id)
    case = store.lock(row.instance_id)
    gone = sa.select(sa.literal(1)).where(_timer.c.id == timer_id)
    if case is None or not case.runs or db.session.scalar(gone) is None:
        return False
    step.advance(case, lambda live: live.fire(row.token_id), by=by)
    delivery.settle()
    return True


def _start(timer_id: int) -> bool:
    """A case begins because it is time, and the timer is set to the next time."""
    timer = db.session.get(Timer, timer_id, with_for_update=True)
    if timer is None:
        return False
    definition = db.session.get_one(Definition, timer.definition_id)
    element = timer.element_id
    due_at = timer.due_at.astimezone(clock.zone())
    following = None if timer.rest is None else schedule.following(timer.rest, due_at)
    if following is None:
        db.session.delete(timer)
    else:
        timer.due_at, timer.rest = following
        timer.queued = False
    db.session.flush()
    if not definition.suspended:
        starting.begin(definition, None, by=None, element=element)
        delivery.settle()
    return True


def arm(definition: Definition, start: StartRow) -> None:
    """The current workspace's timer for a start event; the first time is counted from now.

    Raises Invalid with the event's name when its text is not a time.
    """
    try:
        due_at, rest = schedule.first(
            start.timer or "", start.expression({}), clock.now().astimezone(clock.zone())
        )
    except (ValueError, OverflowError, TypeError) as error:
        raise errors.Invalid(f"{start.name_of_element or start.element_id}: {error}") from error
    db.session.add(
        Timer(
            workspace_id=workspace.current(),
            definition_id=definition.id,
            element_id=start.element_id,
            due_at=due_at,
            rest=rest,
            queued=False,
        )
    )


def disarm(definition_id: int) -> None:
    """No start timer of this version is left."""
    db.session.execute(
        sa.delete(_timer).where(
            _timer.c.definition_id == definition_id, _timer.c.instance_id.is_(None)
        )
    )


def next_due(before: dt.datetime) -> tuple[int, dt.datetime] | None:
    """The earliest timer of the current workspace that is due by then, for clocks moved by hand."""
    row = db.session.execute(
        sa.select(_timer.c.id, _timer.c.due_at)
        .where(_timer.c.workspace_id == workspace.current(), _timer.c.due_at <= before)
        .order_by(_timer.c.due_at, _timer.c.id)
        .limit(1)
    ).one_or_none()
    return (row.id, row.due_at) if row else None
