"""The server does its jobs by itself."""

import threading

import pytest

from app import create_app
from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job
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
    assert ran.wait(10)


def test_a_stopped_runner_does_nothing(server):
    runner.ensure_started(server)
    runner.stop(server)
    ran.clear()
    with server.app_context():
        queue.enqueue("test.local", {})
        db.session.commit()
        db.session.remove()
    assert not ran.wait(0.5)
