"""Putting jobs into the table, taking them out, doing them.

`enqueue` and `drop` write in the caller's transaction. `feed`, `claim` and `perform` are the
runners' and commit: no lock is held while a job waits for its turn.
"""

import datetime as dt
import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock, measure, workspace
from app.db import away, db
from app.jobs import registry, runner
from app.jobs.models import Job

LEASE = dt.timedelta(minutes=5)
KEEP_DONE = dt.timedelta(days=7)
log = logging.getLogger(__name__)
_jobs = Job.__table__
_broken_off = threading.local()  # .ids: claimed by this thread and not done


def enqueue(
    kind: str,
    payload: Mapping[str, Any],
    *,
    run_at: dt.datetime | None = None,
    key: str | None = None,
    retries: Iterable[float] | None = None,
    subject: str | None = None,
) -> bool:
    """A job is in the table; False when one with the same `key` was there before."""
    chosen = registry.kinds[kind].retries if retries is None else tuple(retries)
    return bool(
        insert(
            [
                {
                    "workspace_id": workspace.current(),
                    "kind": kind,
                    "payload": dict(payload),
                    "subject": subject,
                    "key": key,
                    "run_at": run_at or clock.now(),
                    "state": "waiting",
                    "attempts": 0,
                    "retries": list(chosen),
                    "created_at": clock.real_now(),
                }
            ]
        )
    )


def insert(rows: list[dict[str, Any]]) -> int:
    """Complete rows are in the table; those whose key is known are left out. How many are new."""
    made = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    statement = made.insert(_jobs).on_conflict_do_nothing(index_elements=["key"])
    statement = statement.returning(_jobs.c.id)
    count = sum(db.session.execute(statement, row).first() is not None for row in rows)
    db.session.info["jobs"] = True
    return count


def drop(subject: str, *, kind: str | None = None) -> int:
    """Waiting and failed jobs of a subject that nobody is doing are gone; how many."""
    query = sa.delete(_jobs).where(
        _jobs.c.subject == subject, _jobs.c.state != "done", _jobs.c.locked_by.is_(None)
    )
    if kind is not None:
        query = query.where(_jobs.c.kind == kind)
    return db.session.execute(query).rowcount


def hold(subject: str) -> None:
    """The waiting jobs of a subject wait for `release`."""
    _move(subject, "waiting", "held")


def release(subject: str) -> None:
    """The held jobs of a subject are waiting again."""
    _move(subject, "held", "waiting")
    db.session.info["jobs"] = True


def _move(subject: str, before: str, after: str) -> None:
    db.session.execute(
        sa.update(_jobs)
        .where(_jobs.c.subject == subject, _jobs.c.state == before, _jobs.c.locked_by.is_(None))
        .values(state=after)
    )


