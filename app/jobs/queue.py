"""Putting jobs into the table, taking them out, doing them.

`enqueue` and `drop` write in the caller's transaction. `feed`, `claim` and `perform` are the
runners' and commit: no lock of the database is held while a job waits for its turn. A claimed job
is its worker's. While the job is done the worker gives signs of life (`pulse`); when those who look
for work have missed them for the length of a lock (`sightings`), one of them claims it anew.
"""

import datetime as dt
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock, errors, measure, postgres, signals, workspace
from app.db import away, db
from app.i18n import _
from app.jobs import elapsed, pulse, registry, runner
from app.jobs.claims import claim, clocks, give_back, lease, unpark
from app.jobs.models import Job
from app.jobs.workers import SENT
from app.jobs.workers import name as worker_name

__all__ = [
    "again", "case_of", "claim", "clocks", "drop", "enqueue", "ensure_periodic", "feed", "give_back", "give_up", "hold",
    "insert", "lag_seconds", "lease", "perform", "release", "retry", "run_due", "take_up", "unpark",
    "wake_after_commit", "worker_name",
]  # fmt: skip
DEATHS = 3  # so many workers may die over a job, beside the attempts that ended with an error
log = logging.getLogger(__name__)
_jobs = Job.__table__


class _BrokenOff(threading.local):
    """What this thread has begun, and what it has claimed, and not done."""

    begun: int | None = None
    claimed: Sequence[int] = ()


_broken_off = _BrokenOff()


def enqueue(
    kind: str,
    payload: Mapping[str, Any],
    *,
    run_at: dt.datetime | None = None,
    key: str | None = None,
    retries: Iterable[float] | None = None,
    subject: str | None = None,
    counted: str | None = None,
) -> bool:
    """A job is in the table; False when one with the same `key` was there before.

    `counted` is the reading of the clock by which `run_at` was found, if that was not just now.
    """
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
                    "counted": counted or clock.reading(),
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


def feed() -> int:
    """Everything due elsewhere is in the table, committed."""
    elapsed.follow(_jobs.c.run_at, _jobs.c.state.in_(("waiting", "held")))
    count = 0
    for feeder in registry.feeders:
        count += feeder()
        db.session.commit()
    return count


class WorkersDied(registry.Permanent):
    """Every worker that began a job ended without a word, so it is not begun again."""


def perform(job_id: int, *, worker: str | None = None) -> bool:
    """Do one claimed job and commit. False when it failed, or it is not this worker's (any more).

    One that was claimed to be sent to any worker is whoever's begins it first. A database that is away is
    raised: nothing has happened, and the job is free again at this thread's next `take_up`.
    """
    worker = worker or worker_name()
    job = _begin(job_id, worker)
    if job is None:
        return False
    _broken_off.begun = job_id
    with pulse.beating(job_id, worker, f"{job.kind}, {job.subject or 'of its own'}"):
        done = _do(job, worker)
    _broken_off.begun = None
    return done


def _do(job: Job, worker: str) -> bool:
    begun = time.perf_counter()
    about = measure.about(job_id=job.id, job=job.kind, instance_id=case_of(job))
    with workspace.use(job.workspace_id), about:
        try:
            _check_deaths(job)
            soon = registry.kinds[job.kind].work(job.payload, job)
            done = _finish(job, worker, soon)
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
            log.warning("job %s took longer than its lock; another worker has it", job.id)
    return done


def case_of(job: Job) -> int | None:
    """The case that the job goes on with, or whose message or effect it is."""
    of, _colon, id = (job.subject or "").partition(":")
    return int(id) if of in ("instance", "sent", "effect") and id.isdecimal() else None


def _tell(job: Job, result: str, begun: float) -> None:
    measure.tell(
        "job", time.perf_counter() - begun, job=job.kind, result=result, attempt=job.attempts,
        workspace=job.workspace_id, instance_id=case_of(job),
    )  # fmt: skip


def _begin(job_id: int, worker: str) -> Job | None:
    """The attempt is counted and the lock begins anew, committed: work begins outside of any
    transaction, and what a dead worker began is known."""
    given = sa.or_(_jobs.c.locked_by == worker, _jobs.c.locked_by.startswith(SENT))
    mine = sa.and_(_jobs.c.id == job_id, _jobs.c.state == "waiting", given)
    begun = {
        "locked_by": worker,
        "locked_until": clock.real_now() + lease(),
        "attempts": _jobs.c.attempts + 1,
    }
    if not db.session.execute(sa.update(_jobs).where(mine).values(**begun)).rowcount:
        db.session.rollback()
        return None
    job = db.session.get_one(Job, job_id, populate_existing=True)
    db.session.expunge(job)
    db.session.commit()
    return job


def _check_deaths(job: Job) -> None:
    periodic = registry.kinds[job.kind].every is not None
    if not periodic and job.attempts > len(job.retries) + 1 + DEATHS:
        raise WorkersDied(
            f"{job.attempts - 1} workers began this job and none of them finished it: it kills"
            " its worker"
        )


def _mine(job: Job, worker: str) -> sa.ColumnElement[bool]:
    return sa.and_(_jobs.c.id == job.id, _jobs.c.locked_by == worker)


