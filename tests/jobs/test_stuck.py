"""A job that does not end is shown, is not begun a second time, and can be given up."""

import logging
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, errors
from app.accounts.models import Group
from app.db import db
from app.jobs import pulse, queue, registry, stuck
from app.jobs.models import Job
from tests.jobs.conftest import Silence
from tests.jobs.test_pulse import apart

act: list[Callable[[], object]] = []
told: list[str] = []


def _tell(payload: dict, _job: Job, error: BaseException) -> None:
    told.append(str(error))


@registry.job("test.stuck", retries=(60,), gave_up=_tell)
def hang(_payload: dict, _job: Job) -> None:
    """Does what the test wants to be done while the job hangs, apart from its transaction."""
    act[0]()
    db.session.add(Group(id="stuck", name="x"))


@registry.job("test.stuck_often", every=600)
def hang_often(_payload: dict, _job: Job) -> None:
    """The same, again and again."""
    act[0]()
    db.session.add(Group(id="stuck", name="x"))


@pytest.fixture(autouse=True)
def forget():
    yield
    act.clear()
    told.clear()


def put(kind: str = "test.stuck", key: str | None = None) -> int:
    queue.enqueue(kind, {}, subject="instance:7", key=key)
    db.session.commit()
    return db.session.scalar(sa.select(Job.id).where(Job.kind == kind))


def row() -> Job:
    db.session.rollback()
    return db.session.scalars(sa.select(Job).execution_options(populate_existing=True)).one()


def while_it_hangs(app: Flask, silence: Silence, do: Callable[[], object]) -> None:
    """The job hangs for longer than the limit; its worker's pulse goes on; then this."""

    def middle() -> None:
        silence.now += app.config["SETTINGS"].job_stuck_seconds
        apart(app, pulse.beat)
        apart(app, do)

    act.append(middle)
    queue.run_due()


def test_it_is_said_which_job_hangs_where_and_since_when(
    app: Flask, silence: Silence, caplog: pytest.LogCaptureFixture
):
    job_id, seen = put(), []
    begun = clock.real_now()

    def look() -> None:
        seen.append((row().state, row().last_error, row().locked_by))

    with caplog.at_level(logging.ERROR, logger=stuck.__name__):
        while_it_hangs(app, silence, look)
    ((state, text, worker),) = seen
    host, process = worker.split(":")[:2]
    assert state == "stuck"
    for part in (f"{begun:%Y-%m-%d %H:%M}", "60 minutes", host, f"process {process}", "restart"):
        assert part in text.splitlines()[-1], text
    assert "in hang" in text and "act[0]()" in text, "where its thread is"
    (line,) = [one.getMessage() for one in caplog.records]
    assert f"job {job_id} (test.stuck, instance:7)" in line and "in hang" in line


def test_the_log_says_it_although_the_database_refuses(
    app: Flask, silence: Silence, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """As when the job hangs while it has the turn to write to a SQLite file."""
    put()
    beats: list[bool] = []

    def refused() -> None:
        raise sa.exc.TimeoutError

    def middle() -> None:
        silence.now += app.config["SETTINGS"].job_stuck_seconds
        with monkeypatch.context() as patch:
            patch.setattr(pulse.claims, "lease", refused)
            beats.append(apart(app, pulse._beat_carefully))
        beats.append(apart(app, pulse._beat_carefully))
        assert apart(app, lambda: row().state) == "stuck", "shown as soon as it can be"

    act.append(middle)
    with caplog.at_level(logging.ERROR, logger=stuck.__name__):
        queue.run_due()
    assert beats == [False, True] and db.session.get(Group, "stuck") is not None
    (line,) = [one.getMessage() for one in caplog.records]
    assert "hangs here" in line


def test_a_job_within_its_limit_is_not_spoken_of(
    app: Flask, silence: Silence, caplog: pytest.LogCaptureFixture
):
    put()
    seen: list[str] = []

    def middle() -> None:
        silence.now += app.config["SETTINGS"].job_stuck_seconds - 1
        apart(app, pulse.beat)
        seen.append(apart(app, lambda: row().state))

    act.append(middle)
    with caplog.at_level(logging.ERROR, logger=stuck.__name__):
        queue.run_due()
    assert seen == ["waiting"] and not caplog.records


def test_nobody_is_told_when_the_setting_says_so(app: Flask, silence: Silence):
    import dataclasses

    put()
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], job_stuck_seconds=0)
    seen: list[str] = []

    def middle() -> None:
        silence.now += 1_000_000
        apart(app, pulse.beat)
        seen.append(apart(app, lambda: row().state))

    act.append(middle)
    queue.run_due()
    assert seen == ["waiting"]


def test_it_is_logged_once_and_its_lock_is_kept(
    app: Flask, silence: Silence, caplog: pytest.LogCaptureFixture
):
    put()
    seen: list[object] = []

    def look() -> None:
        silence.last(3, meanwhile=pulse.beat)
        seen.append(queue.claim(worker="two"))

    with caplog.at_level(logging.ERROR, logger=stuck.__name__):
        while_it_hangs(app, silence, look)
    assert seen == [[]], "the thread cannot be ended, so nobody else begins the job"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("key", [None, "once"])
