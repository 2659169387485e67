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


@pytest.mark.parametrize("name", ("todo", "overdue", "today", "mine", "groups"))
def test_pages_by_date_are_those_of_the_whole_list(tasks, name, monkeypatch):
    from app.accounts import people
    from app.inbox import queue

    person = people.get("wangqiang")
    asked = queue._filtered(name, person).order_by(*queue._order(queue.Question(f=name)))
    whole = [task.id for task in db.session.scalars(asked)]
    monkeypatch.setattr(queue, "PAGE", 3)
    paged, number, more = [], 0, True
    while more:
        number += 1
        found, more = queue.tasks(queue.Question(f=name, page=number), person)
        paged += [task.id for task in found]
    assert paged == whole


def explained(text):
    """The steps of the database's plan for a statement, were the tables large."""
    if db.engine.dialect.name == "sqlite":
        return [row.detail for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    for way in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
        db.session.execute(sa.text(f"SET LOCAL enable_{way} = off"))
    plan = db.session.scalars(sa.text(f"EXPLAIN {text}"))
    return [line.removeprefix("->").strip() for line in map(str.strip, plan)]


def test_a_page_by_date_is_read_from_an_index_in_its_order(tasks):
    from app.accounts import people
    from app.inbox import due

    for query, date, order in due._free(people.get("wangqiang")):
        asked = query.where(date.is_not(None)).order_by(date, order).limit(50)
        text = asked.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = explained(text)
        bad = ("SCAN", "USE TEMP B-TREE", "Seq Scan", "Sort  (")
        assert not [line for line in plan if line.startswith(bad)], plan
