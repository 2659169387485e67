"""The lists of the inbox: what is in them, in which order, and what a strange address does."""

import pytest
import sqlalchemy as sa

from app.db import db
from tests.inbox import quotes


@pytest.fixture
def tasks(app):
    quotes.publish()
    return quotes.fill()


def test_the_counts_are_those_of_the_lists(tasks, as_user):
    from app.accounts import people
    from app.inbox import queue

    person = people.get("wangqiang")
    counts = queue.counts(person)
    for name in queue.WORK:
        found, _more = queue.tasks(queue.Question(f=name), person)
        assert len(found) == counts[name], name
    assert counts["todo"] == len(tasks) == queue.waiting(person)
    assert counts["overdue"] and counts["today"]


def test_an_outsider_has_an_empty_inbox(tasks, as_user):
    page = as_user("baijie").get("/inbox").text
    assert "都办完了" in page and "QT-202603" not in page


def test_search_finds_by_number_and_by_customer(tasks, as_user):
    browser = as_user("wangqiang")
    page = browser.get("/inbox?q=qt-202603-0003").text
    assert "QT-202603-0003" in page and "QT-202603-0004" not in page
    assert "QT-202603-0001" in browser.get("/inbox?q=瑞泽").text


@pytest.mark.parametrize("words", ("%", "_", "'; DROP TABLE user_task; --", "💥", "a" * 500))
def test_strange_words_find_nothing_and_break_nothing(tasks, as_user, words):
    answer = as_user("wangqiang").get("/inbox", query_string={"q": words})
    assert answer.status_code == 200
    assert "没有符合条件的任务" in answer.text


@pytest.mark.parametrize(
    "address", ("?f=x&page=-1", "?page=abc&sort=zzz", "?page=99999999999", "?due=never&priority=9")
)
def test_a_strange_address_shows_a_list(tasks, as_user, address):
    assert as_user("wangqiang").get(f"/inbox{address}").status_code == 200


def test_a_page_of_the_list_asks_the_database_a_fixed_number_of_times(tasks, as_user):
    asked = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    browser = as_user("wangqiang")
    browser.get("/inbox")
    few = len(asked)
    for number in range(20, 40):
        quotes.begin(number=number)
    asked.clear()
    browser.get("/inbox")
    assert len(asked) <= few + 1, "\n".join(asked)
