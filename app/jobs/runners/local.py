"""Inside the server: one APScheduler thread per process looks at the table.

Several processes may do so: a job is locked before it is done.
"""

import datetime as dt
import logging
import threading

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app.db import away, db
from app.jobs import queue

log = logging.getLogger(__name__)
TICK = "shunliu-jobs"
_KEY = "shunliu-scheduler"
_STOPPING = "shunliu-jobs-stopping"


def start(app: Flask) -> None:
    """Due jobs are done every `job_poll_seconds`, and at once after a commit that made some."""
    # a look that takes longer than the time between two is nothing to warn of
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=dt.UTC, daemon=True)
    app.extensions[_KEY] = scheduler
    app.extensions[_STOPPING] = threading.Event()
    with app.app_context():
        queue.ensure_periodic()
        db.session.remove()
    scheduler.add_job(
        tick,
        "interval",
        args=[app],
        seconds=app.config["SETTINGS"].job_poll_seconds,
        id=TICK,
        max_instances=1,
        coalesce=True,
        next_run_time=dt.datetime.now(dt.UTC),
    )
    scheduler.start()


def tick(app: Flask) -> None:
    """Do what is due. A database that cannot be reached is tried again at the next tick."""
    with app.app_context():
        try:
            queue.run_due(stopping=app.extensions[_STOPPING].is_set)
        except Exception as error:
            db.session.rollback()
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
            scheduler.modify_job(TICK, next_run_time=dt.datetime.now(dt.UTC))
        except JobLookupError:
            log.info("the scheduler is shutting down")
