"""`flask jobs …` on a machine without a server."""

import datetime as dt

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app import clock
from app.db import db
from app.jobs import queue, registry
from app.jobs.models import Job

done: list[str] = []


@registry.job("test.commanded", retries=())
def work(payload: dict, _job: Job) -> None:
    """Fails if it is told to."""
    if payload.get("fails"):
        raise RuntimeError("the printer is on fire")
    done.append(payload["name"])


@pytest.fixture(autouse=True)
def nothing_done():
    done.clear()


def put(name: str, **more: object) -> int:
    queue.enqueue("test.commanded", {"name": name, **more})
    db.session.commit()
    return db.session.scalar(sa.select(sa.func.max(Job.id)))


def jobs(app: Flask, *words: str) -> Result:
    db.session.remove()
    return app.test_cli_runner().invoke(args=["jobs", *words])


def test_what_is_due_now_is_done_and_the_command_ends(app: Flask):
    put("a")
    put("b")
    assert "2 jobs done" in jobs(app, "run", "--once").output and done == ["a", "b"]


def test_the_lag_is_said_in_seconds(app: Flask):
    assert jobs(app, "lag").output == "0.0 s\n"
    put("a")
    clock.stop_at(clock.now() + dt.timedelta(seconds=90))
    assert jobs(app, "lag").output == "90.0 s\n"


def test_what_failed_is_shown_with_its_reason_and_can_be_asked_for_again(app: Flask):
    number = put("a", fails=True)
    queue.run_due()
    (line,) = [one for one in jobs(app, "show").output.splitlines() if "test.commanded" in one]
    assert line.startswith("failed") and line.endswith("RuntimeError: the printer is on fire")
    db.session.execute(sa.update(Job).where(Job.id == number).values(payload={"name": "a"}))
    db.session.commit()
    assert "is due" in jobs(app, "retry", str(number)).output
    jobs(app, "run", "--once")
    assert done == ["a"] and db.session.get(Job, number) is None
