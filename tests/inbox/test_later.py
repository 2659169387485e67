"""A task put off is out of the queue until its day."""

import datetime as dt

import pytest

from app import clock
from app.db import db
from app.engine.models import UserTask

NUMBER = "QT-202603-0001"


def fresh(task: UserTask) -> UserTask:
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id)


def put_off(page, task: UserTask, until: str):
    return page.post(f"/tasks/{task.id}/later", data={"until": until})


@pytest.fixture
def page(task, as_user):
    """王强's browser."""
    return as_user("wangqiang")


def test_it_is_mine_out_of_sight_and_comes_back(task, page):
    due = task.due_at
    assert put_off(page, task, "2026-03-12").status_code == 303
    found = fresh(task)
    assert (found.assignee, found.due_at) == ("wangqiang", due)
    assert found.follow_up_at == dt.datetime(2026, 3, 12, 0, 0, tzinfo=dt.UTC)  # 08:00 in Shanghai
    assert NUMBER not in page.get("/inbox").text
    assert NUMBER in page.get("/inbox?f=later").text
    clock.stop_at(dt.datetime(2026, 3, 12, 0, 1, tzinfo=dt.UTC))
    assert NUMBER in page.get("/inbox").text
    assert NUMBER not in page.get("/inbox?f=later").text


def test_undo_brings_it_back_at_once(task, page):
    put_off(page, task, "2026-03-12")
    assert "现在就办" in page.get(f"/tasks/{task.id}").text
    assert put_off(page, task, "").status_code == 303
    assert fresh(task).follow_up_at is None
    assert NUMBER in page.get("/inbox").text
    assert put_off(page, task, "").status_code == 409


@pytest.mark.parametrize("until", ["2026-03-10", "2026-03-01", "2028-01-01", "soon"])
def test_another_day_is_refused_in_words(task, page, until):
    answer = put_off(page, task, until)
    assert answer.status_code == 422
    assert "日期" in answer.text
    assert fresh(task).follow_up_at is None


@pytest.mark.parametrize(("who", "status"), [("baijie", 404), ("zhangwei", 403)])
def test_nobody_else_puts_it_off(task, as_user, who, status):
    assert put_off(as_user(who), task, "2026-03-12").status_code == status
    assert fresh(task).follow_up_at is None


@pytest.mark.parametrize("verb", ["release", "delegate"])
def test_whoever_has_it_next_sees_it(task, page, verb):
    put_off(page, task, "2026-03-12")
    page.post(f"/tasks/{task.id}/{verb}", data={"to": "lina"})
    assert fresh(task).follow_up_at is None


def test_page_and_preview_offer_it_by_key(task, page):
    for address in (f"/tasks/{task.id}", f"/tasks/{task.id}/peek"):
        text = page.get(address).text
        assert 'data-open="later"' in text and 'data-key="s"' in text and 'id="until"' in text
