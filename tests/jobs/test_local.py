"""The server does its jobs by itself."""

import shutil
import threading
from pathlib import Path

import pytest

from app import create_app
from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job

ran = threading.Event()


@registry.job("test.local")
def announce(_payload: dict, _job: Job) -> None:
    """Somebody waits for this."""
    ran.set()


@pytest.fixture
def server(template: Path, tmp_path: Path):
    shutil.copy(template, tmp_path / "shunliu.sqlite")
    app = create_app(
        {
            "instance_path": str(tmp_path),
            "job_runner": "local",
            "secret_key": "t",
            "job_poll_seconds": 60,
        }
    )
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
