"""The broker is away: nobody waits for it, nothing is lost."""

import logging
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job
from app.jobs.runners import celery
from tests import database as databases
from tests.database import Database

NOBODY = "redis://127.0.0.1:1/0"


@registry.job("test.celery")
def nothing(_payload: dict, _job: Job) -> None:
    """Nothing to do."""


@pytest.fixture
def server(database: Database) -> Iterator[Flask]:
    """A web process whose broker does not answer."""
    with databases.opened(database, job_runner="celery", broker_url=NOBODY) as app:
        yield app
        runner.stop(app)


def test_a_commit_does_not_wait_for_the_broker(server, caplog: pytest.LogCaptureFixture):
    runner.ensure_started(server)
    with caplog.at_level(logging.WARNING):
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


def test_what_cannot_be_sent_to_a_worker_is_given_back(server):
    made = celery.make(server)
    queue.enqueue("test.celery", {})
    db.session.commit()
    with pytest.raises(celery.OperationalError):
        celery._look(server, made)
    row = db.session.scalars(db.select(Job).where(Job.kind == "test.celery")).one()
    assert (row.locked_by, row.attempts, row.state) == (None, 0, "waiting")
