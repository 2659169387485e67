"""What a page hears while it stands open: only what is the person's, only when it is new, cheaply."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from flask import g

from app import clock
from app.accounts import people
from app.db import db
from app.engine import run
from app.engine.models import TaskCandidate, UserTask
from app.inbox import news, queue
from tests.bench.inbox import fill, publish
from tests.inbox import quotes
from tests.inbox.test_list import asked_by, explained


def page_of(browser) -> tuple[str, list[int]]:
    """The address that the page asks for news, and the tasks that it knows."""
    text = browser.get("/inbox").text
    since, tag = re.search(r'data-since="(\d+)" data-tag="(\w+)" data-known="([^"]*)"', text).group(
        1, 2
    )
    known = re.search(r'data-known="\[([^"]*)\]"', text)[1]
    return f"/inbox/news?since={since}&tag={tag}", [int(id) for id in known.split(",") if id]


def test_nothing_new_is_an_empty_answer(task, as_user):
    browser = as_user("wangqiang")
    address, known = page_of(browser)
    answer = browser.get(address)
    assert (answer.status_code, answer.data) == (204, b"")
    assert known == [task.id]


def test_a_new_task_is_told_once_to_whom_it_is_for(task, as_user):
    manager, seller = as_user("wangqiang"), as_user("baijie")
    address, known = page_of(manager)
    outside, nothing = page_of(seller)
    later = quotes.begin(number=2)
    told = manager.get(address).json
    assert set(told["ids"]) - set(known) == {later.id}
    assert (told["waiting"], told["badge"]) == (2, "2")
    again = re.sub(r"tag=\w+", f"tag={told['tag']}", address)
    assert manager.get(again).status_code == 204
    assert nothing == [] and seller.get(outside).status_code == 204
    assert seller.get("/inbox/news").json["ids"] == [], "whatever is asked, nothing is not his"
    assert seller.get("/inbox/news?since=-5&tag=x").json["waiting"] == 0


def test_what_somebody_else_took_is_no_news(task, as_user):
    browser = as_user("wangqiang")
    address, _known = page_of(browser)
    later = quotes.begin(number=2)
    run.claim(later.id, "gaoyuan")
    db.session.commit()
    assert browser.get(address).status_code == 204
    run.claim(task.id, "gaoyuan")
    db.session.commit()
    told = browser.get(address).json
    assert (told["ids"], told["waiting"]) == ([], 0), "the number goes down too"


def test_what_was_handed_over_is_news(task, as_user):
    browser = as_user("lina")
    address, known = page_of(browser)
    run.delegate(task.id, "lina", "wangqiang")
    db.session.commit()
    assert set(browser.get(address).json["ids"]) - set(known) == {task.id}


def test_what_is_put_off_is_no_news_until_its_time(task, as_user):
    browser = as_user("wangqiang")
    address, _known = page_of(browser)
    later = quotes.begin(number=2)
    at = clock.now() + dt.timedelta(hours=1)
    db.session.execute(sa.update(UserTask).where(UserTask.id == later.id).values(follow_up_at=at))
    db.session.commit()
    assert browser.get(address).status_code == 204
    clock.stop_at(at)
    assert later.id in browser.get(address).json["ids"]


def test_a_stranger_hears_nothing(task, client):
    answer = client.get("/inbox/news?since=0")
    assert answer.status_code in (302, 401) and not answer.is_json


def test_asking_does_not_lengthen_a_session(task, as_user):
    browser = as_user("wangqiang")
    address, _known = page_of(browser)
    answer = browser.get(address, headers={"HX-Request": "true"})
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("count", [100, 99])
def test_a_badge_counts_to_99(count):
    assert queue.badge_text(count) == ("99+" if count == 100 else "99")


def asked(person) -> list[tuple[str, object]]:
    """The statements of one question in the middle."""
    mark = news.of(person).mark
    vars(g).clear()
    return asked_by(lambda: news.of(person, mark))


def test_a_question_costs_the_same_however_many_tasks_are_open(app):
    whole = re.compile(r"(SCAN|Seq Scan on) (user_task|task_candidate|instance)\b")
    with app.test_request_context():
        fill(2_000, publish())
        person = people.get("wangqiang")
        many = asked(person)
        for text, given in many:
            read = [step for step in explained(text, given) if whole.match(step)]
            assert not [step for step in read if "USING" not in step], (read, text)
        for table in (TaskCandidate, UserTask):
            db.session.execute(sa.delete(table).where(table.id < 1_950))
        db.session.commit()
        assert len(asked(person)) == len(many) <= 10
