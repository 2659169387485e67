"""A case begins once for each key, however often and however fast the start is asked for."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import sql
from app.db import db
from app.engine import once, run
from app.engine.models import Instance
from app.jobs import queue
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.engine.other import Other

FIRST, SECOND = "900-21", "900-22"
MINE = user("a", camunda_assignee="${starter}")
FOR_ADMINISTRATORS = b'camunda:candidateStarterGroups="admin"'
DAY = once.KEPT + dt.timedelta(seconds=1)


@pytest.fixture
def house(app: Flask) -> Flask:
    """Two flows that everybody may begin, one that only administrators may."""
    for id in ("p_900_21", "p_900_22", "p_900_23"):
        name, content = process(start(), MINE, end(), flows("s a", "a e"), id=id)
        if id == "p_900_23":
            content = content.replace(b"isExecutable", FOR_ADMINISTRATORS + b" isExecutable")
        desk.publish((name, content))
    return app


def ask(
    browser: FlaskClient, key: str | None = "k-1", number: str = FIRST, **more: str
) -> TestResponse:
    """A page's form is handed in with this key."""
    fields = more if key is None else more | {"start_key": key}
    return browser.post(f"/processes/{number}/start", data=fields)


def cases() -> int:
    db.session.rollback()  # what others committed is seen
    return desk.count(Instance)


def test_each_page_carries_a_key_of_its_own(house, as_user):
    browser = as_user("zhangwei")
    keys = [
        re.search(r'name="start_key" value="([^"]+)"', browser.get(f"/processes/{FIRST}").text)[1]
        for _time in range(2)
    ]
    assert keys[0] != keys[1] and all(len(key) > 20 for key in keys)
    assert ask(browser, keys[0]).location != ask(browser, keys[1]).location
    assert cases() == 2


def test_a_form_that_is_sent_twice_leads_to_the_one_case(house, as_user):
    browser = as_user("zhangwei")
    first, again = ask(browser), ask(browser)
    assert first.status_code == again.status_code == 302
    assert first.location == again.location and "/tasks/" in first.location
    assert cases() == 1
    assert "没有再发起一个" in browser.get(again.location).text
    assert "没有再发起一个" not in browser.get(again.location).text


def test_a_repeat_after_the_first_task_is_done_leads_to_the_case(house, as_user):
    browser = as_user("zhangwei")
    ask(browser)
    desk.complete("a")
    (case,) = db.session.scalars(sa.select(Instance.id))
    answer = ask(browser)
    assert answer.location == f"/instances/{case}" and cases() == 1
    assert browser.get(answer.location).status_code == 200


def test_a_program_says_its_key_in_a_header(house, as_user):
    browser = as_user("zhangwei")
    head = {"Idempotency-Key": "order 4711/begin"}
    answers = [browser.post(f"/processes/{FIRST}/start", headers=head) for _time in range(3)]
    assert len({answer.location for answer in answers}) == 1 and cases() == 1
    form = browser.post(f"/processes/{FIRST}/start", headers=head, data={"start_key": "other"})
    assert form.location == answers[0].location, "the header counts"


def test_without_a_key_every_request_begins_a_case(house, as_user):
    browser = as_user("zhangwei")
    assert ask(browser, None).location != ask(browser, None).location
    assert cases() == 2 and desk.count(once.StartKey) == 0


def test_the_same_key_of_somebody_else_is_another_key(house, as_user):
    mine, theirs = as_user("zhangwei"), as_user("baijie")
    first, other = ask(mine).location, ask(theirs).location
    assert first != other and cases() == 2
    assert ask(theirs).location == other and cases() == 2
    assert theirs.get(first).status_code == 404


def test_an_outsider_with_the_key_of_a_case_learns_nothing(house, as_user):
    begun = ask(as_user("zhouning"), number="900-23")
    assert begun.status_code == 302
    refused = ask(as_user("baijie"), number="900-23")
    assert refused.status_code == 403 and begun.location not in refused.text
    assert ask(house.test_client()).location.startswith("/login")
    assert cases() == desk.count(once.StartKey) == 1


