"""Timers fire once, at their time, in their workspace."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, workspace
from app.db import db
from app.engine import run, timers
from app.engine.models import Instance, Timer
from app.jobs import queue, registry
from app.jobs.models import Job
from tests import database as databases
from tests.database import Database
from tests.engine import desk
from tests.engine.draw import after, boundary, catch, end, flows, process, start, timer, user
from tests.engine.other import Other

WAIT = process(
    start(),
    catch("wait", after("PT1H")),
    user("then"),
    end(),
    flows("s wait", "wait then", "then e"),
)


HOURLY = process(start("s", timer("timeCycle", "R/PT1H")), user("a"), flows("s a"))


def test_a_timer_fires_when_it_is_due_and_not_before(app: Flask):
    desk.publish(WAIT)
    desk.begin()
    assert desk.work(minutes=59) == 0 and desk.names() == []
    assert desk.work(minutes=1) == 1 and desk.names() == ["then"]
    assert desk.count(Timer) == 0 and desk.count(Job) == 0


def test_a_due_timer_fires_after_a_restart(app: Flask, database: Database):
    desk.publish(WAIT)
    desk.begin()
    db.session.remove()
    clock.stop_at(clock.now() + dt.timedelta(hours=2))
    with databases.opened(database):
        assert queue.run_due() == 1
        assert desk.names() == ["then"]


def test_a_boundary_timer_takes_the_task_away(app: Flask):
    desk.publish(
        process(
            start(), user("a"), boundary("late", "a", after("P1D")), user("chief"),
            flows("s a", "late chief"),
        )
    )  # fmt: skip
    desk.begin()
    task = desk.task("a")
    desk.work(days=1)
    db.session.refresh(task)
    assert task.state == "cancelled" and desk.names() == ["chief"]


def test_a_person_who_is_faster_takes_the_timer_away(app: Flask):
    desk.publish(
        process(
            start(), user("a"), boundary("late", "a", after("P1D")), user("chief"), user("b"),
            flows("s a", "late chief", "a b"),
        )
    )  # fmt: skip
    desk.begin()
    clock.stop_at(clock.now() + dt.timedelta(days=1))
    timers.feed()
    db.session.commit()
    (claimed,) = queue.claim()
    desk.complete("a")
    assert queue.perform(claimed)
    assert desk.names() == ["b"]


def test_a_cycle_comes_again(app: Flask):
    desk.publish(
        process(
            start(), user("a"),
            boundary("remind", "a", timer("timeCycle", "R3/PT1H"), interrupting=False),
            user("note"), flows("s a", "remind note"),
        )
    )  # fmt: skip
    desk.begin()
    for expected in (1, 2, 3, 3):
        desk.work(hours=1)
        assert desk.names().count("note") == expected
    assert desk.names().count("a") == 1


def test_a_time_of_day_is_the_companys_the_first_time_and_every_time(app: Flask):
    daily = timer("timeCycle", "0 0 10 * * ?")  # now it is nine o'clock in Shanghai
    desk.publish(
        process(
            start(), user("a"), boundary("remind", "a", daily, interrupting=False),
            user("note"), flows("s a", "remind note"),
        )
    )  # fmt: skip
    desk.begin()
    for days in (0, 1, 2):
        (due,) = db.session.scalars(sa.select(Timer.due_at)).all()
        assert due == dt.datetime(2026, 3, 10 + days, 2, 0, tzinfo=dt.UTC)
        desk.work(hours=24)
        assert desk.names().count("note") == days + 1


def test_a_timer_start_begins_cases_until_a_newer_version_replaces_it(app: Flask):
    every = process(start("s", timer("timeCycle", "R/PT1H")), user("a"), flows("s a"))
    desk.publish(every)
    desk.work(hours=1)
    desk.work(hours=1)
    assert desk.count(Instance) == 2
    desk.publish(process(start(), user("a"), flows("s a")))
    assert desk.work(hours=3) == 0 and desk.count(Instance) == 2


def test_a_failing_timer_is_tried_again_and_becomes_an_incident(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    desk.publish(WAIT)
    desk.begin()

    def fails(*_args: object, **_how: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(timers.step, "advance", fails)
    for minutes in (61, 2, 6, 31):
        assert desk.incidents() == []
        desk.work(minutes=minutes)
    monkeypatch.undo()
    (found,) = desk.incidents()
    assert (found.element_id, found.message, found.attempts) == ("wait", "broken", 4)
    from app.engine import repair

    repair.retry(found.id, reason="repaired", by="zhouning")
    db.session.commit()
    desk.work()
    assert desk.names() == ["then"]


def test_a_cron_start_begins_one_case_however_many_look_at_that_moment(app: Flask):
    """Eight servers look in the same moment, twice: at two o'clock of two nights."""
    begin = start("s", timer("timeCycle", "0 0 2 * * ?"))
    desk.publish(process(begin, user("a"), flows("s a")))
    db.session.remove()
    for night in (1, 2):
        clock.stop_at(clock.now() + dt.timedelta(days=1))
        together = threading.Barrier(8)

        def look(together: threading.Barrier = together) -> None:
            together.wait(60)
            queue.run_due()

        servers = [Other(app, look) for _n in range(8)]
        assert [one.ended().problem for one in servers] == [None] * 8
        assert len(desk.tasks()) == night and desk.count(Timer) == 1 and desk.count(Job) == 0
        db.session.remove()


