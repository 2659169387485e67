"""Inside the server: one APScheduler thread per process looks at the table, and one more for each
of its jobs that hangs, up to some.

Several processes and threads may do so: a job is locked before it is done.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app.db import away, db
from app.jobs import pulse, queue

log = logging.getLogger(__name__)
LOOK = "shunliu-jobs"
SPARE = 3  # threads that take the place of such as hang
_KEY, _STOPPING = "shunliu-scheduler", "shunliu-jobs-stopping"


class Steady(BackgroundScheduler):
    """APScheduler asks the wall clock: when somebody sets it back by an hour, the next look would
    be an hour away. Here a look is never further away than the time between two. One goes on at a
    time, those that hang not counted."""

    def __init__(self, every: float, hanging: Callable[[], int] = lambda: 0) -> None:
        super().__init__(timezone=dt.UTC, daemon=True)
        self.every, self.hanging = dt.timedelta(seconds=every), hanging

    def _process_jobs(self) -> float | None:
        now, look = dt.datetime.now(dt.UTC), self.get_job(LOOK)
        most = 1 + min(self.hanging(), SPARE)
        if look is not None and look.next_run_time > now + self.every:
            look.modify(next_run_time=now)
        if look is not None and look.max_instances != most:
            look.modify(max_instances=most)
        wait = super()._process_jobs()
        return wait if wait is None else min(wait, self.every.total_seconds())


def start(app: Flask) -> None:
    """Due jobs are done every `job_poll_seconds`, and at once after a commit that made some."""
    # a look that takes longer than the time between two is nothing to warn of
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    every = app.config["SETTINGS"].job_poll_seconds
    app.extensions[_KEY] = Steady(every, pulse.of(app).hanging)
    app.extensions[_STOPPING] = threading.Event()
    with app.app_context():
        queue.ensure_periodic()
        db.session.remove()
    app.extensions[_KEY].add_job(
        tick, "interval", args=[app, app.extensions[_STOPPING]], seconds=every, id=LOOK,
        max_instances=1, coalesce=True, misfire_grace_time=None,
        next_run_time=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    app.extensions[_KEY].start()


def tick(app: Flask, stopping: threading.Event) -> None:
    """Do what is due. A database that cannot be reached is tried again at the next tick."""
    with app.app_context():
        try:
            queue.run_due(stopping=stopping.is_set)
        except Exception as error:
            if away(error):
                log.error("jobs wait, the database refused: %s", getattr(error, "orig", error))
            else:
                log.exception("the job table could not be read; trying again")
        finally:
            db.session.remove()


def stop(app: Flask) -> None:
    """The thread has ended after the job that it was doing."""
    scheduler = app.extensions.pop(_KEY, None)
    if scheduler is not None:
        app.extensions[_STOPPING].set()
        scheduler.shutdown(wait=True)


def wake(app: Flask) -> None:
    """The next look is now."""
    scheduler = app.extensions.get(_KEY)
    if scheduler is not None:
        try:
            scheduler.modify_job(LOOK, next_run_time=dt.datetime.now(dt.UTC))
        except JobLookupError:
            log.info("the scheduler is shutting down")
