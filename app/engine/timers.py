"""Timers: found by an index over their due times, fired by jobs.

`feed` moves what is due into the job table; there it is locked, fired once, tried again after a
failure, and becomes an incident in the end. Every workspace has its own clock.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app import clock, errors, workspace
from app.db import db
from app.engine import definitions, delivery, schedule, starting, step, store
from app.engine.models import Definition, Instance, Timer
from app.engine.spiff.rows import StartRow
from app.jobs import elapsed, queue, registry

BATCH = 500
# a number may be given to another timer when the first one is gone
WHOSE = ("instance_id", "token_id", "definition_id")
_timer, _instance = Timer.__table__, Instance.__table__


@registry.feeder
def feed() -> int:
    """Due timers are jobs, in the caller's transaction; how many.

    A timer that counts a duration fires when that much time has really passed, also when the
    clock was set meanwhile; one for a date fires when the clock shows it.
    """
    elapsed.follow(_timer.c.due_at, _timer.c.queued.is_(False))
    return sum(_feed(id) for id in queue.clocks())


def _feed(workspace_id: int) -> int:
    with workspace.use(workspace_id):
        found, reading = _found(workspace_id)
        for row in found:
            whose = {name: getattr(row, name) for name in WHOSE}
            queue.enqueue(
                "engine.timer",
                {"timer_id": row.id, "due_at": row.due_at, **whose},
                run_at=row.due_at,
                counted=reading,
                subject=f"instance:{row.instance_id}" if row.instance_id else f"timer:{row.id}",
            )
    if found:
        ids = [row.id for row in found]
        db.session.execute(sa.update(_timer).where(_timer.c.id.in_(ids)).values(queued=True))
    return len(found)


def _found(workspace_id: int) -> tuple[Sequence[sa.Row[Any]], str]:
    """What is due by a clock that nobody set while it was asked, and that clock's reading."""
    while True:
        reading = clock.reading()
        found = db.session.execute(due(workspace_id, clock.now())).all()
        moved = elapsed.move(_timer.c.due_at, [row.id for row in found]) if found else 0
        # the rows that come in place of those that moved have not been compared with the clock
        if not moved and not clock.set_since(reading):
            return found, reading


def due(workspace_id: int, now: dt.datetime) -> sa.Select[Any]:
    """The timers that a workspace's clock has reached and whose cases run, earliest first."""
    return (
        sa.select(_timer.c.id, _timer.c.due_at, *(_timer.c[name] for name in WHOSE))
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
    )


def meant(job: Mapping[str, Any]) -> sa.Row[Any] | None:
    """The timer that the job is about; None when it is gone, also if another has its number."""
    this = [_timer.c[name] == job[name] for name in WHOSE if name in job]
    query = sa.select(_timer).where(_timer.c.id == job["timer_id"], *this)
    return db.session.execute(query).one_or_none()


def fire(timer_id: int, *, due_at: dt.datetime | None = None, by: str | None = None) -> bool:
    """The timer has fired; False when it is gone, or its case does not run.

    `due_at` is the time for which a start timer fires, if it may be set to a later one already.
    The caller's transaction then holds the lock of the timer's case.
    """
    return fire_meant({"timer_id": timer_id, "due_at": due_at}, by=by)


def fire_meant(job: Mapping[str, Any], *, by: str | None = None) -> bool:
    """As `fire`, the very timer that the job was made for."""
    row = meant(job)
    if row is None:
        return False
    if row.instance_id is None:
        return _start(row.id, job.get("due_at"))
    case = store.lock(row.instance_id)
    if case is None or not case.runs or meant(job) is None:
        return False
    step.advance(case, lambda live: live.fire(row.token_id, row.due_at), by=by)
    delivery.settle()
    return True


def _start(timer_id: int, at: dt.datetime | None) -> bool:
    """A case begins because it is time, and the timer is set to the next time."""
    timer = db.session.get(Timer, timer_id, with_for_update=True)
    if timer is None:
        return False
    definition = db.session.get_one(Definition, timer.definition_id)
    element = timer.element_id
    if at in (None, timer.due_at) and not _move_on(timer):
        db.session.delete(timer)
        db.session.flush()
    if not definition.suspended:
        starting.begin(definition, None, by=None, element=element)
        delivery.settle()
    return True


def skip_start(timer_id: int) -> None:
    """A start timer whose case could not begin is set to its next time all the same, if any."""
    timer = db.session.get(Timer, timer_id, with_for_update=True)
    if timer is not None and timer.instance_id is None:
        _move_on(timer)


def _move_on(timer: Timer) -> bool:
    """The timer is set to its next time; False when there is none."""
    due_at = timer.due_at.astimezone(clock.zone())
    following = None if timer.rest is None else schedule.following(timer.rest, due_at)
    if following is None:
        return False
    timer.due_at, timer.rest = following
    timer.queued = False
    db.session.flush()
    return True


def arm_everywhere(definition: Definition, start: StartRow) -> None:
    """Every workspace has its timer for a start event. Raises Invalid as `arm` does."""
    for id in queue.clocks():
        with workspace.use(id):
            arm(definition, start)


def arm_here() -> None:
    """The current workspace, which is new, has a timer for every start event of newest versions."""
    definitions.alone()
    for definition in definitions.every_newest():
        for start in definitions.spec(definition.id).starts():
            if start.kind == "timer":
                arm(definition, start)
    db.session.flush()


def arm(definition: Definition, start: StartRow) -> None:
    """The current workspace's timer for a start event; the first time is counted from now.

    Raises Invalid with the event's name when its text is not a time.
    """
    try:
        value = start.expression({})
        due_at, rest = schedule.first(
            start.timer or "", value, clock.now().astimezone(clock.zone())
        )
    except (ValueError, OverflowError, TypeError) as error:
        raise errors.Invalid(f"{start.name_of_element or start.element_id}: {error}") from error
    db.session.add(
        Timer(
            workspace_id=workspace.current(),
            definition_id=definition.id,
            element_id=start.element_id,
            due_at=due_at,
            counted=clock.reading() if schedule.counts(start.timer or "", value) else None,
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
