"""A database that goes away while a job is done costs the job nothing."""

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.db import away, db
from app.jobs import queue, registry
from app.jobs.models import Job

happened: list[str] = []


def _lose() -> None:
    """The database fails for real: no room in the file, or the connection is cut."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))
    else:
        db.session.execute(sa.text("PRAGMA max_page_count = 1"))
        db.session.execute(sa.text("create table big as select zeroblob(100000) as it"))


@registry.job("test.away", retries=())
def work(payload: dict, _job: Job) -> None:
    """Fails the first time, and never because of the job."""
    happened.append(payload["name"])
    if len(happened) == 1:
        _lose()


@pytest.fixture(autouse=True)
def two_jobs(app: Flask):
    happened.clear()
    for name in "ab":
        queue.enqueue("test.away", {"name": name})
    db.session.commit()


def rows() -> list[tuple]:
    found = sa.select(Job.state, Job.attempts, Job.locked_by).order_by(Job.id)
    return [tuple(row) for row in db.session.execute(found)]


def test_the_runner_hears_that_the_database_is_away():
    with pytest.raises(OperationalError) as raised:
        queue.run_due()
    assert away(raised.value)
    assert happened == ["a"]


def test_the_next_look_does_the_jobs_at_once_and_counts_no_attempt():
    with pytest.raises(OperationalError):
        queue.run_due()
    db.session.rollback()
    db.engine.dispose()  # the connection that may not write another page
    assert [row[1] for row in rows()] == [1, 0], "begun and claimed"
    db.session.rollback()
    queue.take_up()
    assert rows() == [("waiting", 0, None)] * 2
    db.session.rollback()
    assert queue.run_due() == 2
    assert happened == ["a", "a", "b"] and rows() == []


def test_a_wrong_statement_is_the_jobs_own_fault(app: Flask):
    with pytest.raises(OperationalError if _is_sqlite() else sa.exc.ProgrammingError) as raised:
        db.session.execute(sa.text("select * from nowhere"))
    assert not away(raised.value)
    db.session.rollback()


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"