def _finish(job: Job, worker: str, soon: float | None) -> bool:
    every = registry.kinds[job.kind].every
    free: dict[str, Any] = {"locked_by": None, "locked_until": None}
    if every is not None:
        at = clock.now() + dt.timedelta(seconds=every if soon is None else soon)
        free |= {"run_at": at, "counted": clock.reading(), "attempts": 0}
        free |= {"state": "waiting", "last_error": None}
    elif job.key is None:
        return bool(db.session.execute(sa.delete(_jobs).where(_mine(job, worker))).rowcount)
    else:
        free |= {"state": "done", "done_at": clock.real_now()}
    query = sa.update(_jobs).where(_mine(job, worker)).values(**free)
    return bool(db.session.execute(query).rowcount)


def _fail(job: Job, worker: str, error: Exception) -> None:
    """The attempt is counted; the job comes again later, or has failed for good."""
    changes = _after(job, error)
    changes["last_error"] = "".join(traceback.format_exception(error))[-8000:]
    write = sa.update(_jobs).where(_mine(job, worker)).values(**changes)
    written = db.session.execute(write).rowcount
    if written:
        cause = error.__cause__ if isinstance(error, registry.Permanent) else None
        try:
            _tell_failed(job, cause or error, for_good=changes["state"] == "failed")
        except Exception:
            log.exception("job %s (%s) has failed, and nobody could be told", job.id, job.kind)
            db.session.rollback()
            db.session.execute(write)
    db.session.commit()
    # its text may quote values; the table keeps it for administrators
    name = type(error).__name__
    log.warning("job %s (%s) failed, attempt %s: %s", job.id, job.kind, job.attempts, name)


def _after(job: Job, error: Exception) -> dict[str, Any]:
    """What a job is after an attempt that failed so."""
    kind = registry.kinds.get(job.kind)
    again = job.attempts <= len(job.retries) and not isinstance(error, registry.Permanent)
    every = kind.every if kind else None
    free: dict[str, Any] = {"locked_by": None, "locked_until": None}
    if not again and every is None:
        return free | {"state": "failed"}
    wait = job.retries[job.attempts - 1] if again else every
    due = clock.now() + dt.timedelta(seconds=wait or 0)
    return free | {"state": "waiting", "run_at": due, "counted": clock.reading()}


class GivenUp(registry.Permanent):
    """An administrator does not wait any longer for a job that hangs."""


def give_up(job_id: int) -> None:
    """A stuck job has failed for good. What its worker still does with it will not be committed.

    Raises Conflict when it is not stuck (any more), or while it holds what has to be told.
    """
    job = _stuck(job_id)
    if job is None:
        raise errors.Conflict(_("这个后台任务没有卡住，或者刚刚结束了。请刷新后查看。"))
    error = GivenUp(_("这个后台任务一直没有结束，管理员决定不再等待。"))
    changes = _after(job, error)
    try:
        with workspace.use(job.workspace_id):  # the case is locked before the job, as in a step
            _tell_failed(job, error, for_good=changes["state"] == "failed")
        mine = sa.and_(_mine(job, job.locked_by or ""), _jobs.c.state == "stuck")
        written = db.session.execute(sa.update(_jobs).where(mine).values(**changes)).rowcount
    except sa.exc.DBAPIError as held:
        if not (away(held) or postgres.busy(held)):
            raise
        raise errors.Conflict(
            _("卡住的后台任务还占着它的实例。请先重启它所在的进程，再处理。")
        ) from held
    if not written:
        raise errors.Conflict(_("这个后台任务没有卡住，或者刚刚结束了。请刷新后查看。"))


def _stuck(job_id: int) -> Job | None:
    job = db.session.get(Job, job_id, populate_existing=True)
    if job is None or job.state != "stuck":
        return None
    db.session.expunge(job)
    return job


def _tell_failed(job: Job, error: BaseException, *, for_good: bool) -> None:
    kind = registry.kinds[job.kind]
    if kind.failed:
        kind.failed(job.payload, job, error)
    if for_good and not (kind.gave_up and kind.gave_up(job.payload, job, error)):
        signals.job_failed.send(job, error=error)


def run_due(
    limit: int = 20, *, rounds: int = 1000, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Everything due now is done in this thread, also what it brings up; how many jobs ran.

    Once `stopping` says so no further job is begun, and what is claimed is free again.
    """
    take_up()
    count, worker = 0, worker_name()
    for _round in range(rounds):
        feed()
        claimed = claim(limit, worker=worker)
        for number, job_id in enumerate(claimed):
            _broken_off.claimed = claimed[number:]
            if stopping():
                take_up()
                return count
            perform(job_id, worker=worker)
            count += 1
        _broken_off.claimed = []
        if not claimed:
            break
    return count


def take_up() -> None:
    """What this thread had claimed and not done, because it stops or the database went away, is
    free again, committed; no attempt is counted."""
    begun, claimed = _broken_off.begun, _broken_off.claimed
    if begun is not None:
        give_back([begun], worker_name(), attempts=1)
    if claimed:
        give_back(claimed, worker_name())
    _broken_off.begun, _broken_off.claimed = None, []


def again(key: str) -> bool:
    """The job with this key is due once more, if it was done."""
    found = sa.and_(_jobs.c.key == key, _jobs.c.state == "done")
    due = {"state": "waiting", "attempts": 0, "run_at": clock.now(), "done_at": None}
    db.session.info["jobs"] = True
    return bool(db.session.execute(sa.update(_jobs).where(found).values(**due)).rowcount)


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


def _wake(session: Session) -> None:
    if session.info.get("jobs") and not session.in_nested_transaction():
        session.info.pop("jobs")
        runner.wake(current_app)


def wake_after_commit() -> None:
    """A commit that brought new jobs wakes the runner."""
    if not sa.event.contains(Session, "after_commit", _wake):
        sa.event.listen(Session, "after_commit", _wake)
