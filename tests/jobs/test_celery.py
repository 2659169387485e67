"""The broker is away: nobody waits for it, nothing is lost."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator

import pytest
from celery import schedules
from flask import Flask

from app.db import db
from app.jobs import queue, registry, runner
from app.jobs.models import Job
from app.jobs.runners import celery
from tests import database as databases
from tests.database import Database
from tests.jobs.conftest import Silence

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
        for _n in range(20):
            queue.enqueue("test.celery", {})
            db.session.commit()
        until = time.monotonic() + 60
        while "the broker cannot be reached" not in caplog.text and time.monotonic() < until:
            time.sleep(0.05)
        tried = [one for one in caplog.records if "the broker cannot be reached" in one.message]
        assert tried and threading.get_ident() not in {one.thread for one in tried}
        assert queue.run_due() >= 20, "the table has them all"


def test_what_cannot_be_sent_to_a_worker_is_given_back(server):
    made = celery.make(server)
    queue.enqueue("test.celery", {})
    db.session.commit()
    with pytest.raises(celery.OperationalError):
        celery._look(server, made)
    row = db.session.scalars(db.select(Job).where(Job.kind == "test.celery")).one()
    assert (row.locked_by, row.attempts, row.state) == (None, 0, "waiting")


class Posted:
    """A broker that takes every message, of which nobody does anything."""

    def __init__(self) -> None:
        self.jobs: list[int] = []

    def send_task(self, _name: str, args: list[int]) -> None:
        self.jobs += args


def test_no_more_is_sent_than_the_workers_soon_begin(server, silence: Silence, monkeypatch):
    monkeypatch.setattr(celery, "AT_ONCE", 3)
    for _n in range(5):
        queue.enqueue("test.celery", {})
    db.session.commit()
    posted = Posted()
    assert [celery._look(server, posted) for _look in range(2)] == [3, 0]
    assert queue.perform(posted.jobs[0])
    assert celery._look(server, posted) == 1, "one has been done, one more is sent"
    assert len(set(posted.jobs)) == 4


def test_what_the_broker_lost_is_sent_again_and_done_once(server, silence: Silence, monkeypatch):
    monkeypatch.setattr(celery, "AT_ONCE", 3)
    for _n in range(3):
        queue.enqueue("test.celery", {})
    db.session.commit()
    lost, posted = Posted(), Posted()
    assert celery._look(server, lost) == 3
    silence.last(0.9)
    assert celery._look(server, posted) == 0
    silence.last(0.1)
    assert celery._look(server, posted) == 3 and sorted(posted.jobs) == sorted(lost.jobs)
    both = [queue.perform(job) for job in lost.jobs + posted.jobs]
    assert both == [True] * 3 + [False] * 3, "both messages came after all"


class Turning:
    """The seconds that pass, and a wall clock that somebody sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 1000.0
        self.wall = dt.datetime(2026, 3, 10, 1, tzinfo=dt.UTC)
        monkeypatch.setattr(celery.time, "monotonic", lambda: self.passed)
        monkeypatch.setattr(schedules.schedule, "now", lambda _schedule: self.wall)
        monkeypatch.setattr(celery.beat.ScheduleEntry, "default_now", lambda _entry: self.wall)

    def turn(self, seconds: float) -> None:
        """So much time passes."""
        self.passed += seconds
        self.wall += dt.timedelta(seconds=seconds)


@pytest.fixture
def beat(server: Flask, monkeypatch: pytest.MonkeyPatch) -> celery.beat.Scheduler:
    """Celery's own clock with the settings' scheduler; what it sends is noted in `sent`."""
    made = celery.make(server)
    found = celery.beat.Service(made, scheduler_cls=made.conf.beat_scheduler).scheduler
    found.sent = []
    monkeypatch.setattr(found, "apply_async", lambda entry, **_how: found.sent.append(entry.task))
    monkeypatch.setattr(type(found), "producer", None)
    return found


@pytest.mark.parametrize("hours", [-25, -1, 1, 25])
def test_the_clock_looks_in_its_rhythm_when_somebody_sets_it(beat, monkeypatch, hours: int):
    turning = Turning(monkeypatch)
    assert list(beat.schedule) == ["look"]
    assert beat.tick() == 0 and beat.sent == [celery.LOOK], "at once when it begins"
    every = beat.tick()
    for round in range(1, 4):
        turning.turn(every / 2)
        assert beat.tick() == pytest.approx(every / 2) and len(beat.sent) == round, (
            "not before its turn"
        )
        turning.wall += dt.timedelta(hours=hours)
        turning.turn(every / 2)
        assert beat.tick() == 0 and beat.sent == [celery.LOOK] * (round + 1)
        assert beat.tick() == every == pytest.approx(2, abs=0.02)
