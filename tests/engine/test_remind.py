"""Whoever has an overdue task is told once a day."""

import datetime as dt

import pytest
from flask import Flask

from app import clock, signals
from app.db import db
from app.engine import run
from app.jobs import queue
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user

FLOW = process(start(), user("a", camunda_candidateUsers="lina"), end(), flows("s a", "a e"))


@pytest.fixture
def told(app: Flask):
    heard: list[int] = []

    def listen(_case: int, task_id: int) -> None:
        heard.append(task_id)

    signals.task_due.connect(listen)
    queue.ensure_periodic()
    desk.publish(FLOW)
    yield heard
    signals.task_due.disconnect(listen)


def test_a_task_is_reminded_of_when_it_is_due_and_every_day_after(told: list[int]):
    desk.begin()
    desk.work(hours=23)
    assert told == []
    desk.work(hours=1, minutes=1)
    assert len(told) == 1
    desk.work(hours=23)
    assert len(told) == 1
    desk.work(hours=1)
    assert len(told) == 2


def test_a_done_task_is_not_reminded_of(told: list[int]):
    desk.begin()
    desk.complete("a")
    desk.work(days=2)
    assert told == []


def test_a_task_with_a_new_due_time_is_reminded_of_then(told: list[int]):
    desk.begin()
    desk.work(days=1, minutes=1)
    later = clock.now() + dt.timedelta(hours=5)
    run.set_due(desk.task("a").id, later, "lina")
    db.session.commit()
    desk.work(hours=4)
    assert len(told) == 1
    desk.work(hours=1, minutes=1)
    assert len(told) == 2


def test_tasks_of_a_suspended_case_rest(told: list[int]):
    case = desk.begin()
    run.suspend(case.id, "holiday", "zhouning")
    db.session.commit()
    desk.work(days=3)
    assert told == []
