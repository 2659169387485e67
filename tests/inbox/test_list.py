"""The lists of the inbox: what is in them, in which order, and what a strange address does."""

import datetime as dt
import re

import psycopg
import pytest
import sqlalchemy as sa

from app import clock
from app.accounts.models import User
from app.db import db
from app.engine.models import TaskCandidate, UserTask
from app.inbox import queue, sift, sight
from tests.inbox import quotes


@pytest.fixture
def tasks(app):
    quotes.publish()
    return quotes.fill()


def test_the_counts_are_those_of_the_lists(tasks, as_user):
    from app.accounts import people

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

    person = people.get("wangqiang")
    whole = listed(queue.Question(f=name), person)
    monkeypatch.setattr(queue, "PAGE", 3)
    paged, number, more = [], 0, True
    while more:
        number += 1
        found, more = queue.tasks(queue.Question(f=name, page=number), person)
        paged += [task.id for task in found]
    assert paged == whole


QUESTIONS = (
    {"q": "审批"}, {"process": "p_browser"}, {"process": "another"}, {"priority": "high"},
    *({"due": due} for due in queue.DUES), {"q": "瑞泽", "due": "today", "priority": "high"},
)  # fmt: skip


@pytest.mark.parametrize("sort", queue.ORDERS)
@pytest.mark.parametrize("name", ("todo", "overdue", "today", "groups"))
def test_sifted_lists_are_those_made_task_by_task(tasks, name, sort, monkeypatch):
    various(tasks)
    me = person()
    for changes in ({}, *QUESTIONS):
        asked = queue.Question(f=name, sort=sort, **changes)
        whole = listed(asked, me)
        assert sift.page(asked, me, queue._moments(), 0, 99) == whole, asked
        assert sift.page(asked, me, queue._moments(), 2, 3) == whole[2:5], asked
        for few in (0, 500):
            monkeypatch.setattr(queue, "FEW", few)
            assert [task.id for task in queue.tasks(asked, me)[0]] == whole, (few, asked)
            assert queue.total(asked, me) == len(whole), (few, asked)


def listed(question, person) -> list[int]:
    """What a list has to show, asked of the tasks one by one."""
    now, moments = clock.now(), queue._moments()
    may_take = sa.select(TaskCandidate.task_id).where(
        TaskCandidate.taken.is_(False), sight.candidate_of(person)
    )
    query = sa.select(UserTask.id).where(
        UserTask.state == "open",
        sa.or_(UserTask.assignee == person.login, UserTask.id.in_(may_take)),
        sa.or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= now),
        *sift.within(question.f, UserTask, moments),
        *sift.narrowed(question, UserTask, moments),
    )
    if question.f == "mine":
        query = query.where(UserTask.assignee == person.login)
    return list(db.session.scalars(query.order_by(*sift.order(question.sort, UserTask))))


def various(tasks) -> None:
    """Of the tasks some are urgent, have no date, are put off, or somebody has them."""
    later = tasks[0].due_at + dt.timedelta(days=30)
    changes = (
        {"priority": 80}, {"due_at": None}, {"follow_up_at": later}, {"assignee": "wangqiang"},
        {"assignee": "lina"}, {"priority": 80, "due_at": None}, {"priority": 20}, {"priority": 50},
    )  # fmt: skip
    for number, task in enumerate(tasks):
        values = changes[number % len(changes)]
        db.session.execute(sa.update(UserTask).where(UserTask.id == task.id).values(**values))
        of_task = sa.update(TaskCandidate).where(TaskCandidate.task_id == task.id)
        if "due_at" in values:
            db.session.execute(of_task.values(due_at=None))
        if "assignee" in values:
            db.session.execute(of_task.values(taken=True))
    db.session.commit()


def explained(text, given):
    """The steps of the database's plan for a statement, were the tables large."""
    connection = db.session.connection()
    if db.engine.dialect.name == "sqlite":
        return [
            row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
        ]
    for way in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    if isinstance(given, tuple | list):  # $1, $2, … stand for the values: see `app.pipelined`
        with psycopg.RawCursor(connection.connection.driver_connection) as cursor:
            plan = [line for (line,) in cursor.execute(f"EXPLAIN {text}", given)]
    else:
        plan = connection.exec_driver_sql(f"EXPLAIN {text}", given).scalars()
    return [line.removeprefix("->").strip() for line in map(str.strip, plan)]


