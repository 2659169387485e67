"""What the job table does for itself."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import db
from app.jobs import queue, registry
from app.jobs.models import Job

KEEP_DONE = dt.timedelta(days=7)
_jobs = Job.__table__


@registry.job("jobs.purge", every=60)
def purge(_payload: dict[str, Any], _job: Job) -> float | None:
    """The oldest of the jobs done more than a week ago are gone; their keys may be used again.
    Small batches, so that nobody waits for one."""
    limit = clock.real_now() - KEEP_DONE
    oldest = (
        sa.select(_jobs.c.id)
        .where(_jobs.c.state == "done", _jobs.c.done_at < limit)
        .order_by(_jobs.c.done_at)
        .limit(registry.BATCH)
    )
    gone = db.session.execute(sa.delete(_jobs).where(_jobs.c.id.in_(oldest))).rowcount
    return registry.SOON if gone == registry.BATCH else None


@registry.job("jobs.unpark", every=60)
def unpark(_payload: dict[str, Any], _job: Job) -> None:
    """Jobs that a program of another version could not do are tried by this one."""
    queue.unpark()
