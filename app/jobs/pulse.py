"""A job is its worker's as long as the worker lives: one thread of each process writes the locks of
what the process is doing anew, so that only a dead worker's job is taken over (`sightings`).

It beats outside of the job's own transaction. On SQLite it waits while the job itself writes;
nobody else can claim anything meanwhile. A beat that the database refused comes again soon: when
the database is back, the beat must be there before those who look have missed it for too long.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask, current_app

from app import clock
from app.db import away, db
from app.jobs import claims, stuck
from app.jobs.models import UNDER_WAY, Job

log = logging.getLogger(__name__)
_jobs = Job.__table__
KEY = "shunliu-pulse"
BEATS = 3  # so often within a lock's length
AGAIN = 1.0  # seconds after which a beat that failed is tried again


class Pulse:
    """What one application does in this process: {(job, worker): since when}. One that was given
    up while it hangs may be under way a second time."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nothing is being done, as in a process that has just been forked."""
        self.held: dict[tuple[int, str], stuck.Held] = {}
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.process = os.getpid()

    def take(self, app: Flask, job_id: int, worker: str, what: str) -> None:
        """The job's lock is prolonged from now on."""
        if self.process != os.getpid():
            self.begin_anew()
        with self.lock:
            self.held[job_id, worker] = stuck.Held(worker, what)
            if self.thread is None:
                self.thread = threading.Thread(
                    target=self._run, args=[app], name="shunliu-pulse", daemon=True
                )
                self.thread.start()

    def leave(self, job_id: int, worker: str) -> None:
        """The job is done, or not this worker's any more."""
        with self.lock:
            self.held.pop((job_id, worker), None)

    def hanging(self) -> int:
        """How many threads of this process are known to hang, and keep nobody from writing."""
        with self.lock:
            return sum(job.shown for job in self.held.values())

    def _run(self, app: Flask) -> None:
        seconds = max(app.config["SETTINGS"].job_lock_seconds, 1) / BEATS
        quiet, wait = threading.Event(), seconds
        while not quiet.wait(wait):
            with self.lock:
                if not self.held:
                    self.thread = None
                    return
            with app.app_context():
                wait = seconds if _beat_carefully() else min(AGAIN, seconds)


def init_app(app: Flask) -> None:
    """The application does nothing yet."""
    app.extensions[KEY] = Pulse()


def of(app: Flask) -> Pulse:
    """The pulse of an application."""
    return app.extensions[KEY]


@contextlib.contextmanager
def beating(job_id: int, worker: str, what: str = "") -> Iterator[None]:
    """While this lasts the job stays this worker's. `what` it is about, for the log."""
    app = current_app._get_current_object()
    pulse = of(app)
    pulse.take(app, job_id, worker, what)
    try:
        yield
    finally:
        pulse.leave(job_id, worker)


def beat() -> int:
    """The locks of all jobs under way here begin anew, committed; how many. Who takes too long is
    told of."""
    pulse = of(current_app)
    with pulse.lock:
        held = dict(pulse.held)
    stuck.say(held)
    until = clock.real_now() + claims.lease()
    mine = [
        sa.and_(_jobs.c.id == job_id, _jobs.c.locked_by == worker)
        for job_id, worker in sorted(held)
    ]
    if not mine:
        return 0
    prolong = sa.update(_jobs).where(_jobs.c.state.in_(UNDER_WAY), sa.or_(*mine))
    count = db.session.execute(prolong.values(locked_until=until)).rowcount
    db.session.commit()
    stuck.show(held)
    return count


def _beat_carefully() -> bool:
    """Has it beaten?"""
    try:
        beat()
        return True
    except Exception as error:
        if not away(error):
            log.exception("the locks of running jobs could not be prolonged; trying again")
        return False
    finally:
        db.session.remove()
