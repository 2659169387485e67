"""What finished long ago leaves the live tables by itself; nothing of it is lost or shown to more
people than before."""

import datetime as dt

import pytest
import sqlalchemy as sa
from dateutil.relativedelta import relativedelta

from app import clock, errors
from app.db import db
from app.engine import archive, retention, run
from app.engine.archived import ArchivedCase, ArchivedContent
from app.engine.models import Event, HandlerJournal, Instance, UserTask
from app.inbox.models import Comment
from app.jobs import queue
from app.jobs.models import Job
from tests import database as databases
from tests.conftest import TODAY
from tests.inbox import quotes
from tests.operate.old import LATER, everything, finish, live, look, publish


def test_only_what_finished_long_ago_goes(case):
    running = quotes.begin(number=2).instance_id
    db.session.commit()
    clock.stop_at(LATER - dt.timedelta(days=2))
    young = finish(number=3)
    look()
    assert live() == {case, running, young}, "not a day too early"
    clock.stop_at(LATER)
    look()
    assert live() == {running, young}
    kept = db.session.get(ArchivedCase, case)
    assert (kept.business_key, kept.started_by) == ("QT-202603-0001", "zhangwei")
    assert kept.archived_at == LATER
    for table in (Event, UserTask, Comment):
        of_case = sa.select(sa.func.count()).where(table.instance_id == case)
        assert db.session.scalar(of_case) == 0


def test_every_row_is_in_the_archive_as_it_was(case):
    before = {
        name: [dict(row) for row in db.session.execute(
            sa.select(table).where(column == case).order_by(*table.primary_key.columns)
        ).mappings()]
        for name, (table, column) in archive.tables().items()
    }  # fmt: skip
    assert before["event"] and before["user_task"] and before["comment"]
    row = dict(db.session.execute(sa.select(Instance.__table__)).mappings().one())
    db.session.commit()
    clock.stop_at(LATER)
    look()
    found = archive.unpack(case)
    assert found["tables"] == before and found["case"] == row


def test_nothing_else_is_touched(case):
    running = quotes.begin(number=2).instance_id
    db.session.commit()
    clock.stop_at(LATER)
    before = everything()
    look()
    after = everything()
    moved = {"archived_case", "archived_content", "archived_person", "archived_task", "job", "handler_journal",
             "instance", "draft", "task_candidate", *archive.tables()}  # fmt: skip
    for name in set(before) - moved:
        assert before[name] == after[name], name
    for name in ("event", "user_task", "token"):
        assert [row for row in before[name] if row in after[name]] == after[name]
    assert live() == {running}


def test_a_parent_stays_while_a_child_runs(case):
    child = quotes.begin(number=2)
    db.session.get_one(Instance, child.instance_id).caused_by = case
    grandchild = quotes.begin(number=3)
    db.session.get_one(Instance, grandchild.instance_id).caused_by = child.instance_id
    ids = child.instance_id, grandchild.instance_id
    run.cancel(ids[0], "x", "zhangwei")
    db.session.commit()
    clock.stop_at(LATER)
    look()
    assert live() == {case, *ids}, "the grandchild runs"
    run.cancel(ids[1], "x", "zhangwei")
    db.session.commit()
    clock.stop_at(LATER + relativedelta(days=1_097))
    for left in ({case, ids[0]}, {case}, set()):
        look()
        assert live() == left


def test_doing_it_again_changes_nothing(archived):
    before = everything()
    for _time in range(2):
        queue.enqueue("engine.archive_case", {"instance_id": archived})
        db.session.commit()
        queue.run_due()
    look()
    after = everything()
    assert {name: rows for name, rows in after.items() if name != "job"} == {
        name: rows for name, rows in before.items() if name != "job"
    }


def test_a_failure_in_the_middle_loses_nothing(case, monkeypatch):
    clock.stop_at(LATER)
    before = everything()

    def die(_packed):
        raise OSError("the plug was pulled")

    with monkeypatch.context() as broken:
        broken.setattr(archive, "drop", die)
        look()
    after = everything()
    assert {n: rows for n, rows in before.items() if n != "job"} == {
        n: rows for n, rows in after.items() if n != "job"
    }
    clock.stop_at(LATER + dt.timedelta(hours=1))
    queue.run_due()
    assert live() == set() and archive.unpack(case)["tables"]["event"]


@pytest.mark.parametrize("state", ["waiting", "held", "stuck", "failed"])
def test_a_case_with_a_job_of_its_own_is_left_to_it(case, state):
    clock.stop_at(LATER)
    assert retention.due(10) == [case]
    queue.enqueue("engine.archive_case", {"instance_id": case}, subject=f"archive:{case}")
    db.session.execute(sa.update(Job).values(state=state))
    assert retention.due(10) == []
    db.session.execute(sa.delete(Job))
    assert retention.due(10) == [case], "it is found again"


