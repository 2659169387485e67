"""Statements that go to the database together do what they would do one by one."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

import config
from app import pipelined, sql
from app.accounts.models import Group
from app.db import db
from app.engine.models import Event
from app.engine.published import FileContent
from tests import database
from tests.engine import desk

_group = Group.__table__
_GROUP = sa.select(_group.c.id, _group.c.name).where(sql.named(_group, "id"))
_RENAME = sa.update(_group).where(sql.named(_group, "id")).values(name=sa.bindparam("to_name"))
_REMOVE = sa.delete(_group).where(sql.named(_group, "id"))
on_postgres = pytest.mark.skipif(not database.POSTGRES, reason="what PostgreSQL's wire carries")


def name_of(id: str) -> str | None:
    row = sql.one(_GROUP, {"the_id": id})
    return row.name if row else None


@pytest.fixture
def ways(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each way to PostgreSQL carried."""
    made: list[int] = []
    run = pipelined.run

    def counted(on, todo):
        made.append(len(todo))
        return run(on, todo)

    monkeypatch.setattr(pipelined, "run", counted)
    return made


def test_what_is_written_together_is_there_at_the_end_in_its_order(app: Flask):
    with sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        sql.write(_RENAME, {"the_id": "new", "to_name": "二"})
        sql.write(_RENAME, {"the_id": "new", "to_name": "三"})
    assert name_of("new") == "三"


def test_every_look_inside_sees_what_was_written_before_it(app: Flask):
    with sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        assert name_of("new") == "一"
        sql.write(_RENAME, {"the_id": "new", "to_name": "二"})
        assert db.session.scalar(sa.select(Group.name).where(Group.id == "new")) == "二"
        sql.write(_RENAME, {"the_id": "new", "to_name": "三"})
        assert sql.execute(sa.select(_group.c.name).where(_group.c.id == "new")).scalar() == "三"


def test_together_within_together_ends_with_the_outer_one(app: Flask):
    with sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        with sql.together():
            sql.write(_RENAME, {"the_id": "new", "to_name": "二"})
    assert name_of("new") == "二"


def test_several_looks_each_see_what_is_so_by_then(app: Flask):
    sql.insert_all(_group, [{"id": "a", "name": "甲"}, {"id": "b", "name": "乙"}])
    found = sql.reads(
        (_GROUP, {"the_id": "a"}), (_GROUP, {"the_id": "x"}), (_GROUP, {"the_id": "b"})
    )
    assert [[row.name for row in rows] for rows in found] == [["甲"], [], ["乙"]]


def test_what_is_refused_is_told_at_the_end_at_the_latest_and_nothing_of_it_stays(app: Flask):
    with pytest.raises(sa.exc.IntegrityError), sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        sql.insert_all(_group, [{"id": "admin", "name": "又一个"}])
        sql.insert_all(_group, [{"id": "after", "name": "之后"}])
    db.session.rollback()
    assert [name_of(id) for id in ("new", "after")] == [None, None]
    assert name_of("admin") is not None


def test_what_an_error_left_behind_is_not_written_by_who_comes_next(app: Flask):
    with pytest.raises(ZeroDivisionError), sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        raise ZeroDivisionError
    db.session.rollback()
    with sql.together():
        sql.insert_all(_group, [{"id": "other", "name": "二"}])
    assert [name_of(id) for id in ("new", "other")] == [None, "二"]


def test_after_a_rollback_the_same_statements_work_on(app: Flask):
    for number in range(4):
        sql.insert_all(
            _group, [{"id": f"n{number}", "name": "名"}, {"id": f"m{number}", "name": "名"}]
        )
        assert name_of(f"n{number}") == "名"
        db.session.rollback()
        assert name_of(f"n{number}") is None


def test_in_a_savepoint_what_was_refused_is_taken_back_and_the_rest_stays(app: Flask):
    sql.insert_all(_group, [{"id": "kept", "name": "留"}])
    inside = db.session.begin_nested()
    with pytest.raises(sa.exc.IntegrityError):
        sql.insert_all(_group, [{"id": "admin", "name": "又一个"}])
    inside.rollback()
    assert name_of("kept") == "留"


