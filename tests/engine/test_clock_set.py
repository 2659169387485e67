"""Somebody sets the clock: what counts a duration fires after that duration, a date by the clock."""

import datetime as dt
import itertools
from types import ModuleType

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import db
from app.engine import deploy, run, timers
from app.engine.models import Event, Timer
from app.jobs import elapsed, queue
from tests.conftest import TODAY
from tests.engine.draw import after, boundary, catch, end, flows, process, start, timer, user

HOUR = dt.timedelta(hours=1)


class Wall:
    """A clock on the wall that can be set, beside time that goes on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.passed, self.ahead = patch, dt.timedelta(), dt.timedelta()
        self.show()

    def show(self) -> None:
        clock.stop_at(TODAY + self.passed + self.ahead)
        moment = (TODAY + self.ahead).timestamp()
        self.patch.setattr(clock.time, "time", lambda: moment)
        self.patch.setattr(clock.time, "clock_gettime", lambda _id: 0.0)

    def set(self, **ahead: float) -> None:
        self.ahead = dt.timedelta(**ahead)
        self.show()

    def wait(self, **passed: float) -> None:
        self.passed += dt.timedelta(**passed)
        self.show()


@pytest.fixture
def wall(app: Flask, monkeypatch: pytest.MonkeyPatch):
    elapsed._seen.last.clear()
    return Wall(monkeypatch)


def begin(*event: str, body: str = "") -> int:
    parts = (start(), catch("wait", *event), user("a"), end(), flows("s wait", "wait a", "a e"))
    deploy.deploy([process(*parts, body)], by=None, lenient=True)
    made = run.start("p", by="zhangwei")
    db.session.commit()
    return made.id


def fired() -> bool:
    """Has the one timer fired, now that due jobs are done?"""
    queue.run_due()
    return not db.session.scalar(sa.select(sa.func.count()).select_from(Timer))


@pytest.mark.parametrize("hours", [1, -1])
def test_a_duration_is_as_long_as_it_says(wall, hours):
    begin(after("PT10M"))
    wall.set(hours=hours)
    wall.wait(minutes=9)
    assert not fired()
    wall.wait(minutes=2)
    assert fired()


@pytest.mark.parametrize("jumps", [(1, 0), (-1, 0), (1, -1, 1, 0)])
def test_a_clock_set_several_times_comes_to_the_same(wall, jumps):
    begin(after("PT10M"))
    for hours in jumps:
        wall.wait(minutes=2)
        wall.set(hours=hours)
        assert not fired()
    wall.wait(minutes=9)
    assert fired()


def beside(patch: pytest.MonkeyPatch, module: ModuleType, name: str, act, *, call=1, before=False):
    """`act` happens once: after that call of the function, or before it."""
    function, calls = getattr(module, name), itertools.count(1)

    def called(*given, **named):
        here = next(calls) == call
        if here and before:
            act()
        found = function(*given, **named)
        if here and not before:
            act()
        return found

    patch.setattr(module, name, called)


@pytest.fixture
def many(wall, monkeypatch: pytest.MonkeyPatch):
    """Five cases wait for ten minutes; no more than two timers are looked at in one go."""
    monkeypatch.setattr(timers, "BATCH", 2)
    begin(after("PT10M"))
    for _more in range(4):
        run.start("p", by="zhangwei")
    db.session.commit()
    queue.run_due()
    return wall


def left() -> int:
    """How many timers have not fired, after all due jobs are done."""
    queue.run_due()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Timer))


def test_nothing_is_early_when_the_clock_is_set_after_it_was_looked_for(many, monkeypatch):
    beside(monkeypatch, elapsed, "follow", lambda: many.set(hours=1), call=2)  # of timers
    assert left() == 5
    many.wait(minutes=11)
    assert left() == 0


def test_nothing_is_early_when_the_clock_is_set_back_while_it_is_asked_for(many, monkeypatch):
    beside(monkeypatch, elapsed, "follow", lambda: many.set(hours=1), call=2)  # of timers
    beside(monkeypatch, timers, "due", lambda: many.set(hours=0))
    assert left() == 5
    many.wait(minutes=11)
    assert left() == 0


def test_what_was_due_is_not_late_when_the_clock_is_set_back_meanwhile(many, monkeypatch):
    many.wait(minutes=11)
    beside(monkeypatch, queue, "enqueue", lambda: many.set(hours=-1), before=True)
    queue.run_due()
    assert left() == 0  # at the next look


def test_a_due_time_moves_by_the_clock_that_its_new_reading_names(many, monkeypatch):
    many.set(hours=1)
    beside(monkeypatch, clock, "set_since", lambda: many.set(hours=0))
    ids = db.session.scalars(sa.select(Timer.id)).all()
    elapsed.move(Timer.__table__.c.due_at, ids)
    db.session.commit()
    elapsed._seen.last.clear()  # a minute later, see `elapsed.EVERY`
    assert left() == 5
    many.wait(minutes=11)
    assert left() == 0


def test_a_date_is_when_the_clock_shows_it(wall):
    begin(timer("timeDate", (TODAY + HOUR).isoformat()))
    wall.set(minutes=59)
    assert not fired()
    wall.set(hours=1)
    assert fired()


def test_a_cycle_goes_on_from_where_it_was(wall):
    parts = (
        start(), user("a"), end(), user("b"), flows("s a", "a e", "tick b"),
        boundary("tick", "a", timer("timeCycle", "R3/PT10M"), interrupting=False),
    )  # fmt: skip
    deploy.deploy([process(*parts)], by=None, lenient=True)
    run.start("p", by="zhangwei")
    db.session.commit()
    wall.set(hours=1)
    times = []
    for minute in range(1, 40):
        wall.wait(minutes=1)
        queue.run_due()
        opened = sa.select(sa.func.count()).where(Event.element_id == "b", Event.kind == "opened")
        times.append(db.session.scalar(opened))
        if minute == 15:
            wall.set(hours=-1)
    assert [times.index(number) + 1 for number in (1, 2, 3)] == [10, 20, 30]


def test_a_job_that_is_tried_again_later_does_not_wait_another_hour(wall):
    queue.enqueue("engine.tidy", {}, run_at=clock.now() + dt.timedelta(minutes=5))
    db.session.commit()
    wall.set(hours=-1)
    wall.wait(minutes=6)
    assert queue.run_due() == 1