def test_a_long_case_goes_in_small_steps_and_is_whole_all_the_time(case, as_user, monkeypatch):
    monkeypatch.setattr(archive, "MOST_ROWS", 3)
    monkeypatch.setattr(retention, "MOMENT", 0.0)
    clock.stop_at(LATER)
    whole = archive.pack(case).marks
    total = sum(whole.values())
    db.session.commit()
    queue.enqueue("engine.archive_case", {"instance_id": case})
    db.session.commit()
    steps, left = 0, total
    while jobs := queue.claim(1):
        queue.perform(jobs[0])
        steps += 1
        now = sum(
            db.session.scalar(sa.select(sa.func.count()).select_from(table).where(column == case))
            for table, column in archive.tables().values()
        )
        assert left - now <= 3, "never more in one transaction"
        left = now
        assert as_user("zhangwei").get(f"/archive/{case}").status_code == 200
        kept = archive.unpack(case)["tables"]
        assert {name: len(rows) for name, rows in kept.items()} == whole
        db.session.commit()
    assert steps > 3 and live() == set()


def test_what_is_said_meanwhile_is_not_lost(case):
    clock.stop_at(LATER)
    packed = archive.pack(case)
    db.session.add(Comment(instance_id=case, login="lina", text="还有一句", at=LATER))
    db.session.commit()
    with pytest.raises(errors.Conflict):
        archive.move(packed)
    db.session.rollback()
    look()
    assert archive.unpack(case)["tables"]["comment"][-1]["text"] == "还有一句"


@pytest.mark.skipif(bool(databases.POSTGRES), reason="SQLite has one writer at a time")
def test_others_write_while_a_case_is_packed(case, app, monkeypatch):
    clock.stop_at(LATER)
    real, wrote = archive.pack_all, []

    def pack_all(ids):
        found = real(ids)
        other = sa.create_engine(db.engine.url, connect_args={"timeout": 0.2})
        with other.begin() as connection:
            connection.exec_driver_sql("update workspace set name = 'written meanwhile'")
            wrote.append(True)
        other.dispose()
        return found

    monkeypatch.setattr(archive, "pack_all", pack_all)
    look()
    assert wrote == [True] and live() == set()


def test_what_handlers_answered_is_forgotten_with_the_case(case):
    event = db.session.scalars(
        sa.select(Event).where(Event.instance_id == case, Event.element_id.is_not(None),
                               Event.token_id.is_not(None))
    ).first()  # fmt: skip
    mine = f"{case}:{event.element_id}:{event.token_id}"
    for key in (mine, f"{case}1:{event.element_id}:{event.token_id}"):
        db.session.add(HandlerJournal(key=key, handler="x.y", result={}, at=TODAY))
    db.session.commit()
    clock.stop_at(LATER)
    look()
    assert mine not in set(db.session.scalars(sa.select(HandlerJournal.key)))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(HandlerJournal)) == 1


def test_a_damaged_archive_says_so(archived, as_user):
    db.session.execute(sa.update(ArchivedContent).values(sha256="0" * 64))
    db.session.commit()
    with pytest.raises(ValueError, match="damaged"):
        archive.unpack(archived)


@pytest.mark.parametrize(
    ("text", "days", "span"),
    (
        (None, 10, relativedelta(days=10)), ("", 10, relativedelta(days=10)), (None, 0, None),
        ("180", 10, relativedelta(days=180)), ("P10Y", 0, relativedelta(years=10)),
        ("P1Y2M3D", 10, relativedelta(years=1, months=2, days=3)),
        ("P3650D", 10, relativedelta(days=3650)), ("soon", 10, relativedelta(days=10)),
        ("-P1D", 10, relativedelta(days=10)), ("-5", 0, None),
    ),
)  # fmt: skip
def test_the_process_s_own_word_comes_first(text, days, span):
    assert retention.age(text, days) == span


def test_a_process_that_says_thirty_days_goes_after_thirty_days(app):
    publish("P30D")
    number = finish()
    clock.stop_at(TODAY + dt.timedelta(days=29))
    look()
    assert live() == {number}
    clock.stop_at(TODAY + dt.timedelta(days=31))
    look()
    assert live() == set()


def test_zero_days_keep_everything(case, app):
    app.config["SETTINGS"] = type(app.config["SETTINGS"])(
        **{**vars(app.config["SETTINGS"]), "archive_days": 0}
    )
    clock.stop_at(LATER + relativedelta(years=50))
    look()
    assert live() == {case}


@pytest.mark.skipif(bool(databases.POSTGRES), reason="reads SQLite's plans")
def test_the_search_for_old_cases_reads_an_index(case):
    asked = []

    def note(_conn, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    clock.stop_at(LATER)
    sa.event.listen(db.engine, "before_cursor_execute", note)
    assert retention.due(10) == [case]
    sa.event.remove(db.engine, "before_cursor_execute", note)
    (statement, given) = next(one for one in asked if "caused_by" in one[0])
    plan = [
        row[3]
        for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
    ]
    assert any("ix_instance_finished" in line for line in plan), plan
    assert any("ix_instance_caused_by" in line for line in plan), plan
