"""Retention goes on by itself, a little at a time, and is in nobody's way."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app import clock, errors, values
from app.db import db
from app.engine import archive, retention
from app.engine.archived import ArchivedCase, ArchivedTask
from app.engine.models import Event, Instance, UserTask
from app.inbox import sight
from app.inbox.models import Comment
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.registry import SOON
from tests import database as databases
from tests.inbox.test_list import asked_by
from tests.operate.old import LATER, finish, live, look, publish

KEY = "every:engine.archive"


@pytest.fixture
def cases(app):
    """The numbers of three that finished long ago; it is later now."""
    publish()
    numbers = [finish(number) for number in (1, 2, 3)]
    clock.stop_at(LATER)
    return numbers


def archived() -> set[int]:
    return set(db.session.scalars(sa.select(ArchivedCase.id)))


def next_look() -> dt.timedelta:
    """How long until it looks again."""
    at = db.session.scalar(sa.select(Job.run_at).where(Job.key == KEY))
    return at - clock.now()


def test_while_there_is_more_it_comes_again_soon(cases, monkeypatch):
    monkeypatch.setattr(retention, "MOST_CASES", 2)
    look()
    assert archived() == set(cases[:2]), "the oldest first"
    assert next_look() == dt.timedelta(seconds=SOON)
    clock.stop_at(clock.now() + next_look())
    queue.run_due()
    assert archived() == set(cases)
    assert next_look() == retention.EVERY


@pytest.mark.parametrize("over", ("packing", "moving"))
def test_when_its_moment_is_over_the_rest_comes_later(cases, monkeypatch, over):
    """Each lot takes a minute of a clock that is not the wall's."""
    spent = [0.0]
    monkeypatch.setattr(retention, "LOT", 1)
    monkeypatch.setattr(retention.time, "monotonic", lambda: spent[0])
    slow = "pack_all" if over == "packing" else "still"
    real = getattr(archive, slow)

    def work(given):
        spent[0] += 60.0
        return real(given)

    monkeypatch.setattr(archive, slow, work)
    for done in range(1, 4):
        look()
        assert archived() == set(cases[:done])
        assert next_look() == (retention.EVERY if done == 3 else dt.timedelta(seconds=1))


def test_nothing_is_written_while_it_only_looks(app):
    publish()
    finish()
    asked = asked_by(lambda: look())
    assert not [one for one in asked if one[0].startswith("INSERT INTO archived")]
    assert next_look() == retention.EVERY


def test_a_long_case_goes_by_itself(cases, monkeypatch):
    lines = db.session.scalar(sa.select(sa.func.count()).where(Event.instance_id == cases[1]))
    monkeypatch.setattr(retention, "LONG", lines)
    db.session.add_all(
        Event(instance_id=cases[1], at=LATER, kind="said", workspace_id=1) for _n in range(3)
    )
    db.session.commit()
    queue.enqueue("engine.archive", {}, key=KEY)
    db.session.commit()
    (job,) = queue.claim(1)
    queue.perform(job)
    assert archived() == {cases[0], cases[2]}
    assert db.session.scalars(sa.select(Job.subject).where(Job.kind == retention.ONE)).all() == [
        f"archive:{cases[1]}"
    ]
    queue.run_due()
    assert archived() == set(cases) and live() == set()


def test_a_case_that_cannot_be_archived_holds_up_no_other(cases, monkeypatch):
    real = values.dumps

    def dumps(value):
        if isinstance(value, dict) and value.get("case", {}).get("id") == cases[0]:
            raise ValueError("nobody knows how to write this")
        return real(value)

    with monkeypatch.context() as broken:
        broken.setattr(values, "dumps", dumps)
        look()
        assert archived() == set()
        for _attempt in range(5):
            clock.stop_at(clock.now() + dt.timedelta(hours=1))
            queue.run_due()
        assert archived() == set(cases[1:]) and live() == {cases[0]}
        assert retention.due(10) == [], "it is left alone"
        failed = db.session.scalars(sa.select(Job).where(Job.state == "failed")).all()
        assert [job.subject for job in failed] == [f"archive:{cases[0]}"], "once"
    queue.retry(failed[0].id)
    db.session.commit()
    queue.run_due()
    assert archived() == set(cases) and live() == set()


def test_after_a_worker_died_over_it_each_case_goes_by_itself(cases):
    queue.enqueue("engine.archive", {}, key=KEY)
    db.session.execute(sa.update(Job).where(Job.key == KEY).values(attempts=1))
    db.session.commit()
    (job,) = queue.claim(1)
    queue.perform(job)
    assert archived() == set()
    assert db.session.scalar(sa.select(sa.func.count()).where(Job.kind == retention.ONE)) == 3
    queue.run_due()
    assert archived() == set(cases) and live() == set()


