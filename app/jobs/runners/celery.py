"""On workers: Celery carries the ids of claimed jobs, the table stays the outbox.

A worker is started with `celery -A app.jobs.worker worker`, the one clock with
`celery -A app.jobs.worker beat`. A message that the broker loses costs nothing: the job's lock
runs out and the next look claims it again.
"""

import logging

from celery import Celery
from flask import Flask
from kombu.exceptions import OperationalError

from app.db import db
from app.jobs import queue

log = logging.getLogger(__name__)
_KEY = "shunliu-celery"
LOOK = "shunliu.look"
PERFORM = "shunliu.perform"


def make(app: Flask) -> Celery:
    """The Celery application over the settings' broker."""
    made = Celery("shunliu", broker=app.config["SETTINGS"].broker_url)
    made.conf.update(
        task_ignore_result=True,
        worker_hijack_root_logger=False,  # its lines look like all others
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        beat_schedule={"look": {"task": LOOK, "schedule": app.config["SETTINGS"].job_poll_seconds}},
    )
    made.task(name=LOOK)(lambda: _look(app, made))
    made.task(name=PERFORM)(lambda job_id, worker: _perform(app, job_id, worker))
    app.extensions[_KEY] = made
    return made


def _look(app: Flask, celery: Celery) -> int:
    """What is due is claimed and on its way to a worker."""
    with app.app_context():
        try:
            worker = queue.worker_name()
            queue.feed()
            claimed = queue.claim(200, worker=worker)
        finally:
            db.session.remove()
    for job_id in claimed:
        celery.send_task(PERFORM, args=[job_id, worker])
    return len(claimed)


def _perform(app: Flask, job_id: int, worker: str) -> bool:
    with app.app_context():
        try:
            return queue.perform(job_id, worker=worker)
        finally:
            db.session.remove()


def start(app: Flask) -> None:
    """Web processes can wake the workers."""
    if _KEY not in app.extensions:
        make(app)
    with app.app_context():
        queue.ensure_periodic()
        db.session.remove()


def stop(app: Flask) -> None:
    """This process no longer talks to the broker."""
    celery = app.extensions.pop(_KEY, None)
    if celery is not None:
        celery.close()


def wake(app: Flask) -> None:
    """A worker looks now; a broker that cannot be reached costs only until the clock's next look."""
    try:
        app.extensions[_KEY].send_task(LOOK, ignore_result=True, retry=False)
    except OperationalError as error:
        log.warning("the broker cannot be reached; jobs wait for the next look: %s", error)
