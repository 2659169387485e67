"""A step that does not end is no incident until somebody gives it up."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app import errors
from app.db import db
from app.engine import repair, run
from app.engine.handlers import Step, handler
from app.jobs import queue
from app.jobs.models import Job
from tests.database import POSTGRES
from tests.engine import desk
from tests.engine.draw import flows, process, service, start, user
from tests.engine.other import Other

calls: list[str] = []


@handler()
def book(step: Step) -> None:
    """Somebody has asked for it."""
    calls.append(step.element_id)


@pytest.fixture(autouse=True)
def nothing_called():
    calls.clear()


ASIDE = process(
    start(), service("first", "test_hanging.book", camunda_asyncBefore="true"), user("b"),
    flows("s first", "first b"),
)  # fmt: skip


def hangs(worker: str) -> int:
    """A job that this worker has begun, and that takes too long."""
    (job_id,) = queue.claim(worker=worker)
    assert queue._begin(job_id, worker) is not None
    db.session.execute(sa.update(Job).where(Job.id == job_id).values(state="stuck"))
    db.session.commit()
    return job_id


def test_a_step_that_hangs_and_is_given_up_is_an_incident_and_can_be_repaired(app: Flask):
    desk.publish(ASIDE)
    desk.begin()
    job_id = hangs("elsewhere")
    assert desk.incidents() == []
    queue.give_up(job_id)
    db.session.commit()
    (found,) = desk.incidents()
    assert (found.element_id, found.attempts) == ("first", 1) and "不再等待" in found.message
    repair.retry(found.id, reason="又试", by="zhouning")
    db.session.commit()
    assert desk.names() == ["b"] and calls == ["first"] and desk.count(Job) == 0


@pytest.mark.skipif(not POSTGRES, reason="SQLite has one writer at a time")
def test_a_job_that_holds_its_case_is_given_up_only_after_its_process_has_gone(app: Flask):
    desk.publish(ASIDE)
    case = desk.begin().id
    job_id = hangs("elsewhere")
    holds, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        run.case(case)
        holds.set()
        let_go.wait(60)

    other = Other(app, hold)
    assert holds.wait(60)
    db.session.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
    try:
        with pytest.raises(errors.Conflict, match="重启"):
            queue.give_up(job_id)
    finally:
        db.session.rollback()
        let_go.set()
        other.ended()
    queue.give_up(job_id)
    db.session.commit()
    assert len(desk.incidents()) == 1
