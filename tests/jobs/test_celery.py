"""The broker is away: nobody waits for it, nothing is lost."""

import logging
import time
from pathlib import Path

import pytest

from app import create_app
from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job
from app.jobs.runners import celery
from tests.conftest import settings

NOBODY = "redis://127.0.0.1:1/0"


@registry.job("test.celery")
def nothing(_payload: dict, _job: Job) -> None:
    """Nothing to do."""


@pytest.fixture
def server(app, tmp_path: Path):
    """A web process whose broker does not answer."""
    database = app.config["SETTINGS"].database_url
    given = settings(tmp_path) | {
        "job_runner": "celery", "broker_url": NOBODY, "database_url": database,
    }  # fmt: skip
    made = create_app(given)
    yield made
    runner.stop(made)
    with made.app_context():
        db.engine.dispose()


def test_a_commit_does_not_wait_for_the_broker(server, caplog: pytest.LogCaptureFixture):
    runner.ensure_started(server)
    with server.app_context(), caplog.at_level(logging.WARNING):
        began = time.monotonic()
        for _n in range(20):
            queue.enqueue("test.celery", {})
            db.session.commit()
        assert time.monotonic() - began < 2
        until = time.monotonic() + 10
        while "the broker cannot be reached" not in caplog.text and time.monotonic() < until:
            time.sleep(0.05)
        assert "the broker cannot be reached" in caplog.text
        assert queue.run_due() >= 20, "the table has them all"
        db.session.remove()


def test_what_cannot_be_sent_to_a_worker_is_given_back(server):
    made = celery.make(server)
    with server.app_context():
        queue.enqueue("test.celery", {})
        db.session.commit()
        db.session.remove()
    with pytest.raises(celery.OperationalError):
        celery._look(server, made)
    with server.app_context():
        row = db.session.scalars(db.select(Job).where(Job.kind == "test.celery")).one()
        assert (row.locked_by, row.attempts, row.state) == (None, 0, "waiting")
        db.session.remove()
