"""What was true when somebody looked at a task need not be true when it is their turn to write: the
second one is told, and the first one keeps what he has."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from app import errors
from app.accounts.models import Group, User
from app.db import db
from app.engine import run
from app.engine.models import UserTask
from app.inbox import acts, forms, postpone
from tests.engine.other import Other


@pytest.fixture
def gaoyuan(task: UserTask) -> User:
    """高远 may take the task as well."""
    person = db.session.get_one(User, "gaoyuan")
    person.groups.append(db.session.get_one(Group, "sales_manager"))
    person.department_id = "east"
    db.session.commit()
    return person


def person(login: str) -> User:
    return db.session.get_one(User, login)


TOMORROW = dt.date(2026, 3, 11)
ACTS = {
    "release": lambda id: acts.release_now(id, person("wangqiang")),
    "delegate": lambda id: acts.delegate_now(id, "zhaomin", person("wangqiang")),
    "put off": lambda id: postpone.defer_now(id, TOMORROW, person("wangqiang")),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_whose_task_is_handed_on_meanwhile_changes_nothing_of_it(
    app: Flask, task: UserTask, act: Callable[[int], object]
):
    id = task.id
    run.claim(id, "wangqiang")
    db.session.commit()
    run.delegate(id, "lina", "zhouning")
    other = Other(app, lambda: act(id))
    other.waits()
    db.session.commit()
    problem = other.ended().problem
    assert isinstance(problem, errors.ShunliuError) and problem.status in (403, 404, 409)
    db.session.expire_all()
    left = db.session.get_one(UserTask, id)
    assert (left.assignee, left.follow_up_at) == ("lina", None)


def test_who_completes_what_a_colleague_took_meanwhile_is_told(
    app: Flask, task: UserTask, gaoyuan: User, as_user, monkeypatch: pytest.MonkeyPatch
):
    id = task.id
    browser = as_user("wangqiang")
    judge = forms.handed_in

    def judged_slowly(*given: object) -> dict[str, object]:
        judged = judge(*given)
        monkeypatch.undo()
        taken = Other(app, lambda: acts.claim_now(id, person("gaoyuan"))).ended()
        assert taken.problem is None
        return judged

    monkeypatch.setattr(forms, "handed_in", judged_slowly)
    data = {"outcome": "approve", "opinion": "同意"}
    db.session.remove()  # the test's own transaction is no writer any more
    answer = browser.post(f"/tasks/{id}/complete", data=data)
    assert answer.status_code == 409 and "刚刚由高远接手" in answer.text
    db.session.expire_all()
    left = db.session.get_one(UserTask, id)
    assert (left.state, left.assignee) == ("open", "gaoyuan")


def test_what_one_gave_back_in_another_window_one_may_still_complete(task, as_user):
    id = task.id
    run.claim(id, "wangqiang")
    db.session.commit()
    browser = as_user("wangqiang")
    page = browser.get(f"/tasks/{id}")
    assert page.status_code == 200
    browser.post(f"/tasks/{id}/release")
    data = {"outcome": "approve", "opinion": "同意"}
    assert browser.post(f"/tasks/{id}/complete", data=data).status_code == 303
