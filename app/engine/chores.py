"""What the job runner does for the engine."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock, errors, signals, workspace
from app.db import db
from app.engine import delivery, incidents, once, run, step, store, timers, waits
from app.engine.models import Instance, Token, UserTask
from app.i18n import _
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.registry import BATCH, SOON, Permanent, job

_task, _instance = UserTask.__table__, Instance.__table__
REMIND_EVERY = dt.timedelta(days=1)  # conventions §5
MOST_REMINDERS = 500  # in one transaction


def failure_of(error: BaseException, case: store.Case, element_id: str | None) -> step.Failure:
    """What is known of why a job of this case failed."""
    if isinstance(error, errors.ShunliuError) and "failure" in error.details:
        return error.details["failure"]
    text = str(error) or type(error).__name__
    return step.Failure("failure", text, case.definition_id, element_id)


def _gave_up(payload: dict[str, Any], job: Job, error: BaseException) -> None:
    """The case has an incident at the token that could not go on, unless somebody has moved it on
    while the last attempt was failing."""
    case = store.lock(payload["instance_id"])
    if case is None or db.session.get(Token, (case.id, payload["token_id"])) is None:
        return
    if case.state in ("active", "suspended"):
        failure = failure_of(error, case, payload.get("element_id"))
        incidents.raise_for(
            case, failure, token_id=payload["token_id"], attempts=max(job.attempts, 1)
        )


def _held(job: Job, instance_id: int) -> None:
    """What a job could not do because its case was suspended while the job was claimed already is
    a held job now: it is done when the case goes on."""
    case = store.lock(instance_id)
    if case is not None and case.state == "suspended":
        subject = f"instance:{instance_id}"
        queue.enqueue(
            job.kind, job.payload, run_at=job.run_at, retries=job.retries, subject=subject
        )
        queue.hold(subject)


@job("engine.resume", gave_up=_gave_up)
def resume(payload: dict[str, Any], job: Job) -> None:
    """A parked token goes on."""
    try:
        if not run.resume(payload["instance_id"], payload["token_id"]):
            _held(job, payload["instance_id"])
    except step.StepFailed as error:
        if error.details["failure"].kind not in step.TECHNICAL:
            raise Permanent(error.message) from error  # a diagram does not heal by waiting
        raise


def _timer_gave_up(payload: dict[str, Any], job: Job, error: BaseException) -> None:
    row = timers.meant(payload)
    if row is not None and row.instance_id is None:
        timers.skip_start(row.id)  # the next case may begin; this job stays failed
    elif row is not None:
        found = {
            "instance_id": row.instance_id,
            "token_id": row.token_id,
            "element_id": row.element_id,
        }
        _gave_up(found, job, error)


@job("engine.timer", gave_up=_timer_gave_up)
def fire(payload: dict[str, Any], job: Job) -> None:
    """A due timer fires."""
    if timers.fire_meant(payload):
        return
    left = timers.meant(payload)
    if left is not None and left.instance_id is not None:
        _held(job, left.instance_id)


def _message_gave_up(payload: dict[str, Any], job: Job, error: BaseException) -> None:
    case = store.lock(payload["from"])
    if case is not None:
        failure = failure_of(error, case, None)
        failure.kind = "message"
        failure.message = _(
            "消息“%(name)s”没有送达：%(why)s", name=payload["name"], why=failure.message
        )
        incidents.raise_for(case, failure, token_id=None, attempts=max(job.attempts, 1))


@job("engine.message", gave_up=_message_gave_up)
def message(payload: dict[str, Any], _job: Job) -> None:
    """A message goes to whoever waits for it by now."""
    run.correlate(
        payload["name"], payload["key"], payload["variables"], by=payload["by"], keep=True
    )


def _receiver_gave_up(payload: dict[str, Any], job: Job, error: BaseException) -> None:
    """The receiver is stuck at the token that could not take a message or signal; the job that a
    repair begins anew is then its own."""
    _gave_up(payload, job, error)
    db.session.execute(
        sa.update(Job).where(Job.id == job.id).values(subject=f"instance:{payload['instance_id']}")
    )


@job("engine.message_to", gave_up=_receiver_gave_up)
def message_to(payload: dict[str, Any], job: Job) -> None:
    """One waiting token of several has the message, if it still waits."""
    found = waits.Receiver(payload["instance_id"], payload["token_id"], None, None)
    if not delivery.deliver(found, payload["variables"], by=payload["by"]):
        _held(job, found.instance_id)
    delivery.settle()


@job("engine.signal", gave_up=_receiver_gave_up)
def signal(payload: dict[str, Any], job: Job) -> None:
    """One listening token hears a signal."""
    found = waits.Receiver(payload["instance_id"], payload["token_id"], None, None)
    if not delivery.hear(found, payload["variables"], by=payload["by"]):
        _held(job, found.instance_id)
    delivery.settle()


@signals.job_failed.connect
def effect_failed(job: Job, *, error: BaseException) -> None:
    """A running case has an incident when what it sent out of the house did not go."""
    of, _colon, id = (job.subject or "").partition(":")
    case = store.lock(int(id)) if of == "effect" else None
    if case is not None and case.state in ("active", "suspended"):
        failure = failure_of(error, case, None)
        failure.kind = "effect"
        failure.message = _("没有发送成功（%(kind)s）：%(why)s", kind=job.kind, why=failure.message)
        incidents.raise_for(case, failure, token_id=None, attempts=max(job.attempts, 1))


@job("engine.remind", every=dt.timedelta(minutes=1).total_seconds())
def remind(_payload: dict[str, Any], _job: Job) -> None:
    """Whoever has an overdue task is told, once a day; every workspace by its own clock."""
    for workspace_id in queue.clocks():
        with workspace.use(workspace_id):
            _remind()


def _remind() -> None:
    now = clock.now()
    query = (
        sa.select(_task.c.id, _task.c.instance_id)
        .join(_instance, _instance.c.id == _task.c.instance_id)
        .where(
            _task.c.workspace_id == workspace.current(),
            _task.c.state == "open",
            _task.c.due_at <= now,
            sa.or_(_task.c.reminded_at.is_(None), _task.c.reminded_at <= now - REMIND_EVERY),
            _instance.c.state == "active",
        )
        .order_by(_task.c.due_at)
        .limit(MOST_REMINDERS)
        .with_for_update(skip_locked=True, of=_task)  # a task that is at work waits a minute
    )
    due = db.session.execute(query).all()
    if due:
        ids = [row.id for row in due]
        db.session.execute(sa.update(_task).where(_task.c.id.in_(ids)).values(reminded_at=now))
    for row in due:
        signals.task_due.send(row.instance_id, task_id=row.id)


@job("engine.tidy", every=dt.timedelta(hours=1).total_seconds())
def tidy(_payload: dict[str, Any], _job: Job) -> float | None:
    """Messages that nobody came for are gone, and keys of starts that are older than a day."""
    goes_on = waits.drop_expired(BATCH) >= BATCH
    goes_on |= once.forget(BATCH) >= BATCH
    return SOON if goes_on else None
