"""A job stays its worker's while the worker lives, however long it takes."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.jobs import pulse, queue, registry, stuck
from app.jobs.models import Job
from tests.jobs.conftest import Silence

seen: list[object] = []
act: list[Callable[[], object]] = []


@registry.job("test.pulse", retries=())
def work(_payload: dict, _job: Job) -> None:
    """Does what the test wants to be done in the middle of a job, apart from its transaction."""
    seen.append(act[0]())


@pytest.fixture(autouse=True)
def forget():
    yield
    seen.clear()
    act.clear()


def put() -> int:
    queue.enqueue("test.pulse", {})
    db.session.commit()
    return db.session.scalar(sa.select(Job.id))


def apart(app: Flask, do: Callable[[], object]) -> object:
    """What another thread of the process comes to, in a session of its own."""
    found: list[object] = []

    def run() -> None:
        with app.app_context():
            found.append(do())
            db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_a_beat_keeps_a_running_job_from_other_workers(app: Flask, silence: Silence):
    put()

    def middle() -> object:
        apart(app, lambda: silence.last(2, meanwhile=pulse.beat))
        return apart(app, lambda: queue.claim(worker="other"))

    act.append(middle)
    assert queue.run_due() == 1
    assert seen == [[]]


def test_without_a_beat_a_lock_is_lost(app: Flask, silence: Silence):
    put()
    act.append(lambda: apart(app, silence.last) or apart(app, lambda: queue.claim(worker="other")))
    queue.run_due()
    (row,) = db.session.scalars(sa.select(Job))
    assert seen == [[row.id]] and row.locked_by == "other", "what was done twice is not written"


def test_a_beat_that_the_database_refused_comes_again_soon(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    waits: list[float] = []
    answers = iter([True, False, False, True])

    class Quiet:
        """Waits for nothing, and says at the end that it is over."""

        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            return len(waits) > 4

    monkeypatch.setattr(pulse.threading, "Event", Quiet)
    monkeypatch.setattr(pulse, "_beat_carefully", lambda: next(answers))
    own = pulse.Pulse()
    own.held[7, "somebody"] = stuck.Held("somebody")
    own._run(app)
    lock = app.config["SETTINGS"].job_lock_seconds
    assert waits == [lock / 3, lock / 3, pulse.AGAIN, pulse.AGAIN, lock / 3]


def test_nothing_is_prolonged_that_is_not_being_done(app: Flask):
    number = put()
    queue.claim(worker="somebody")
    assert pulse.beat() == 0
    with pulse.beating(number, "somebody else"):
        assert pulse.beat() == 0, "the job is another worker's"
    with pulse.beating(number, "somebody"):
        assert pulse.beat() == 1
    assert pulse.beat() == 0


def test_a_job_that_fails_is_let_go(app: Flask):
    put()
    act.append(lambda: 1 / 0)
    queue.run_due()
    assert pulse.of(app).held == {}
    assert db.session.scalar(sa.select(Job.state)) == "failed"


def test_the_pulse_of_a_forked_process_is_its_own(app: Flask):
    own = pulse.of(app)
    with pulse.beating(7, "parent"):
        own.process -= 1  # as if this were the child
        with pulse.beating(8, "child"):
            assert list(own.held) == [(8, "child")]


def test_a_job_that_two_threads_do_keeps_the_pulse_of_the_one_that_goes_on(app: Flask):
    """The first hung and was given up; it ends while the second is at it."""
    number = put()
    queue.claim(worker="second")
    with pulse.beating(number, "second"):
        with pulse.beating(number, "first"):
            pass
        assert pulse.beat() == 1
