"""Clicks that come twice, too late, or from somebody who should not: nothing happens twice, and the
person is told."""

import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.models import Event, UserTask
from tests.inbox import quotes

VERBS = ("claim", "release", "complete", "delegate", "comments", "draft", "files")


@pytest.fixture
def task(app):
    quotes.publish()
    return quotes.begin()


def fresh(task):
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id)


def closed(task):
    query = sa.select(sa.func.count(Event.id)).where(
        Event.instance_id == task.instance_id, Event.kind == "closed"
    )
    return db.session.scalar(query)


def test_a_form_that_is_sent_twice_is_done_once(task, as_user):
    browser = as_user("wangqiang")
    address, data = f"/tasks/{task.id}/complete", {"outcome": "approve", "opinion": "可以签"}
    assert browser.post(address, data=data).status_code == 303
    second = browser.post(address, data=data)
    assert second.status_code == 409
    assert "可以签" in second.text and "已经办了" in second.text
    assert closed(task) == 1


def test_a_stale_page_says_what_happened_and_changes_nothing(task, as_user):
    late = as_user("zhaomin")
    assert late.get(f"/tasks/{task.id}").status_code == 200
    as_user("wangqiang").post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    for verb in ("claim", "release", "complete", "delegate"):
        data = {"outcome": "reject", "reason": "价格太低", "to": "lina"}
        answer = late.post(f"/tasks/{task.id}/{verb}", data=data)
        assert answer.status_code == 409, verb
        assert "王强" in answer.text, verb
    found = fresh(task)
    assert (found.state, found.outcome, found.completed_by) == ("done", "approve", "wangqiang")


def test_a_page_from_before_somebody_else_claimed_is_refused(task, as_user):
    as_user("wangqiang").post(f"/tasks/{task.id}/claim")
    answer = as_user("lina").post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    assert answer.status_code in (403, 404)
    assert fresh(task).state == "open"


def plain(page, id):
    """The page without the id that was asked for and without CSRF tokens."""
    return re.sub(r"[\w.-]{60,}", "", page).replace(f"/tasks/{id}", "")


@pytest.mark.parametrize("verb", VERBS)
def test_a_task_that_is_not_mine_is_answered_like_one_that_never_was(task, as_user, verb):
    browser = as_user("baijie")
    data = {"outcome": "approve", "to": "lina", "text": "x"}
    foreign = browser.post(f"/tasks/{task.id}/{verb}", data=data)
    unknown = browser.post(f"/tasks/999999/{verb}", data=data)
    assert foreign.status_code == unknown.status_code == 404
    assert plain(foreign.text, task.id) == plain(unknown.text, 999999)
    assert fresh(task).state == "open"


@pytest.mark.parametrize("page", ("/tasks/{}", "/tasks/{}/peek", "/instances/{}", "/files/{}"))
@pytest.mark.parametrize("id", ("0", "-1", "999999", "9" * 30, "1.5", "x", "%00", "1%20or%201=1"))
def test_a_strange_number_is_not_found(task, as_user, page, id):
    assert as_user("wangqiang").get(page.format(id)).status_code == 404


@pytest.mark.parametrize("outcome", ("", "APPROVE", "approve ", "delete", "审批", "approve\x00"))
def test_a_tampered_outcome_is_refused(task, as_user, outcome):
    data = {"outcome": outcome, "opinion": "留着的字"}
    answer = as_user("wangqiang").post(f"/tasks/{task.id}/complete", data=data)
    assert answer.status_code == 422
    assert "留着的字" in answer.text
    assert fresh(task).state == "open"


def test_two_outcomes_at_once_are_one(task, as_user):
    data = [("outcome", "reject"), ("outcome", "approve")]
    as_user("wangqiang").post(f"/tasks/{task.id}/complete", data={"outcome": [o for _n, o in data]})
    assert closed(task) <= 1


def test_a_session_that_ends_while_typing_keeps_the_draft(task, as_user, client):
    browser = as_user("wangqiang")
    browser.post(f"/tasks/{task.id}/draft", data={"opinion": "写到一半"})
    with browser.session_transaction() as session:
        session.clear()
    for address in (f"/tasks/{task.id}/draft", f"/tasks/{task.id}/complete"):
        answer = browser.post(address, data={"opinion": "写到一半，再写", "outcome": "approve"})
        assert answer.status_code in (302, 401)
    assert fresh(task).state == "open"
    assert "写到一半" in as_user("wangqiang").get(f"/tasks/{task.id}").text