def worker_name() -> str:
    """Who this thread is, for the lock column."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[-80:]


def clocks() -> dict[int, dt.datetime]:
    """{workspace: its present moment}."""
    ids = [workspace.COMPANY, *db.session.scalars(sa.select(workspace.Workspace.id))]
    moments = {}
    for id in dict.fromkeys(ids):
        with workspace.use(id):
            moments[id] = clock.now()
    return moments


def feed() -> int:
    """Everything due elsewhere is in the table, committed."""
    count = 0
    for feeder in registry.feeders:
        count += feeder()
        db.session.commit()
    return count


def claim(limit: int = 20, *, worker: str | None = None) -> list[int]:
    """Up to `limit` due jobs are locked for this worker, committed; their ids, earliest first."""
    worker, wall = worker or worker_name(), clock.real_now()
    found: list[int] = []
    for id, now in clocks().items():
        if len(found) < limit:
            due = _due(id, now, wall).limit(limit - len(found))
            found += db.session.scalars(due.with_for_update(skip_locked=True))
    if found:
        db.session.execute(
            sa.update(_jobs)
            .where(_jobs.c.id.in_(found))
            .values(locked_by=worker, locked_until=wall + LEASE, attempts=_jobs.c.attempts + 1)
        )
    db.session.commit()
    return found


def _due(workspace_id: int, now: dt.datetime, wall: dt.datetime) -> sa.Select[tuple[int]]:
    free = sa.or_(_jobs.c.locked_until.is_(None), _jobs.c.locked_until < wall)
    return (
        sa.select(_jobs.c.id)
        .where(
            _jobs.c.workspace_id == workspace_id,
            _jobs.c.state == "waiting",
            _jobs.c.run_at <= now,
            free,
        )
        .order_by(_jobs.c.run_at, _jobs.c.id)
    )


def perform(job_id: int, *, worker: str | None = None) -> bool:
    """Do one claimed job and commit. False when it failed, or this worker's lock has run out.

    A database that is away is raised: nothing has happened, `give_back` makes the job free again.
    """
    worker = worker or worker_name()
    job = db.session.get(Job, job_id, populate_existing=True)
    if job is None or job.locked_by != worker or job.state != "waiting":
        db.session.rollback()
        return False
    db.session.expunge(job)
    begun = time.perf_counter()
    with workspace.use(job.workspace_id), measure.about(job_id=job.id, job=job.kind):
        try:
            registry.kinds[job.kind].work(job.payload, job)
            done = _finish(job, worker)
        except Exception as error:
            db.session.rollback()
            if away(error):
                raise  # not this job's fault; the runner tries again
            _fail(job, worker, error)
            _tell(job, "failed", begun)
            return False
        if done:
            db.session.commit()
            _tell(job, "done", begun)
        else:
            db.session.rollback()
            log.warning("job %s took longer than its lock; another worker has it", job_id)
    return done


def _tell(job: Job, result: str, begun: float) -> None:
    of, _colon, id = (job.subject or "").partition(":")
    measure.tell(
        "job", time.perf_counter() - begun, job=job.kind, result=result, attempt=job.attempts,
        workspace=job.workspace_id,
        instance_id=int(id) if of == "instance" and id.isdecimal() else None,
    )  # fmt: skip


def _mine(job: Job, worker: str) -> sa.ColumnElement[bool]:
    return sa.and_(_jobs.c.id == job.id, _jobs.c.locked_by == worker)


def _finish(job: Job, worker: str) -> bool:
    every = registry.kinds[job.kind].every
    free: dict[str, Any] = {"locked_by": None, "locked_until": None}
    if every is not None:
        free |= {"run_at": clock.now() + dt.timedelta(seconds=every), "attempts": 0}
    elif job.key is None:
        return bool(db.session.execute(sa.delete(_jobs).where(_mine(job, worker))).rowcount)
    else:
        free |= {"state": "done", "done_at": clock.real_now()}
    query = sa.update(_jobs).where(_mine(job, worker)).values(**free)
    return bool(db.session.execute(query).rowcount)


def _fail(job: Job, worker: str, error: Exception) -> None:
    """The attempt is counted; the job comes again later, or has failed for good."""
    kind = registry.kinds.get(job.kind)
    again = job.attempts <= len(job.retries) and not isinstance(error, registry.Permanent)
    every = kind.every if kind else None
    changes: dict[str, Any] = {"locked_by": None, "locked_until": None}
    changes["last_error"] = "".join(traceback.format_exception(error))[-8000:]
    if again or every is not None:
        wait = job.retries[job.attempts - 1] if again else every
        changes["run_at"] = clock.now() + dt.timedelta(seconds=wait or 0)
    else:
        changes["state"] = "failed"
    written = db.session.execute(sa.update(_jobs).where(_mine(job, worker)).values(**changes))
    if written.rowcount and "state" in changes and kind and kind.gave_up:
        cause = error.__cause__ if isinstance(error, registry.Permanent) else None
        kind.gave_up(job.payload, job, cause or error)
    db.session.commit()
    # its text may quote values; the table keeps it for administrators
    name = type(error).__name__
    log.warning("job %s (%s) failed, attempt %s: %s", job.id, job.kind, job.attempts, name)


def run_due(limit: int = 20, *, rounds: int = 1000) -> int:
    """Everything due now is done in this thread, also what it brings up; how many jobs ran."""
    _take_up()
    count = 0
    for _round in range(rounds):
        feed()
        claimed = claim(limit)
        if not claimed:
            break
        for number, job_id in enumerate(claimed):
            _broken_off.ids = claimed[number:]
            perform(job_id)
        _broken_off.ids = []
        count += len(claimed)
    return count


def _take_up() -> None:
    """What this thread had claimed when the database went away is free again."""
    ids = getattr(_broken_off, "ids", [])
    if ids:
        give_back(ids)
        _broken_off.ids = []


def give_back(ids: list[int], *, worker: str | None = None) -> None:
    """Claimed jobs that this worker did not get to are free again, committed; no attempt is
    counted."""
    db.session.execute(
        sa.update(_jobs)
        .where(_jobs.c.id.in_(ids), _jobs.c.locked_by == (worker or worker_name()))
        .values(locked_by=None, locked_until=None, attempts=_jobs.c.attempts - 1)
    )
    db.session.commit()


def retry(job_id: int) -> None:
    """A failed job is due again at once, with all its attempts."""
    db.session.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.state == "failed")
        .values(state="waiting", attempts=0, run_at=clock.now())
    )
    db.session.info["jobs"] = True


def lag_seconds() -> float:
    """How long the oldest due job of the company has been waiting."""
    oldest = db.session.scalar(
        sa.select(sa.func.min(_jobs.c.run_at)).where(
            _jobs.c.workspace_id == workspace.COMPANY, _jobs.c.state == "waiting"
        )
    )
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0


def ensure_periodic() -> None:
    """Every kind that comes again and again has its row, committed; several servers make one."""
    for kind in registry.kinds.values():
        if kind.every is not None:
            enqueue(kind.name, {}, key=f"every:{kind.name}")
    db.session.commit()


@registry.job("jobs.purge", every=3600)
def purge(_payload: dict[str, Any], _job: Job) -> None:
    """Jobs done more than a week ago are gone; their keys may be used again."""
    limit = clock.real_now() - KEEP_DONE
    db.session.execute(sa.delete(_jobs).where(_jobs.c.state == "done", _jobs.c.done_at < limit))


def _wake(session: Session) -> None:
    if session.info.get("jobs") and not session.in_nested_transaction():
        session.info.pop("jobs")
        runner.wake(current_app)


def wake_after_commit() -> None:
    """A commit that brought new jobs wakes the runner."""
    if not sa.event.contains(Session, "after_commit", _wake):
        sa.event.listen(Session, "after_commit", _wake)
