"""Inside the server: one thread per process looks at the table.

Several processes may do so: a job is locked before it is done. The thread counts the seconds
between two looks itself: it goes on whatever somebody does to the clock.
"""

import logging
import threading
from dataclasses import dataclass, field

from flask import Flask

from app.db import away, db
from app.jobs import queue

log = logging.getLogger(__name__)
_KEY = "shunliu-jobs-thread"


@dataclass
class Looker:
    """The thread of one application."""

    thread: threading.Thread
    woken: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)


def start(app: Flask) -> None:
    """Due jobs are done every `job_poll_seconds`, and at once after a commit that made some."""
    with app.app_context():
        queue.ensure_periodic()
        db.session.remove()
    thread = threading.Thread(target=lambda: _look(app, looker), name="jobs", daemon=True)
    looker = app.extensions[_KEY] = Looker(thread)
    thread.start()


def _look(app: Flask, looker: Looker) -> None:
    every = app.config["SETTINGS"].job_poll_seconds
    while not looker.stopping.is_set():
        tick(app, looker.stopping)
        looker.woken.wait(every)
        looker.woken.clear()


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
    looker = app.extensions.pop(_KEY, None)
    if looker is not None:
        looker.stopping.set()
        looker.woken.set()
        looker.thread.join()


def wake(app: Flask) -> None:
    """The next look is now."""
    looker = app.extensions.get(_KEY)
    if looker is not None:
        looker.woken.set()
