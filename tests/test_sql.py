"""Statements that are kept as text do what SQLAlchemy's own do, and fail as they do."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db as ground
from app import sql
from app.accounts.models import Group, User
from app.db import db
from app.workspace import Workspace

_user, _group, _space = User.__table__, Group.__table__, Workspace.__table__
_GROUP = sa.select(_group.c.id, _group.c.name).where(sql.named(_group, "id"))
_MADE = sa.select(_space.c.id, _space.c.created_at).where(sql.named(_space, "id"))
_TWICE = sa.select(_user.c.name, _group.c.name, _group.c.id).where(
    sql.named(_user, "login"), sql.named(_group, "id")
)


def test_rows_are_read_by_name_and_by_place(app: Flask):
    row = sql.one(_GROUP, {"the_id": "admin"})
    assert row is not None and row.id == "admin" and row.name == row[1]
    assert sql.one(_GROUP, {"the_id": "nobody"}) is None


def test_of_two_columns_with_one_name_the_first_has_it(app: Flask):
    row = sql.one(_TWICE, {"the_login": "lina", "the_id": "admin"})
    assert row is not None and (row.name, row.id) == ("李娜", "admin")
    assert row[1] == db.session.get_one(Group, "admin").name


def test_a_moment_comes_back_aware(app: Flask):
    moment = dt.datetime(2026, 3, 10, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    number = sql.insert(_space, {"name": "练习", "created_at": moment, "clock_offset_seconds": 0})
    row = sql.one(_MADE, {"the_id": number})
    assert row is not None and row.created_at == moment and row.created_at.tzinfo == dt.UTC
    assert row.id == number


def test_a_value_without_a_name_is_refused(app: Flask):
    with pytest.raises(KeyError):
        sql.one(_GROUP, {})


def test_a_list_of_values_is_refused(app: Flask):
    several = sa.select(_group.c.id).where(_group.c.id.in_(sa.bindparam("ids", expanding=True)))
    with pytest.raises(TypeError, match="ids is a list"):
        sql.read(several, {"ids": ["admin"]})


def test_what_the_database_refuses_is_told_as_by_sqlalchemy(app: Flask):
    with pytest.raises(sa.exc.IntegrityError):
        sql.insert_all(_group, [{"id": "admin", "name": "又一个"}])
    db.session.rollback()
    assert sql.one(_GROUP, {"the_id": "admin"}) is not None


def test_a_savepoint_takes_back_what_was_written_in_it(app: Flask):
    sql.insert_all(_group, [{"id": "kept", "name": "留"}])
    inside = db.session.begin_nested()
    sql.insert_all(_group, [{"id": "gone", "name": "去"}, {"id": "gone2", "name": "去"}])
    inside.rollback()
    assert sql.one(_GROUP, {"the_id": "gone"}) is None
    assert sql.one(_GROUP, {"the_id": "kept"}) is not None


def test_what_was_read_stays_when_writing_begins(app: Flask):
    ground.set_reading(True)
    try:
        person = db.session.get_one(User, "lina")
        on = sql.connection()
        ground.begin_writing()
        assert sql.connection() is on
        assert not sa.inspect(person).expired
        sql.insert_all(_group, [{"id": "new", "name": "新"}])
        db.session.commit()
        assert sql.one(_GROUP, {"the_id": "new"}) is not None
    finally:
        ground.set_reading(False)