def test_a_task_is_known_all_the_time_while_a_long_case_goes(cases, monkeypatch):
    """Also when a server of the release before had begun: it kept all tasks in the first step."""
    tasks = set(db.session.scalars(sa.select(UserTask.id).where(UserTask.instance_id == cases[0])))
    monkeypatch.setattr(archive, "MOST_ROWS", 1)

    def known() -> list[int]:
        live = db.session.scalars(sa.select(UserTask.id)).all()
        kept = db.session.scalars(sa.select(ArchivedTask.task_id)).all()
        return [id for id in (*live, *kept) if id in tasks]

    done = archive.move(archive.pack(cases[0]))
    early = {"task_id": max(tasks), "case_id": cases[0]}
    db.session.execute(sa.insert(ArchivedTask), early)
    while not done:
        assert set(known()) == tasks
        done = archive.clear(cases[0])
    kept = sa.select(ArchivedTask.task_id).where(ArchivedTask.case_id == cases[0])
    assert sorted(db.session.scalars(kept)) == sorted(tasks)


def test_what_two_look_at_is_archived_once(cases):
    """Both have packed it before one of them moves."""
    first, second = archive.pack_all(cases), archive.pack_all(cases)
    db.session.commit()
    moved = archive.still(first)
    archive.keep(moved)
    archive.drop(moved)
    db.session.commit()
    assert archive.still(second) == []
    with pytest.raises(errors.Conflict):
        archive.move(second[0])
    assert archived() == set(cases) and live() == set()


@pytest.mark.skipif(not databases.POSTGRES, reason="SQLite has one writer at a time")
@pytest.mark.parametrize("table", ("comment", "stored_file"))
def test_a_case_that_somebody_writes_to_is_not_waited_for(cases, table):
    """Its row is in a transaction that is not over when retention comes by."""
    packed = archive.pack_all(cases)
    db.session.commit()
    words = {
        "comment": "(workspace_id, instance_id, login, text, at) VALUES (1, %s, 'lina', 'x', now())",
        "stored_file": "(workspace_id, instance_id, sha256, name, size, type, uploaded_by,"
        " uploaded_at) VALUES (1, %s, '0', 'x', 1, 'x', 'lina', now())",
    }[table]
    other = sa.create_engine(db.engine.url)
    with other.connect() as connection:
        connection.exec_driver_sql(f"INSERT INTO {table} {words}", (cases[1],))
        moved = archive.still(packed)
        assert [one.id for one in moved] == [cases[0], cases[2]]
        archive.keep(moved)
        archive.drop(moved)
        connection.commit()
    db.session.commit()
    other.dispose()
    assert live() == {cases[1]}
    look()
    assert len(archive.unpack(cases[1])["tables"]["comment"]) == 1 + (table == "comment")


@pytest.mark.skipif(not databases.POSTGRES, reason="SQLite has one writer at a time")
def test_what_comes_too_late_is_refused_and_not_lost(cases):
    """A remark on a case that is being archived: who makes it is told that the case is gone."""
    packed = archive.pack_all(cases[:1])
    db.session.commit()
    archive.keep(archive.still(packed))
    other = sa.create_engine(db.engine.url, connect_args={"options": "-c lock_timeout=100"})
    with other.connect() as connection, pytest.raises(sa.exc.OperationalError, match="timeout"):
        connection.exec_driver_sql(
            "INSERT INTO comment (workspace_id, instance_id, login, text, at)"
            " VALUES (1, %s, 'lina', 'x', now())", (cases[0],)
        )  # fmt: skip
    other.dispose()
    archive.drop(packed)
    db.session.commit()
    assert cases[0] not in live()
    db.session.add(Comment(instance_id=cases[0], login="lina", text="x", at=LATER))
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()
    db.session.rollback()
    assert db.session.get(Instance, cases[0]) is None


def test_who_says_something_that_very_moment_is_told_that_the_case_is_gone(
    cases, as_user, monkeypatch
):
    task = db.session.scalar(sa.select(UserTask.id).where(UserTask.instance_id == cases[0]))
    real = sight.task

    def seen(*given):
        """The task is found, and its case archived before the remark is written."""
        found = real(*given)
        archive.move(archive.pack(cases[0]))
        return found

    browser = as_user("wangqiang")
    with monkeypatch.context() as slow:
        slow.setattr(sight, "task", seen)
        assert browser.post(f"/tasks/{task}/comments", data={"text": "还有"}).status_code == 404
    assert browser.post(f"/tasks/{task}/comments", data={"text": "还有"}).status_code == 303


def test_a_lot_asks_no_more_the_more_cases_it_has(cases):
    def questions(ids):
        packed = archive.pack_all(ids)
        return len(asked_by(lambda: archive.keep(archive.still(packed)) or archive.drop(packed)))

    one, two = questions(cases[:1]), questions(cases[1:])
    assert one == two <= 16
