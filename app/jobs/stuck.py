"""Jobs that take longer than anybody would wait for them: the administrators see them.

A thread cannot be ended from outside, so a stuck job stays its worker's: nobody begins it a second
time beside the first. In its process another thread does the other jobs (`runners.local`). Who
restarts the process has it tried again; who gives it up (`queue.give_up`) takes its lock away, and
with it the worker's right to commit what it still does.
"""

import datetime as dt
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import current_app

from app import clock
from app.db import db
from app.jobs import workers
from app.jobs.models import Job

log = logging.getLogger(__name__)
_jobs = Job.__table__
LONGEST = 8000  # characters of what is kept about it


@dataclass
class Held:
    """A job that a thread of this process does, and since when."""

    worker: str
    what: str = ""  # its kind, and what it is about
    thread: int = field(default_factory=threading.get_ident)
    since: float = field(default_factory=lambda: clock.passed())
    at: dt.datetime = field(default_factory=lambda: clock.real_now())
    said: str = ""  # what the log was told, when it took too long
    shown: bool = False


def say(held: Mapping[tuple[int, str], Held]) -> None:
    """Those among these jobs that take too long are logged, once.

    Nothing is asked of the database: a job that hangs while it writes to a SQLite file lets nobody
    else write.
    """
    limit = current_app.config["SETTINGS"].job_stuck_seconds
    for (job_id, _worker), job in held.items():
        if limit and not job.said and clock.passed() - job.since >= limit:
            job.said = _sentence(job)
            log.error("job %s (%s) %s", job_id, job.what, job.said)


def show(held: Mapping[tuple[int, str], Held]) -> None:
    """What was said of these jobs stands in the table for the administrators, and what their
    workers had claimed besides and not begun is anybody's again, committed."""
    for (job_id, worker), job in held.items():
        if job.said and not job.shown:
            of_worker = sa.update(_jobs).where(_jobs.c.locked_by == worker)
            mark = of_worker.where(_jobs.c.id == job_id, _jobs.c.state == "waiting")
            said = {"state": "stuck", "last_error": job.said[-LONGEST:]}
            if db.session.execute(mark.values(**said)).rowcount:
                # it ends this one before it begins another, and cannot end it before this commit
                free = of_worker.where(_jobs.c.id != job_id, _jobs.c.state == "waiting")
                db.session.execute(free.values(locked_by=None, locked_until=None))
            db.session.commit()
            job.shown = True


def _sentence(job: Held) -> str:
    host, process = workers.where(job.worker)
    minutes = (clock.passed() - job.since) / 60
    frame = sys._current_frames().get(job.thread)
    lines = "".join(traceback.format_stack(frame)) if frame else ""
    return (
        f"hangs here:\n{lines}under way since {job.at:%Y-%m-%d %H:%M:%S} UTC, for {minutes:.0f}"
        f" minutes, on {host}, process {process}; restart that process, or give the job up"
    )