def test_a_job_that_ends_late_is_done_all_the_same(app: Flask, silence: Silence, key: str | None):
    put(key=key)
    while_it_hangs(app, silence, lambda: None)
    assert db.session.get(Group, "stuck") is not None
    left = sa.select(Job.state).where(Job.kind == "test.stuck")
    assert list(db.session.scalars(left)) == ([] if key is None else ["done"])


def test_a_job_that_fails_late_comes_again(app: Flask, silence: Silence):
    put()
    act.append(lambda: 1 / 0)

    def middle() -> None:
        silence.now += app.config["SETTINGS"].job_stuck_seconds
        apart(app, pulse.beat)
        raise RuntimeError("at last")

    act[0] = middle
    queue.run_due()
    assert (row().state, row().attempts, row().locked_by) == ("waiting", 1, None)


def test_what_comes_again_is_well_again_when_it_has_ended(app: Flask, silence: Silence):
    put("test.stuck_often")
    while_it_hangs(app, silence, lambda: None)
    assert (row().state, row().locked_by, row().last_error) == ("waiting", None, None)
    assert row().run_at > clock.now()


def test_the_stuck_job_of_a_dead_worker_is_tried_again(app: Flask, silence: Silence):
    job_id = put()
    assert queue.claim(worker="one") == [job_id] and queue._begin(job_id, "one")
    with pulse.beating(job_id, "one"):
        silence.now += app.config["SETTINGS"].job_stuck_seconds
        pulse.beat()
    assert row().state == "stuck"
    assert queue.claim(worker="two") == []
    silence.last()
    assert queue.claim(worker="two") == [job_id]
    act.append(lambda: None)
    assert queue.perform(job_id, worker="two") and db.session.get(Group, "stuck") is not None


def test_one_that_is_given_up_has_failed_and_what_it_still_does_is_not_written(
    app: Flask, silence: Silence
):
    job_id, seen = put(), []

    def give_up() -> None:
        queue.give_up(job_id)
        db.session.commit()
        seen.append((row().state, row().locked_by))

    while_it_hangs(app, silence, give_up)
    assert seen == [("failed", None)] and len(told) == 1
    assert db.session.get(Group, "stuck") is None, "its lock was not its worker's any more"
    assert row().state == "failed"


def test_one_that_comes_again_is_given_up_until_its_next_time(app: Flask, silence: Silence):
    job_id = put("test.stuck_often")

    def give_up() -> None:
        queue.give_up(job_id)
        db.session.commit()

    while_it_hangs(app, silence, give_up)
    assert (row().state, row().locked_by) == ("waiting", None) and row().run_at > clock.now()
    assert db.session.get(Group, "stuck") is None


def test_only_a_stuck_job_is_given_up(app: Flask):
    job_id = put()
    for id in (job_id, job_id + 1):
        with pytest.raises(errors.Conflict):
            queue.give_up(id)
    assert row().state == "waiting" and told == []


def test_one_that_ends_while_it_is_given_up_is_done(
    app: Flask, silence: Silence, monkeypatch: pytest.MonkeyPatch
):
    """The administrator was a moment too late."""
    job_id = put()
    job = Job(id=job_id, state="stuck", locked_by="one", kind="test.stuck", retries=[], attempts=1,
              payload={}, last_error="")  # fmt: skip
    monkeypatch.setattr(queue, "_stuck", lambda _id: job)
    with pytest.raises(errors.Conflict):
        queue.give_up(job_id)
    db.session.rollback()
    assert row().state == "waiting"


def test_what_its_worker_had_claimed_besides_is_anybodys(app: Flask, silence: Silence):
    put()
    queue.enqueue("test.stuck_often", {}, run_at=clock.now())
    db.session.commit()
    seen: list[object] = []

    def look() -> None:
        rows = db.session.execute(sa.select(Job.state, Job.locked_by).order_by(Job.id)).all()
        seen.extend([(state, worker is None) for state, worker in rows])
        db.session.rollback()
        act.insert(0, lambda: None)
        seen.append(queue.run_due())

    while_it_hangs(app, silence, look)
    assert seen == [("stuck", False), ("waiting", True), 1]


def test_one_that_is_given_up_and_tried_again_is_done_once(app: Flask, silence: Silence):
    job_id, seen = put(), []

    def again() -> None:
        queue.give_up(job_id)
        queue.retry(job_id)
        db.session.commit()
        act.insert(0, lambda: None)
        seen.append(queue.run_due())
        seen.append(db.session.scalar(sa.select(Job.id)))

    while_it_hangs(app, silence, again)
    assert seen == [1, None]
    assert db.session.scalar(sa.select(sa.func.count()).where(Group.id == "stuck")) == 1


def test_threads_that_hang_are_counted_until_they_go_on(app: Flask, silence: Silence):
    job_id, seen = put(), []

    def look() -> None:
        seen.append(pulse.of(app).hanging())
        queue.give_up(job_id)
        db.session.commit()
        seen.append(pulse.of(app).hanging())

    while_it_hangs(app, silence, look)
    assert (seen, pulse.of(app).hanging()) == ([1, 1], 0)