@on_postgres
def test_what_is_written_together_goes_on_one_way(ways):
    with sql.together():
        for number in range(5):
            sql.insert_all(_group, [{"id": f"n{number}", "name": "名"}])
        sql.write(_REMOVE, [{"the_id": f"n{number}"} for number in range(5)])
        assert ways == []
    assert ways == [10]


@on_postgres
def test_a_look_takes_with_it_what_was_to_be_written(ways):
    with sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        assert name_of("new") == "一"
    assert ways == [2]


@on_postgres
def test_a_statement_is_prepared_once_for_a_connection(app: Flask):
    def prepared() -> int:
        return db.session.scalar(
            sa.text("select count(*) from pg_prepared_statements where name like 'shunliu%'")
        )

    name_of("admin")
    before = prepared()
    for _number in range(3):
        db.session.rollback()
        name_of("admin")
        db.session.commit()
        name_of("sales_rep")
    assert prepared() == before > 0


@on_postgres
def test_a_statement_that_the_database_has_forgotten_is_prepared_anew(app: Flask):
    assert name_of("admin")
    db.session.execute(sa.text("deallocate all"))
    with pytest.raises(sa.exc.DBAPIError):
        name_of("admin")
    db.session.rollback()
    assert name_of("admin")


@on_postgres
def test_a_refused_statement_is_prepared_again_the_next_time(app: Flask):
    unknown = sa.select(sa.literal_column("nobody_knows")).select_from(_group)
    for _number in range(2):
        with pytest.raises(sa.exc.ProgrammingError):
            sql.read(unknown, {})
        db.session.rollback()
    assert name_of("admin")


@on_postgres
def test_a_text_that_postgresql_cannot_keep_is_refused_in_words(app: Flask):
    with pytest.raises(sa.exc.DataError):
        sql.write(_RENAME, {"the_id": "admin", "to_name": "a\0b"})
    db.session.rollback()
    assert name_of("admin")


@on_postgres
def test_a_connection_that_was_cut_is_known_as_such(app: Flask):
    assert name_of("admin")
    me = db.session.scalar(sa.text("select pg_backend_pid()"))
    with db.engine.connect() as other:
        other.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": me})
    with pytest.raises(sa.exc.OperationalError) as told:
        name_of("admin")
    assert told.value.connection_invalidated
    db.session.rollback()
    assert name_of("admin")


@on_postgres
def test_who_loses_the_connection_in_the_middle_of_writing_is_told_so(app: Flask):
    name_of("admin")
    me = db.session.scalar(sa.text("select pg_backend_pid()"))
    with pytest.raises(sa.exc.OperationalError) as told, sql.together():
        sql.insert_all(_group, [{"id": "new", "name": "一"}])
        with db.engine.connect() as other:
            other.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": me})
    assert told.value.connection_invalidated
    db.session.rollback()
    assert name_of("new") is None


def test_bytes_arrive_as_they_are_one_row_or_several(app: Flask):
    files, every = FileContent.__table__, bytes(range(256)) * 3
    content = sa.select(files.c.content).where(sql.named(files, "hash"))
    sql.insert_all(files, [{"hash": "a", "content": every}])
    sql.insert_all(files, [{"hash": "b", "content": every}, {"hash": "c", "content": b""}])
    for name, expected in (("a", every), ("b", every), ("c", b"")):
        found = sql.one(content, {"the_hash": name})
        assert found is not None and bytes(found.content) == expected


def test_amounts_moments_and_missing_values_arrive_as_they_are(app: Flask):
    event, moment = Event.__table__, dt.datetime(2026, 3, 10, 1, 30, 0, 250, tzinfo=dt.UTC)
    desk.publish(("peer.bpmn", (config.ROOT / "tests/bench/peer.bpmn").read_bytes()))
    case = desk.begin("peer", rejected=False, again=False).id
    row = {
        "workspace_id": 1, "instance_id": case, "at": moment, "kind": "note", "by": None,
        "data": {"amount": Decimal("1234567.10"), "text": "引号\"与\\ 😀"},
    }  # fmt: skip
    sql.insert_all(event, [row, row | {"by": "lina", "data": None}])
    found = db.session.execute(
        sa.select(Event.at, Event.by, Event.data).where(Event.kind == "note").order_by(Event.id)
    ).all()
    assert [tuple(one) for one in found] == [
        (moment, None, row["data"]), (moment, "lina", None),
    ]  # fmt: skip
