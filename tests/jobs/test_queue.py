"""Jobs are done once, tried again, taken over, and wait in the table meanwhile."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, workspace
from app.accounts.models import Group
from app.db import db
from app.jobs import chores, claims, queue, registry, sightings
from app.jobs.models import Job
from tests.jobs.conftest import Silence

done: list[str] = []
gave_up: list[str] = []


def _note(payload: dict, _job: Job, error: BaseException) -> None:
    gave_up.append(f"{payload['name']}: {error}")


@registry.job("test.work", retries=(60, 120), gave_up=_note)
def work(payload: dict, _job: Job) -> None:
    """Writes a row, then fails if it is told to."""
    db.session.add(Group(id=f"job-{payload['name']}", name="x"))
    db.session.flush()
    if payload.get("fails"):
        raise RuntimeError("no")
    if payload.get("permanent"):
        raise registry.Permanent("never")
    done.append(f"{payload['name']}@{workspace.current()}")


@registry.job("test.often", every=600)
def often(_payload: dict, _job: Job) -> None:
    """Comes again."""
    done.append("often")


@pytest.fixture(autouse=True)
def nothing_done():
    done.clear()
    gave_up.clear()


def put(name: str, **more: object) -> None:
    queue.enqueue("test.work", {"name": name, **more})
    db.session.commit()


def rows() -> list[Job]:
    return list(db.session.scalars(sa.select(Job).order_by(Job.id)))


def later(**ahead: float) -> int:
    clock.stop_at(clock.now() + dt.timedelta(**ahead))
    return queue.run_due()


def test_a_due_job_is_done_and_gone(app: Flask):
    put("a")
    assert queue.run_due() == 1
    assert done == ["a@1"] and rows() == []
    assert db.session.get(Group, "job-a") is not None


def test_a_job_of_the_future_waits(app: Flask):
    queue.enqueue("test.work", {"name": "a"}, run_at=clock.now() + dt.timedelta(hours=1))
    db.session.commit()
    assert queue.run_due() == 0
    assert later(hours=1) == 1


def test_a_job_of_a_rolled_back_transaction_never_was(app: Flask):
    queue.enqueue("test.work", {"name": "a"})
    db.session.rollback()
    assert queue.run_due() == 0


def test_a_failed_job_leaves_nothing_and_comes_again_later(app: Flask):
    put("a", fails=True)
    queue.run_due()
    assert db.session.get(Group, "job-a") is None
    (job,) = rows()
    assert (job.attempts, job.state, job.locked_by) == (1, "waiting", None)
    assert "RuntimeError: no" in (job.last_error or "")
    assert job.run_at == clock.now() + dt.timedelta(minutes=1)


def test_after_its_last_attempt_a_job_has_failed_and_somebody_is_told(app: Flask):
    put("a", fails=True)
    queue.run_due()
    later(minutes=1)
    assert gave_up == []
    later(minutes=2)
    assert gave_up == ["a: no"] and rows()[0].state == "failed"
    assert later(days=1) == 0


def test_what_cannot_heal_is_not_tried_again(app: Flask):
    put("a", permanent=True)
    queue.run_due()
    assert gave_up == ["a: never"] and rows()[0].attempts == 1


def test_a_failed_job_can_be_asked_for_again(app: Flask):
    put("a", permanent=True)
    queue.run_due()
    queue.retry(rows()[0].id)
    db.session.commit()
    assert queue.run_due() == 1 and len(gave_up) == 2


def test_the_same_key_is_done_once(app: Flask):
    assert queue.enqueue("test.work", {"name": "a"}, key="k")
    assert not queue.enqueue("test.work", {"name": "b"}, key="k")
    db.session.commit()
    queue.run_due()
    assert not queue.enqueue("test.work", {"name": "c"}, key="k")
    assert done == ["a@1"] and rows()[0].state == "done"


def test_the_same_key_is_in_the_table_once_when_two_bring_it_at_once(app: Flask):
    """On SQLite they follow one another, on PostgreSQL the second waits what comes of the first."""
    brought: dict[str, bool] = {}
    together = threading.Barrier(8)

    def bring(name: str) -> None:
        with app.app_context():
            together.wait(60)
            brought[name] = queue.enqueue("test.work", {"name": name}, key="k")
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=bring, args=[name]) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (name,) = [name for name, is_new in brought.items() if is_new]
    assert len(brought) == 8 and [row.payload["name"] for row in rows()] == [name]


def test_the_first_who_brings_a_key_and_changes_their_mind_is_no_obstacle(app: Flask):
    queue.enqueue("test.work", {"name": "a"}, key="k")
    db.session.rollback()
    assert queue.enqueue("test.work", {"name": "b"}, key="k")


def test_a_claimed_job_is_nobody_elses_while_its_lock_lasts(app: Flask, silence: Silence):
    put("a")
    (first,) = queue.claim(worker="one")
    assert queue.claim(worker="two") == []
    silence.last(0.99)
    assert queue.claim(worker="two") == []
    silence.last(0.01)
    assert queue.claim(worker="two") == [first]
    assert queue.perform(first, worker="one") is False
    assert queue.perform(first, worker="two") is True
    assert done == ["a@1"]


def test_a_job_that_waited_for_a_worker_beyond_its_lock_is_begun_once(app: Flask, silence: Silence):
    put("a")
    (first,) = queue.claim(worker="sent:one")
    assert claims.on_their_way() == 1
    silence.last()
    assert claims.on_their_way() == 0 and queue.claim(worker="sent:two") == [first]
    assert [queue.perform(first, worker=name) for name in ("x", "y")] == [True, False]
    assert done == ["a@1"]


def test_a_worker_that_lost_its_lock_while_working_writes_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    put("a")
    (first,) = queue.claim(worker="one")
    usual = registry.kinds["test.work"].work

    def slow(payload: dict, job: Job) -> None:
        usual(payload, job)
        db.session.execute(sa.update(Job).where(Job.id == first).values(locked_by="two"))

    kind = registry.kinds["test.work"]
    changed = registry.Kind(kind.name, slow, kind.retries, kind.gave_up, None)
    monkeypatch.setitem(registry.kinds, "test.work", changed)
    assert queue.perform(first, worker="one") is False
    assert db.session.get(Group, "job-a") is None


def test_a_job_runs_in_its_own_workspace(app: Flask):
    db.session.add(
        workspace.Workspace(id=2, name="x", clock_offset_seconds=0, created_at=clock.real_now())
    )
    with workspace.use(2):
        queue.enqueue("test.work", {"name": "a"}, run_at=clock.now() - dt.timedelta(days=1))
    db.session.commit()
    assert queue.run_due() == 1
    assert done == ["a@2"] and workspace.current() == 1


def test_what_comes_again_has_one_row_however_many_servers_start(app: Flask):
    queue.ensure_periodic()
    queue.ensure_periodic()
    assert [job.kind for job in rows()].count("test.often") == 1
    queue.run_due()
    assert done.count("often") == 1
    later(minutes=10)
    assert done.count("often") == 2


def test_held_jobs_wait_for_their_release(app: Flask):
    queue.enqueue("test.work", {"name": "a"}, subject="instance:1")
    queue.hold("instance:1")
    db.session.commit()
    assert queue.run_due() == 0
    queue.release("instance:1")
    db.session.commit()
    assert queue.run_due() == 1


def test_the_lag_is_the_age_of_the_oldest_due_job(app: Flask):
    assert queue.lag_seconds() == 0
    put("a")
    clock.stop_at(clock.now() + dt.timedelta(seconds=90))
    assert queue.lag_seconds() == 90


def test_a_kind_has_one_function(app: Flask):
    with pytest.raises(ValueError, match=r"test\.work"):

        @registry.job("test.work")
        def other(_payload: dict, _job: Job) -> None:
            """Another one."""


@pytest.mark.parametrize("lost", [0, 3], ids=["nobody died", "some died"])
def test_due_jobs_are_found_by_an_index(app: Flask, lost: int):
    marks = [sightings.Mark(n, "one", clock.real_now()) for n in range(lost)]
    query = claims.due(1, clock.now(), marks).limit(20)
    text = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        db.session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
        plan = db.session.scalars(sa.text(f"EXPLAIN {text}")).all()
    else:
        plan = [row[3] for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    assert any("ix_job_workspace_id_state_run_at" in line for line in plan), plan
    if not lost:
        assert not any("TEMP B-TREE" in line for line in plan), plan


def test_a_job_of_an_unknown_kind_is_parked_until_a_program_knows_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    put("a")
    put("b", fails=True)
    known = registry.kinds.pop("test.work")
    try:
        assert queue.run_due() == 0
        assert [(job.state, job.attempts) for job in rows()] == [("parked", 0)] * 2
        assert "test.work" in (rows()[0].last_error or "")
        chores.unpark({}, rows()[0])
        db.session.commit()
        assert {job.state for job in rows()} == {"parked"}
    finally:
        registry.kinds["test.work"] = known
    chores.unpark({}, rows()[0])
    db.session.commit()
    assert queue.run_due() == 2 and done == ["a@1"]


def test_a_job_over_which_every_worker_dies_is_given_up(
    app: Flask, monkeypatch: pytest.MonkeyPatch, silence: Silence
):
    put("a")
    tried = 0
    usual = registry.kinds["test.work"]

    def dies(_payload: dict, _job: Job) -> None:
        raise SystemExit  # nothing after it is done, as when the process is gone

    dying = registry.Kind(usual.name, dies, usual.retries, usual.gave_up, None)
    monkeypatch.setitem(registry.kinds, "test.work", dying)
    for _n in range(20):
        silence.last()
        for id in queue.claim():
            tried += 1
            try:
                queue.perform(id)
            except SystemExit:
                db.session.rollback()
    assert tried == len(usual.retries) + 1 + queue.DEATHS + 1
    assert rows()[0].state == "failed" and "none of them finished it" in gave_up[0]


def test_what_a_stopping_worker_has_claimed_is_anybody_elses(app: Flask):
    for name in ("a", "b", "c"):
        put(name)
    assert queue.run_due(stopping=lambda: bool(done)) == 1
    assert done == ["a@1"]
    assert [(job.locked_by, job.attempts) for job in rows()] == [(None, 0)] * 2
    assert queue.run_due() == 2


def test_work_begins_outside_of_any_transaction(app: Flask, monkeypatch: pytest.MonkeyPatch):
    usual = registry.kinds["test.work"]
    seen: list[bool] = []
    asks = registry.Kind(
        usual.name, lambda *_: seen.append(db.session().in_transaction()), (), None, None
    )
    monkeypatch.setitem(registry.kinds, "test.work", asks)
    put("a")
    assert queue.run_due() == 1 and seen == [False]


def test_a_job_has_failed_even_if_telling_so_fails(app: Flask, monkeypatch: pytest.MonkeyPatch):
    usual = registry.kinds["test.work"]

    def nobody(_payload: dict, _job: Job, _error: BaseException) -> None:
        db.session.add(Group(id="half-told", name="x"))
        db.session.flush()
        raise LookupError("the case is gone")

    deaf = registry.Kind(usual.name, usual.work, (), nobody, None)
    monkeypatch.setitem(registry.kinds, "test.work", deaf)
    queue.enqueue("test.work", {"name": "a", "fails": True}, retries=())
    db.session.commit()
    queue.run_due()
    assert rows()[0].state == "failed" and "RuntimeError: no" in (rows()[0].last_error or "")
    assert db.session.get(Group, "half-told") is None


def test_old_jobs_go_in_small_batches(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "BATCH", 3)
    for n in range(5):
        queue.enqueue("test.work", {"name": str(n)}, key=f"k{n}")
    db.session.commit()
    queue.run_due()
    wall = clock.real_now()
    monkeypatch.setattr(clock, "real_now", lambda: wall + chores.KEEP_DONE * 0.9)
    chores.purge({}, rows()[0])
    assert len(rows()) == 5
    monkeypatch.setattr(clock, "real_now", lambda: wall + chores.KEEP_DONE * 1.1)
    assert chores.purge({}, rows()[0]) == registry.SOON, "there is more"
    assert [job.key for job in rows()] == ["k3", "k4"]
    assert chores.purge({}, rows()[0]) is None
    assert rows() == [] and queue.enqueue("test.work", {"name": "0"}, key="k0")


def _failed(payload: dict, job: Job, error: BaseException) -> None:
    db.session.add(Group(id=f"failed-{job.attempts}", name=str(error)))


@registry.job("test.told", retries=(60, 120), failed=_failed, gave_up=_note)
def told(payload: dict, _job: Job) -> None:
    """Writes a row, then fails."""
    db.session.add(Group(id="job-told", name="x"))
    db.session.flush()
    raise RuntimeError("no")


def test_each_attempt_that_failed_is_told_in_the_transaction_that_counts_it(app: Flask):
    queue.enqueue("test.told", {"name": "a"})
    db.session.commit()
    for _attempt in range(4):
        later(minutes=5)
    found = db.session.scalars(sa.select(Group.id).where(Group.id.startswith("failed-")))
    assert sorted(found) == ["failed-1", "failed-2", "failed-3"]
    assert gave_up == ["a: no"] and db.session.get(Group, "job-told") is None