@pytest.mark.parametrize("key", ["", "x" * 101, "a\tb", "a\x00b", "钥匙"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_no_key_is_refused_in_words(house, as_user, key, accept):
    data = {"start_key": key}
    head = {"Accept": accept}
    answer = as_user("zhangwei").post(f"/processes/{FIRST}/start", data=data, headers=head)
    said = answer.json["message"] if accept == "application/json" else answer.text
    assert answer.status_code == 422
    assert f"1 到 100 个字符，只能用英文字母、数字和符号；收到的有 {len(key)} 个字符" in said
    assert cases() == desk.count(once.StartKey) == 0


def test_the_longest_key_is_taken(house, as_user):
    browser = as_user("zhangwei")
    assert ask(browser, "~" * 100).location == ask(browser, "~" * 100).location
    assert cases() == 1


def test_a_key_belongs_to_one_flow(house, as_user):
    browser = as_user("zhangwei")
    ask(browser)
    refused = ask(browser, number=SECOND)
    assert refused.status_code == 409 and "已经用来发起过" in refused.text
    assert cases() == 1


def test_a_start_that_failed_leaves_its_key_free(house, as_user, monkeypatch):
    browser = as_user("zhangwei")

    def refuse(*_what: object, **_how: object) -> None:
        raise run.NotRunning("停用")

    with monkeypatch.context() as patched:
        patched.setattr(run, "start", refuse)
        assert ask(browser).status_code == 409
    assert desk.count(once.StartKey) == 0
    assert ask(browser).status_code == 302 and cases() == 1


def age(by: dt.timedelta) -> None:
    """Every key is that much older."""
    for row in db.session.scalars(sa.select(once.StartKey)):
        row.created_at -= by
    db.session.commit()


def test_after_a_day_a_key_begins_another_case(house, as_user):
    browser = as_user("zhangwei")
    first = ask(browser).location
    age(DAY)
    second = ask(browser).location
    assert first != second and ask(browser).location == second
    assert cases() == 2 and desk.count(once.StartKey) == 1


def test_keys_are_cleaned_up_after_a_day(house, as_user):
    browser = as_user("zhangwei")
    ask(browser, "old")
    age(DAY)
    ask(browser, "young")
    queue.enqueue("engine.tidy", {})
    db.session.commit()
    queue.run_due()
    assert list(db.session.scalars(sa.select(once.StartKey.key))) == ["young"]


# at the same moment


@pytest.fixture
def meanwhile(house: Flask, monkeypatch) -> Callable[..., list[Other]]:
    """`meanwhile(act, then)`: while the next start has its key and is not committed, somebody else
    acts, then something happens to the start. Who acted, when it has begun."""
    usual, others = run.start, []

    def plan(act: Callable[[], object], then: Callable[[], object] = int) -> list[Other]:
        def start(*what: object, **how: object) -> Instance:
            monkeypatch.setattr(run, "start", usual)
            begun = usual(*what, **how)
            others.append(Other(house, act))
            others[0].waits()
            then()
            return begun

        monkeypatch.setattr(run, "start", start)
        return others

    return plan


def test_of_two_at_once_the_slower_is_led_to_the_case_of_the_faster(house, as_user, meanwhile):
    answers = []
    others = meanwhile(lambda: answers.append(ask(as_user("zhangwei"))))
    first = ask(as_user("zhangwei"))
    assert others[0].ended().problem is None
    assert answers[0].status_code == 302 and answers[0].location == first.location
    assert cases() == desk.count(once.StartKey) == 1


def test_when_the_faster_fails_the_slower_begins_the_case(house, as_user, meanwhile):
    def fail() -> None:
        raise run.NotRunning("停用")

    answers = []
    others = meanwhile(lambda: answers.append(ask(as_user("zhangwei"))), fail)
    assert ask(as_user("zhangwei")).status_code == 409
    assert others[0].ended().problem is None
    assert answers[0].status_code == 302 and cases() == 1


def test_other_keys_do_not_wait_where_rows_are_locked(house, as_user, meanwhile):
    answers, others = [], []

    def wait() -> None:
        if sql.locks_rows():
            others[0].ended()

    others = meanwhile(lambda: answers.append(ask(as_user("zhangwei"), "k-2")), wait)
    first = ask(as_user("zhangwei"))
    others[0].ended()
    assert answers[0].location != first.location and cases() == 2