def test_every_workspace_has_its_own_clock(app: Flask):
    desk.publish(WAIT)
    desk.begin()
    db.session.add(
        workspace.Workspace(id=2, name="Übung", clock_offset_seconds=0, created_at=clock.real_now())
    )
    db.session.commit()
    clock.stop_at(clock.now(), 2)
    with workspace.use(2):
        desk.begin()
        clock.stop_at(clock.now() + dt.timedelta(hours=2), 2)
    assert queue.run_due() == 1
    assert desk.names() == []
    with workspace.use(2):
        assert desk.names() == ["then"]


def test_a_start_timer_begins_cases_in_every_workspace(app: Flask):
    made = {"name": "Übung", "clock_offset_seconds": 0, "created_at": clock.real_now()}
    for other in (2, 3):
        clock.stop_at(clock.now(), other)
    db.session.add(workspace.Workspace(id=2, **made))
    db.session.commit()
    desk.publish(HOURLY)
    db.session.add(workspace.Workspace(id=3, **made))
    with workspace.use(3):
        timers.arm_here()
    db.session.commit()
    for other in (2, 3):
        clock.stop_at(clock.now() + dt.timedelta(hours=2.5), other)
    assert desk.work(hours=1) == 5
    for other, count in ((1, 1), (2, 2), (3, 2)):
        with workspace.use(other):
            assert len(desk.tasks()) == count


def test_a_start_that_fails_for_good_does_not_end_the_cycle(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    desk.publish(HOURLY)

    def fails(*_args: object, **_how: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(timers.starting, "begin", fails)
    for minutes in (61, 2, 6, 31):
        desk.work(minutes=minutes)
    monkeypatch.undo()
    (failed,) = db.session.scalars(sa.select(Job).where(Job.state == "failed"))
    assert desk.work(minutes=25) == 1 and len(desk.tasks()) == 1
    queue.retry(failed.id)
    db.session.commit()
    assert desk.work() == 1 and len(desk.tasks()) == 2
    assert desk.work(minutes=55) == 1 and len(desk.tasks()) == 3, "its times have not moved"


def test_due_timers_are_found_by_an_index(app: Flask):
    query = timers.due(1, clock.now())
    text = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        db.session.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
        plan = db.session.scalars(sa.text(f"EXPLAIN {text}")).all()
    else:
        plan = [row[3] for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    assert any("ix_timer_workspace_id" in line for line in plan), plan


def test_a_hundred_timers_due_at_once_all_fire(app: Flask):
    desk.publish(WAIT)
    for _n in range(100):
        run.start("p", by="zhangwei")
    db.session.commit()
    assert desk.work(hours=1) == 100
    assert len(desk.tasks()) == 100
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Timer)) == 0


TWO_CLOCKS = process(
    start(), user("a"), user("b"), user("late_a"), user("late_b"), end(),
    boundary("clock_a", "a", after("PT1H")), boundary("clock_b", "b", after("PT1H")),
    flows("s a", "a b", "b e", "clock_a late_a", "clock_b late_b"), id="two_clocks",
)  # fmt: skip


def test_the_job_of_a_timer_that_is_gone_does_not_fire_the_next_one(app: Flask):
    """SQLite may give the next timer the same number."""
    desk.publish(TWO_CLOCKS)
    desk.begin("two_clocks")
    clock.stop_at(clock.now() + dt.timedelta(hours=2))
    queue.feed()  # the timer is a job, which waits for its turn
    desk.complete("a")
    queue.run_due()
    assert desk.names() == ["b"] and desk.count(Job) == 0
    desk.work(hours=2)
    assert desk.names() == ["late_b"]


def test_a_job_that_gives_up_on_a_timer_that_is_gone_blames_no_other(app: Flask):
    desk.publish(TWO_CLOCKS)
    desk.begin("two_clocks")
    clock.stop_at(clock.now() + dt.timedelta(hours=2))
    queue.feed()
    job = db.session.query(Job).one()
    desk.complete("a")
    registry.kinds["engine.timer"].gave_up(job.payload, job, RuntimeError("x"))
    db.session.commit()
    assert desk.incidents() == []
