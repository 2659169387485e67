"""Who looks for work tells a dead worker from a living one, whatever the clocks show."""

import datetime as dt
import os
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import db
from app.jobs import claims, pulse, queue, registry, sightings, workers
from app.jobs.models import Job
from tests.jobs.conftest import Silence

ELSEWHERE = "other-machine:7:1@5f3a.4026531836"
HOURS = [-25, -1, 1, 25]


@registry.job("test.sighted", retries=())
def nothing(_payload: dict, _job: Job) -> None:
    """Nothing to do."""


def begun(worker: str = ELSEWHERE) -> int:
    """A job that a worker has begun."""
    queue.enqueue("test.sighted", {})
    db.session.commit()
    (job_id,) = queue.claim(worker=worker)
    assert queue._begin(job_id, worker) is not None
    return job_id


def set_clock(patch: pytest.MonkeyPatch, hours: int) -> None:
    wall = clock.real_now() + dt.timedelta(hours=hours)
    patch.setattr(clock, "real_now", lambda: wall + dt.timedelta(seconds=clock.passed()))


@pytest.mark.parametrize("hours", HOURS)
def test_a_clock_that_is_set_makes_no_living_worker_look_dead(
    app: Flask, monkeypatch: pytest.MonkeyPatch, silence: Silence, hours: int
):
    with pulse.beating(begun(), ELSEWHERE):
        assert queue.claim(worker="two") == []
        set_clock(monkeypatch, hours)
        assert queue.claim(worker="two") == []
        silence.last(3, meanwhile=pulse.beat)
        assert queue.claim(worker="two") == []


@pytest.mark.parametrize("hours", HOURS)
def test_a_dead_workers_job_is_taken_over_also_when_the_clock_was_set(
    app: Flask, monkeypatch: pytest.MonkeyPatch, silence: Silence, hours: int
):
    job_id = begun()
    set_clock(monkeypatch, hours)
    silence.last()
    assert queue.claim(worker="two") == [job_id]
    assert queue.perform(job_id, worker=ELSEWHERE) is False, "it is not the first one's any more"
    assert queue.perform(job_id, worker="two") is True


def test_the_wall_clock_of_another_machine_counts_for_nothing(app: Flask, silence: Silence):
    """Its lock says that it ran out long ago: its clock is behind."""
    job_id = begun()
    past = clock.real_now() - dt.timedelta(days=1)
    db.session.execute(sa.update(Job).values(locked_until=past))
    db.session.commit()
    silence.last(0.9)
    assert queue.claim(worker="two") == []
    silence.last(0.1)
    assert queue.claim(worker="two") == [job_id]


def test_a_sign_of_life_begins_the_count_anew(app: Flask, silence: Silence):
    job_id = begun()
    with pulse.beating(job_id, ELSEWHERE):
        silence.last(0.9)
        assert pulse.beat() == 1
    silence.last(0.9)
    assert queue.claim(worker="two") == []
    silence.last(0.1)
    assert queue.claim(worker="two") == [job_id]


def test_time_in_which_nobody_could_look_is_not_held_against_a_worker(app: Flask, silence: Silence):
    """The database was away for an hour: the worker could not give a sign either."""
    job_id = begun()
    lock = queue.lease().total_seconds()
    silence.last(0.2)
    silence.now += 3600
    assert silence.look() == [] and queue.claim(worker="two") == []
    with pulse.beating(job_id, ELSEWHERE):
        assert pulse.beat() == 1, "the pulse comes again before the look after next"
    silence.now += lock / 2
    assert silence.look() == [] and queue.claim(worker="two") == []


def test_seldom_looks_find_a_dead_worker_too(app: Flask, silence: Silence):
    """As one process of hundreds that take turns."""
    job_id = begun()
    silence.last(0.1)
    for _n in range(2):
        assert queue.claim(worker="two") == []
        silence.now += 3600
        silence.look()
    assert queue.claim(worker="two") == [job_id]


def test_a_dead_worker_is_no_help_to_a_job_whose_time_has_not_come(app: Flask, silence: Silence):
    job_id = begun()
    later = clock.now() + dt.timedelta(hours=1)
    db.session.execute(sa.update(Job).values(run_at=later))
    db.session.commit()
    silence.last()
    assert queue.claim(worker="two") == []
    clock.stop_at(later)
    assert queue.claim(worker="two") == [job_id]


def gone() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def named(process: int) -> str:
    return workers.name().replace(f":{os.getpid()}:", f":{process}:")


def test_the_job_of_a_process_that_is_gone_from_this_machine_is_free_at_once(
    app: Flask, silence: Silence
):
    job_id = begun(named(gone()))
    silence.now += queue.lease().total_seconds() / sightings.LOOKS
    assert queue.claim(worker="two") == [job_id]


def test_only_a_process_of_this_place_can_be_known_to_be_gone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    process = gone()
    assert workers.is_dead(named(process))
    assert not workers.is_dead(workers.name()), "this one lives"
    assert not workers.is_dead(workers.SENT + named(process)), "others do what it sent"
    assert not workers.is_dead(named(process) + "0"), "other boots and containers count anew"
    assert not workers.is_dead("x" + named(process)), "another machine"
    assert not workers.is_dead(f"host:{process}:1"), "a name of the version before"
    assert not any(map(workers.is_dead, ("", "one", ELSEWHERE)))
    monkeypatch.setattr(workers, "_place", lambda: "")
    assert not workers.is_dead(named(process)), "a machine that does not say which boot it is"


def test_a_workers_name_fits_its_column(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers.socket, "gethostname", lambda: "x" * 64)
    monkeypatch.setattr(workers.os, "getpid", lambda: 4194304)
    assert len(workers.name()) <= Job.__table__.c.locked_by.type.length
    assert not workers.is_dead(f"{'x' * 30}:4194303:1@")


def test_looks_between_two_sightings_ask_nothing_more(app: Flask, silence: Silence):
    """The hot path is as cheap as without: the marks are read ten times in a lock's length."""
    begun()
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *how: asked.append(how[2]))
    silence.now += queue.lease().total_seconds()
    counts = []
    for _n in range(3):
        asked.clear()
        queue.claim(worker="two")
        counts.append(sum("locked_by" in one and one.startswith("SELECT job") for one in asked))
    first, second, third = counts
    assert second == third == first - 1


def test_many_dead_workers_jobs_are_taken_over_some_at_a_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch, silence: Silence
):
    monkeypatch.setattr(sightings, "MOST", 3)
    for _n in range(8):
        queue.enqueue("test.sighted", {})
    db.session.commit()
    assert len(queue.claim(worker=f"{workers.SENT}one")) == 8
    silence.last()
    taken = [queue.claim(worker=f"{workers.SENT}two") for _n in range(4)]
    assert [len(some) for some in taken] == [3, 3, 2, 0]
    assert len({id for some in taken for id in some}) == 8 and claims.on_their_way() == 8


def test_two_who_see_a_dead_worker_at_once_do_not_both_have_its_job(app: Flask, silence: Silence):
    job_id = begun()
    silence.last()
    both, found = threading.Barrier(2), []

    def take(name: str) -> None:
        with app.app_context():
            both.wait(60)
            found.append(queue.claim(worker=name))
            db.session.remove()

    threads = [threading.Thread(target=take, args=[name]) for name in ("two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [[], [job_id]]
