"""The disk is full in the middle of a step: the person is told so, nothing is half written, and the
same works when there is room again. SQLite then ends the whole transaction, savepoints and all."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.engine import run
from app.engine.handlers import Step, handler
from app.engine.models import Event
from app.inbox.models import Comment
from app.jobs import queue
from app.jobs.models import Job
from tests.database import POSTGRES
from tests.engine import desk
from tests.engine.draw import end, flows, process, service, start, user

LARGE = 400_000  # characters, more than what is free in the pages that there are
pytestmark = pytest.mark.skipif(
    bool(POSTGRES), reason="PostgreSQL does not end a transaction by itself"
)


@handler()
def write_much(step: Step) -> None:
    """A remark that needs many pages."""
    db.session.add(
        Comment(instance_id=step.instance_id, task_id=None, login="lina", text="x" * LARGE,
                at=step.now)
    )  # fmt: skip
    db.session.flush()


FLOW = process(
    start(), user("a"), service("grow", "test_full.write_much"), user("b"), end(),
    flows("s a", "a grow", "grow b", "b e"),
)  # fmt: skip
LATER = (FLOW[0], FLOW[1].replace(b'id="grow"', b'id="grow" camunda:asyncBefore="true"'))


@pytest.fixture
def room(app: Flask) -> list[int]:
    """How many pages the database may have from its next transaction on; by default, enough."""
    pages = [1_000_000]

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

    sa.event.listen(db.engine, "begin", limit)
    return pages


def no_more(room: list[int]) -> None:
    room[0] = db.session.scalar(sa.text("PRAGMA page_count"))
    db.session.remove()


def test_a_person_is_told_and_does_it_again_when_there_is_room(app: Flask, room, as_user):
    desk.publish(FLOW)
    case = desk.begin().id
    task = desk.task("a").id
    run.claim(task, "zhangwei")
    db.session.commit()
    events = desk.count(Event)
    no_more(room)
    browser = as_user("zhangwei")
    answer = browser.post(f"/tasks/{task}/complete", data={})
    assert answer.status_code == 503 and "暂时不能写入" in answer.text
    assert browser.get(f"/instances/{case}").status_code == 200, "reading goes on"
    room[0] = 1_000_000
    db.session.remove()
    assert desk.names() == ["a"] and desk.count(Comment) == 0 and desk.count(Event) == events
    db.session.remove()
    assert browser.post(f"/tasks/{task}/complete", data={}).status_code == 303
    assert desk.names() == ["b"] and desk.count(Comment) == 1


def test_a_job_is_free_again_and_is_done_when_there_is_room(app: Flask, room):
    desk.publish(LATER)
    desk.begin()
    desk.complete("a")
    no_more(room)
    with pytest.raises(sa.exc.OperationalError):
        queue.run_due()
    room[0] = 1_000_000
    db.session.remove()
    assert desk.names() == [] and desk.incidents() == []
    db.session.remove()
    queue.run_due()
    assert desk.names() == ["b"] and desk.count(Job) == 0
