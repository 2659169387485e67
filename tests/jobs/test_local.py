"""The server does its jobs by itself."""

import datetime as dt
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app import create_app
from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job
from app.jobs.runners import local
from tests.database import Database

ran = threading.Event()


@registry.job("test.local")
def announce(_payload: dict, _job: Job) -> None:
    """Somebody waits for this."""
    ran.set()


begun, go_on = threading.Event(), threading.Event()


@registry.job("test.local_hangs", retries=())
def hang(_payload: dict, _job: Job) -> None:
    """It ends when the test lets it."""
    begun.set()
    go_on.wait(120)


@pytest.fixture
def impatient(database: Database):
    """One that soon finds that a job hangs."""
    hasty = {"job_poll_seconds": 1, "job_lock_seconds": 1, "job_stuck_seconds": 1}
    app = create_app(database.settings | hasty | {"job_runner": "local"})
    for event in (begun, go_on, ran):
        event.clear()
    yield app
    go_on.set()
    runner.stop(app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def server(database: Database):
    app = create_app(database.settings | {"job_runner": "local", "job_poll_seconds": 60})
    yield app
    runner.stop(app)
    with app.app_context():
        db.engine.dispose()


def test_a_commit_wakes_the_runner(server):
    ran.clear()
    runner.ensure_started(server)
    runner.ensure_started(server)
    with server.app_context():
        queue.enqueue("test.local", {})
        db.session.commit()
        db.session.remove()
    assert ran.wait(60)


def test_a_stopped_runner_does_nothing(server):
    runner.ensure_started(server)
    runner.stop(server)
    ran.clear()
    with server.app_context():
        queue.enqueue("test.local", {})
        db.session.commit()
        db.session.remove()
    assert not ran.wait(0.5)


class SetBack(dt.datetime):
    """The wall clock after somebody set it back by an hour."""

    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - dt.timedelta(hours=1)


def test_a_clock_that_is_set_back_does_not_put_off_the_next_look(monkeypatch):
    looks = threading.Semaphore(0)
    scheduler = local.Steady(0.1)
    scheduler.add_job(
        looks.release, "interval", seconds=0.1, id=local.LOOK, misfire_grace_time=None
    )
    scheduler.start()
    try:
        assert looks.acquire(timeout=60)
        clock = SimpleNamespace(datetime=SetBack, timedelta=dt.timedelta, UTC=dt.UTC)
        monkeypatch.setattr(local, "dt", clock)
        monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetBack)
        while looks.acquire(blocking=False):
            pass
        assert all(looks.acquire(timeout=60) for _look in range(3))
    finally:
        scheduler.shutdown()


def test_beside_a_job_that_hangs_the_others_of_its_process_are_done(impatient):
    with impatient.app_context():
        queue.enqueue("test.local_hangs", {}, key="hangs")
        queue.enqueue("test.local", {})
        db.session.commit()
        db.session.remove()
    runner.ensure_started(impatient)
    assert begun.wait(60)
    assert not ran.is_set(), "it was claimed behind the one that hangs"
    assert ran.wait(60)
    go_on.set()
    runner.stop(impatient)
    with impatient.app_context():
        rows = db.session.execute(sa.select(Job.state, Job.attempts).where(Job.key == "hangs"))
        assert list(rows) == [("done", 1)]
        db.session.remove()


@pytest.mark.parametrize(("hanging", "looks"), [(0, 1), (1, 2), (3, 4), (10, 4)])
def test_so_many_threads_look_for_jobs_besides_those_that_hang(hanging: int, looks: int):
    scheduler = local.Steady(60, lambda: hanging)
    scheduler.add_job(print, "interval", seconds=60, id=local.LOOK, max_instances=2)
    scheduler.start(paused=True)
    try:
        scheduler._process_jobs()
        assert scheduler.get_job(local.LOOK).max_instances == looks
    finally:
        scheduler.shutdown()
