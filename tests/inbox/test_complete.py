"""Handing in a task: what goes through, what comes back, what somebody else did first."""

import sqlite3

import sqlalchemy as sa

from app.db import db
from app.engine import run
from app.engine.models import UserTask
from app.inbox import quick
from tests.inbox import quotes


def fresh(task: UserTask) -> UserTask:
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id)


def test_the_case_goes_on_to_the_next_person(task, as_user):
    answer = as_user("wangqiang").post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    assert answer.status_code == 303
    assert (fresh(task).state, fresh(task).outcome) == ("done", "approve")
    assert "登记订单" in as_user("linyue").get("/inbox").text


def test_a_missing_reason_comes_back_beside_its_field(task, as_user):
    answer = as_user("wangqiang").post(
        f"/tasks/{task.id}/complete", data={"outcome": "reject", "rival": "锐科数控"}
    )
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text and "锐科数控" in answer.text
    assert fresh(task).state == "open"


def test_a_verb_that_the_form_does_not_have_is_refused(task, as_user):
    answer = as_user("wangqiang").post(f"/tasks/{task.id}/complete", data={"outcome": "hack"})
    assert answer.status_code == 422
    assert fresh(task).state == "open"


def test_who_is_late_reads_who_did_it_and_keeps_the_words(task, as_user):
    run.complete(task.id, {"outcome": "approve"}, by="wangqiang")
    db.session.commit()
    answer = as_user("zhouning").post(
        f"/tasks/{task.id}/complete", data={"outcome": "reject", "opinion": "毛利太低，请重报"}
    )
    assert answer.status_code == 409
    assert "王强" in answer.text and "同意" in answer.text and "毛利太低，请重报" in answer.text


def test_the_starter_cannot_approve_the_own_quote(task, as_user):
    answer = as_user("zhangwei").post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    assert answer.status_code == 403
    assert fresh(task).state == "open"


def test_several_tasks_are_done_one_by_one_and_failures_stay_chosen(app, as_user):
    quotes.publish()
    first, second = quotes.begin(number=1), quotes.begin(number=2)
    run.complete(second.id, {"outcome": "approve"}, by="wangqiang")
    db.session.commit()
    page = as_user("wangqiang").post(
        "/inbox/bulk", data={"verb": "outcome:approve", "task": [first.id, second.id]}
    )
    assert page.status_code == 200
    assert fresh(first).state == "done"
    assert "1 项没有办成" in page.text


def test_one_of_several_that_somebody_else_holds_too_long_stops_nobody(app, as_user, monkeypatch):
    quotes.publish()
    ids = [quotes.begin(number=number).id for number in (1, 2, 3)]
    do = quick.do

    def locked_for_the_second(task_id, *given):
        if task_id == ids[1]:
            cause = sqlite3.OperationalError("database is locked")
            cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise sa.exc.OperationalError("UPDATE instance", {}, cause)
        return do(task_id, *given)

    monkeypatch.setattr(quick, "do", locked_for_the_second)
    page = as_user("wangqiang").post("/inbox/bulk", data={"verb": "outcome:approve", "task": ids})
    assert page.status_code == 200 and "现在暂时不能写入" in page.text
    states = sa.select(UserTask.state).where(UserTask.id.in_(ids)).order_by(UserTask.id)
    assert list(db.session.scalars(states)) == ["done", "open", "done"]


def test_a_verb_that_needs_words_is_not_done_in_bulk(task, as_user):
    page = as_user("wangqiang").post(
        "/inbox/bulk", data={"verb": "outcome:reject", "task": [task.id]}
    )
    assert "要填写内容" in page.text
    assert fresh(task).state == "open"


def test_a_verb_reads_as_on_its_button(task, as_user):
    from app.inbox import forms

    browser = as_user("wangqiang")
    browser.post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    form = forms.form_of(fresh(task))
    words = next(one.label for one in form.buttons if one.outcome == "approve")
    for address in ("/inbox?f=done", f"/tasks/{task.id}", f"/instances/{task.instance_id}"):
        page = browser.get(address).text
        assert words in page and ">approve<" not in page, address
