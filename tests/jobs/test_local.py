"""The server does its jobs by itself."""

import datetime as dt
import threading
from types import SimpleNamespace

import pytest

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
