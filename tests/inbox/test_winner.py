"""Two want the same at the same moment: one has it, the other reads so, nothing is lost."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import clock
from app.accounts.models import Group, User
from app.db import db
from app.engine import run
from app.engine.models import Event, Instance, UserTask
from app.jobs import queue
from app.jobs.models import Job
from tests.engine import desk
from tests.engine.draw import after, boundary, end, flows, node, process, start, user
from tests.inbox import quotes

ROUNDS = 6
TIMED = process(
    start(), user("ask"), boundary("clock", "ask", after("PT1H")),
    user("answered"), user("silent"), end(),
    flows("s ask", "ask answered", "clock silent", "answered e", "silent e"), id="timed",
)  # fmt: skip
JOINED = process(
    start(), node("parallelGateway", "fork"), user("left"), user("right"),
    node("parallelGateway", "join"), user("both"), end(),
    flows("s fork", "fork left", "fork right", "left join", "right join", "join both", "both e"),
    id="joined",
)  # fmt: skip


def at_once(app: Flask, *acts: Callable[[], object]) -> list[object]:
    """What each act answered, or the exception that it ended with; all begin together."""
    found: list[object] = [None] * len(acts)
    ready = threading.Barrier(len(acts))

    def do(place: int) -> None:
        with app.app_context():
            ready.wait(120)
            try:
                found[place] = acts[place]()
            except Exception as error:
                db.session.rollback()
                found[place] = error
            finally:
                db.session.remove()

    db.session.rollback()
    db.session.remove()
    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def complete(task_id: int, by: str) -> Callable[[], str]:
    def act() -> str:
        run.complete(task_id, {}, by=by)
        db.session.commit()
        return by

    return act


def events(instance_id: int, kind: str, element: str) -> int:
    query = sa.select(sa.func.count(Event.id)).where(
        Event.instance_id == instance_id, Event.kind == kind, Event.element_id == element
    )
    return db.session.scalar(query)


@pytest.fixture
def managers(app, as_user) -> list[FlaskClient]:
    """The browsers of 王强 and 李娜, who are both sales managers today."""
    quotes.publish()
    lina = db.session.get_one(User, "lina")
    lina.groups.append(db.session.get_one(Group, "sales_manager"))
    db.session.commit()
    return [as_user("wangqiang"), as_user("lina")]


def approve(browser: FlaskClient, task_id: int, words: str) -> Callable[[], TestResponse]:
    data = {"outcome": "approve", "opinion": words}
    return lambda: browser.post(f"/tasks/{task_id}/complete", data=data)


@pytest.mark.parametrize(("locale", "title"), [("zh", "别人先办了"), ("en", "Somebody was faster")])
def test_two_people_finish_one_task_and_the_second_reads_who_was_first(
    app, managers, locale, title
):
    for person in db.session.scalars(sa.select(User)):
        person.locale = locale
    db.session.commit()
    for number in range(ROUNDS):
        task = quotes.begin(number=number + 1)
        task_id, case, element = task.id, task.instance_id, task.element_id
        words = f"理由 {number}"
        answers = at_once(app, *(approve(browser, task_id, words) for browser in managers))
        by_status = {answer.status_code: answer for answer in answers}
        assert sorted(by_status) == [303, 409]
        assert title in by_status[409].text and words in by_status[409].text
        assert db.session.get(UserTask, task_id).state == "done"
        assert events(case, "closed", element) == 1


def test_a_colleague_who_is_late_reads_so_and_an_outsider_finds_nothing(app, managers, as_user):
    manager, colleague = managers
    task_id = quotes.begin().id
    assert approve(manager, task_id, "同意")().status_code == 303
    page = colleague.get(f"/tasks/{task_id}")
    assert page.status_code == 409 and "王强 已经办了这一项" in page.text
    late = approve(colleague, task_id, "毛利太低")()
    assert late.status_code == 409 and "毛利太低" in late.text and "发到讨论" not in late.text
    outsider = as_user("baijie")
    assert outsider.get(f"/tasks/{task_id}").status_code == 404
    assert approve(outsider, task_id, "x")().status_code == 404


def test_a_timer_races_a_person(app):
    desk.publish(TIMED)
    for _round in range(ROUNDS):
        case = desk.begin("timed").id
        (task,) = desk.tasks()
        clock.stop_at(clock.now() + dt.timedelta(hours=1))
        person, _jobs = at_once(app, complete(task.id, "lina"), queue.run_due)
        queue.run_due()
        (then,) = desk.tasks()
        if person == "lina":
            assert then.name == "answered"
        else:
            assert isinstance(person, run.TaskGone) and "已随实例进展关闭" in person.message
            assert then.name == "silent"
        assert events(case, "closed", "ask") + events(case, "fired", "clock") == 1
        assert desk.incidents() == [] and desk.count(Job) == 0
        run.complete(then.id, {}, by="lina")
        db.session.commit()
        assert db.session.get(Instance, case).state == "ended"


def test_two_branches_reach_a_join_at_once(app):
    desk.publish(JOINED)
    for _round in range(ROUNDS):
        case = desk.begin("joined").id
        left, right = (task.id for task in desk.tasks())
        assert at_once(app, complete(left, "lina"), complete(right, "wangqiang")) == [
            "lina", "wangqiang",
        ]  # fmt: skip
        (both,) = desk.tasks()
        assert both.name == "both" and events(case, "opened", "both") == 1
        run.complete(both.id, {}, by="lina")
        db.session.commit()
        assert db.session.get(Instance, case).state == "ended"


def test_two_workers_want_the_same_timers(app):
    desk.publish(TIMED)
    for _case in range(ROUNDS):
        run.start("timed", {}, by="lina")
    db.session.commit()
    clock.stop_at(clock.now() + dt.timedelta(hours=1))
    counts = at_once(app, queue.run_due, queue.run_due, queue.run_due)
    assert sum(counts) >= ROUNDS and desk.names() == ["silent"] * ROUNDS
    fired = sa.select(sa.func.count(Event.id)).where(Event.kind == "fired")
    assert db.session.scalar(fired) == ROUNDS and desk.count(Job) == 0
    assert desk.incidents() == []


def test_two_people_claim_one_task(app):
    quotes.publish()
    for number in range(ROUNDS):
        task_id = quotes.begin(number=number + 1).id

        def claim(login: str, task_id: int = task_id) -> Callable[[], str]:
            def act() -> str:
                run.claim(task_id, login)
                db.session.commit()
                return login

            return act

        found = at_once(app, claim("wangqiang"), claim("gaoyuan"))
        (winner,) = [one for one in found if isinstance(one, str)]
        (refusal,) = [one for one in found if not isinstance(one, str)]
        assert "领取" in refusal.message
        assert db.session.get(UserTask, task_id).assignee == winner
        db.session.rollback()
