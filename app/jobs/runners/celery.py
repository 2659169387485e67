"""On workers: Celery carries the ids of claimed jobs, the table stays the outbox.

A worker is started with `celery -A app.jobs.worker worker`, the clock with
`celery -A app.jobs.worker beat`; several clocks do no harm. A message that the broker loses costs
nothing: nobody begins the job, and after the length of a lock a look sends it again. One that it
brings twice is done once: who begins a job takes its lock over.
"""

import logging
import os
import threading
import time
import uuid

from celery import Celery, beat, signals
from flask import Flask
from kombu.exceptions import OperationalError

from app.db import db
from app.jobs import claims, queue, workers

log = logging.getLogger(__name__)
_KEY, _WAKER = "shunliu-celery", "shunliu-waker"
LOOK = "shunliu.look"
PERFORM = "shunliu.perform"
STALE = 30  # seconds after which a look that nobody came to is not worth doing
AT_ONCE = 200
TIMEOUT = 5  # seconds for the broker to answer


class Steady(beat.Scheduler):
    """Celery's clock asks the wall clock: set back by an hour, it would be silent for an hour, also
    after a restart. This one counts the seconds that pass, and keeps no file."""

    def populate_heap(self, *_how: object) -> None:
        """Everything is due at once: what was done before, nobody knows."""
        now = time.monotonic()
        self._heap = [beat.event_t(now, 5, entry) for entry in self.schedule.values()]

    def _when(self, _entry: beat.ScheduleEntry, wait: float, mktime: object = None) -> float:
        return time.monotonic() + (self.adjust(wait) or 0)

    def is_due(self, entry: beat.ScheduleEntry) -> tuple[bool, float]:
        """It is: nobody asks before its turn by `_when` has come."""
        return True, entry.schedule.run_every.total_seconds()


def make(app: Flask) -> Celery:
    """The Celery application over the settings' broker."""
    settings = app.config["SETTINGS"]
    made = Celery("shunliu", broker=settings.broker_url)
    made.conf.update(
        task_ignore_result=True,
        result_expires=None,  # there are none, hence no chore that clears them away
        worker_hijack_root_logger=False,  # its lines look like all others
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=TIMEOUT,
        broker_transport_options={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
        beat_scheduler=f"{__name__}:Steady",
        beat_schedule={
            "look": {
                "task": LOOK,
                "schedule": settings.job_poll_seconds,
                "options": {"expires": STALE},
            }
        },
    )

    @made.task(name=LOOK)
    def look() -> int:
        return _look(app, made)

    @made.task(name=PERFORM)
    def perform(job_id: int) -> bool:
        return _perform(app, job_id)

    app.extensions[_KEY] = made
    return made


def serve(app: Flask) -> Celery:
    """The Celery application of a worker: what comes again has its rows, and each of the worker's
    processes has connections of its own."""

    def ready(**_how: object) -> None:
        with app.app_context():
            queue.ensure_periodic()
            db.session.remove()

    def forked(**_how: object) -> None:
        with app.app_context():
            db.engine.dispose(close=False)

    signals.worker_ready.connect(ready, weak=False)
    signals.worker_process_init.connect(forked, weak=False)
    return make(app)


def _look(app: Flask, celery: Celery) -> int:
    """What is due is claimed and on its way to a worker; not more than the workers soon begin."""
    look = f"{workers.SENT}{os.getpid()}:{uuid.uuid4()}"
    sent = 0
    with app.app_context():
        try:
            queue.take_up()
            queue.feed()
            room = AT_ONCE - claims.on_their_way()
            claimed = queue.claim(room, worker=look) if room > 0 else []
            try:
                for job_id in claimed:
                    celery.send_task(PERFORM, args=[job_id])
                    sent += 1
            finally:
                if claimed[sent:]:
                    queue.give_back(claimed[sent:], look)
        finally:
            db.session.remove()
    return sent


def _perform(app: Flask, job_id: int) -> bool:
    with app.app_context():
        try:
            queue.take_up()
            return queue.perform(job_id)
        finally:
            db.session.remove()


class Waker(threading.Thread):
    """Tells the workers that there is something new, apart from the request that made it: a broker
    that is away or slow keeps nobody waiting, and many wishes are one message."""

    def __init__(self, celery: Celery) -> None:
        super().__init__(name="shunliu-waker", daemon=True)
        self.celery, self.wanted, self.over = celery, threading.Event(), False

    def run(self) -> None:
        while self.wanted.wait() and not self.over:
            self.wanted.clear()
            try:
                self.celery.send_task(LOOK, ignore_result=True, retry=False, expires=STALE)
            except OperationalError as error:
                log.warning("the broker cannot be reached; jobs wait for the next look: %s", error)

    def stop(self) -> None:
        self.over = True
        self.wanted.set()


def start(app: Flask) -> None:
    """Web processes can wake the workers."""
    if _WAKER in app.extensions:
        return
    waker = app.extensions[_WAKER] = Waker(app.extensions.get(_KEY) or make(app))
    waker.start()
    with app.app_context():
        queue.ensure_periodic()
        db.session.remove()


def stop(app: Flask) -> None:
    """This process no longer talks to the broker."""
    waker = app.extensions.pop(_WAKER, None)
    if waker is not None:
        waker.stop()
        waker.join(TIMEOUT)
    celery = app.extensions.pop(_KEY, None)
    if celery is not None:
        celery.close()


def wake(app: Flask) -> None:
    """A worker looks soon, if the broker can be reached; else at the clock's next look."""
    waker = app.extensions.get(_WAKER)
    if waker is not None:
        waker.wanted.set()
