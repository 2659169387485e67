"""Mail leaves over SMTP: once, again after a failure, and nobody waits for a slow server."""

import dataclasses
import datetime as dt
import re
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, workspace
from app.accounts.models import Group
from app.db import db
from app.engine import repair
from app.jobs import queue
from app.jobs.models import Job
from app.notify import outbox
from app.notify.models import FAILED, SENT, WAITING, Outgoing
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.notify.post import PostOffice, post_office

CASE = process(start(), user("a"), end(), flows("s a", "a e"))


@pytest.fixture
def office(app: Flask) -> Iterator[PostOffice]:
    """The settings' mail server."""
    with post_office() as running:
        use(app, running.url)
        yield running


def use(app: Flask, url: str) -> None:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], mail_url=url)


def write(key: str = "k", **more: object) -> int:
    id = outbox.put("邮件", "lina@example.com", "到期", "请处理", key=key, **more).id
    db.session.commit()
    return id


def state(id: int) -> str:
    return db.session.scalar(sa.select(Outgoing.state).where(Outgoing.id == id))


def later(minutes: float) -> int:
    clock.stop_at(clock.now() + dt.timedelta(minutes=minutes))
    return queue.run_due()


def test_a_mail_leaves_once(office: PostOffice):
    mail = write()
    write()
    assert later(0) == 1 and later(60) == 0
    (text,) = office.mails
    assert "To: lina@example.com" in text and state(mail) == SENT


def test_a_server_that_refuses_is_asked_again_with_back_off_and_ends_in_an_incident(
    office: PostOffice,
):
    desk.publish(CASE)
    case = desk.begin()
    office.mood = "refuses"
    mail = write(instance_id=case.id)
    calls = []
    for minutes in (0, 0.5, 0.6, 4, 1.1):
        later(minutes)
        calls.append(office.calls)
        assert state(mail) == WAITING or minutes == 1.1
    assert calls == [1, 1, 2, 2, 3], "at once, after one minute, after five more"
    (found,) = desk.incidents()
    assert (found.instance_id, found.kind, state(mail)) == (case.id, "effect", FAILED)
    assert "451" in found.message and later(600) == 0
    office.mood = "takes"
    repair.retry(found.id, reason="服务器恢复", by="zhouning")
    db.session.commit()
    assert later(0) == 1 and len(office.mails) == 1
    assert state(mail) == SENT and desk.incidents() == []


def test_a_mail_whose_receipt_was_lost_comes_again_under_the_same_name(office: PostOffice):
    office.mood = "cuts"
    mail = write()
    later(0)
    assert state(mail) == WAITING
    office.mood = "takes"
    later(1.1)
    names = [re.search("Message-ID: (.+)", text)[1] for text in office.mails]
    assert len(names) == 2 and len(set(names)) == 1 and state(mail) == SENT


def test_nobody_waits_for_a_server_that_hangs(app: Flask, office: PostOffice):
    office.mood = "hangs"
    mail = write()

    def work() -> None:
        with app.app_context():
            queue.run_due()
            db.session.remove()

    db.session.remove()
    worker = threading.Thread(target=work)
    worker.start()
    try:
        until = time.monotonic() + 60
        while not office.calls and time.monotonic() < until:
            time.sleep(0.01)
        db.session.add(Group(id="meanwhile", name="x"))
        db.session.commit()
        assert office.calls == 1 and worker.is_alive(), "it still hangs, and the commit is done"
    finally:
        office.mood = "takes"
        worker.join()
    assert state(mail) == SENT


def test_what_waited_for_a_gateway_leaves_when_there_is_one(app: Flask):
    mail = write()
    assert later(0) == 1 and state(mail) == WAITING
    with post_office() as office:
        use(app, office.url)
        for _n in range(2):
            outbox.flush({}, Job())
            db.session.commit()
        assert later(0) == 1
        assert len(office.mails) == 1 and state(mail) == SENT


def test_a_message_that_waits_for_its_next_attempt_is_not_hurried(office: PostOffice):
    office.mood = "refuses"
    write()
    later(0)
    outbox.flush({}, Job())
    db.session.commit()
    assert later(0) == 0 and office.calls == 1
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 1


def test_practice_writes_to_nobody(office: PostOffice):
    made = {"name": "练习", "clock_offset_seconds": 0, "created_at": clock.real_now()}
    db.session.add(workspace.Workspace(id=2, **made))
    with workspace.use(2):
        write()
    clock.stop_at(clock.real_now(), 2)
    try:
        later(10)
    finally:
        clock.stop_at(None, 2)
    assert office.mails == [] and office.calls == 0