@pytest.mark.parametrize("question", [queue.Question(), queue.Question(sort="priority")])
def test_the_tasks_of_a_page_are_found_by_their_numbers(tasks, question):
    """Not through all tasks of the company, however many there are."""
    person = db.session.get_one(User, "wangqiang")
    asked = asked_by(lambda: queue.tasks(question, person))
    named = [(text, given) for text, given in asked if re.search(r"user_task\.id IN", text)]
    assert named
    for text, given in named:
        plan = explained(text, given)
        assert not [line for line in plan if re.search(r"\(workspace_id=\?\)|SCAN", line)], plan


def test_a_page_by_date_is_read_from_an_index_in_its_order(tasks):
    lists = [(text, given) for text, given in asked_by(whole_page) if "ORDER BY" in text]
    lists = [one for one in lists if "task_candidate" in one[0]]
    assert len(lists) >= 2
    bad = ("SCAN", "USE TEMP B-TREE", "Seq Scan", "Sort  (")
    for text, given in lists:
        plan = explained(text, given)
        assert not [line for line in plan if line.startswith(bad)], plan


def whole_page() -> None:
    queue.tasks(queue.Question(), person())


def asked_by(act) -> list[tuple[str, object]]:
    """Every statement with its parameters."""
    seen = []

    def note(_c, _cursor, statement, parameters, *_rest) -> None:
        seen.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return seen


def test_counting_ends_at_a_hundred_and_the_page_says_so(tasks, as_user):
    given = open_like(tasks[0], 120)
    counts = queue.counts(person())
    assert counts["todo"] == counts["groups"] == queue.MANY
    assert queue.total(queue.Question(q="反复"), person()) == queue.MANY
    assert "99+" in as_user("wangqiang").get("/inbox").text
    assert len(given) == 120


def test_the_words_are_searched_in_the_order_of_dates(tasks):
    given = open_like(tasks[0], 60)
    first, more = queue.tasks(queue.Question(q="反复 7"), person())
    assert [task.subject for task in first] == ["反复 7"] and not more
    page, more = queue.tasks(queue.Question(q="反复"), person())
    assert more and [task.id for task in page] == given[: queue.PAGE]
    rest, more = queue.tasks(queue.Question(q="反复", page=2), person())
    assert not more and [task.id for task in rest] == given[queue.PAGE :]


@pytest.mark.parametrize("sort", queue.ORDERS)
def test_the_outsider_finds_nothing_by_words(tasks, sort):
    from app.accounts import people

    open_like(tasks[0], 3)
    outsider, asked = people.get("baijie"), queue.Question(q="反复", sort=sort)
    assert queue.tasks(asked, outsider)[0] == []
    assert sift.page(asked, outsider, queue._moments(), 0, 9) == []


@pytest.mark.parametrize("sort", queue.ORDERS)
def test_sifting_reads_one_index_and_no_task(tasks, sort):
    asked = queue.Question(q="反复", process="p_browser", priority="high", sort=sort)
    (index,) = [
        one for one in UserTask.__table__.indexes if one.name == "ix_user_task_open_by_date"
    ]
    asked_of_tasks = [
        one for one in asked_by(lambda: sift.page(asked, person(), queue._moments(), 0, 9))
        if "user_task" in one[0]
    ]  # fmt: skip
    assert asked_of_tasks
    for text, given in asked_of_tasks:
        assert set(re.findall(r"\btask\.(\w+)", text)) <= set(index.columns.keys())
        plan = explained(text, given)
        assert not [line for line in plan if line.startswith("SEARCH task USING INDEX")], plan


def person():
    from app.accounts import people

    return people.get("wangqiang")


def open_like(task, count: int) -> list[int]:
    """So many more tasks for 王强's role, due one after the other, the last first; their ids."""
    table, candidate = UserTask.__table__, TaskCandidate.__table__
    like = dict(db.session.execute(sa.select(table).where(table.c.id == task.id)).mappings().one())
    ids = []
    for n in range(count):
        due = task.due_at + dt.timedelta(minutes=n)
        words = {"subject": f"反复 {n}", "search_text": f"反复 {n}\n"}
        row = like | {"id": task.id + 1000 - n, "due_at": due, "assignee": None} | words
        ids.append(db.session.execute(sa.insert(table), row).inserted_primary_key[0])
        who = {"kind": "group", "value": "sales_manager", "taken": False, "due_at": due}
        db.session.execute(sa.insert(candidate), who | {"workspace_id": 1, "task_id": ids[-1]})
    db.session.commit()
    return ids
