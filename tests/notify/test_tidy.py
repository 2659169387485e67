"""Messages do not pile up for ever: what was sent long ago is forgotten, a little at a time."""

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from app import clock
from app.db import db
from app.jobs import queue, registry
from app.jobs.models import Job
from app.notify import chores
from app.notify.models import FAILED, PASSED_ON, SENT, WAITING, Notice, Outgoing
from tests import database as databases
from tests.inbox.test_list import asked_by, explained

OLD, YOUNG = dt.timedelta(days=366), dt.timedelta(days=364)


def message(state: str, age: dt.timedelta, count: int = 1) -> None:
    first = db.session.scalar(sa.select(sa.func.count()).select_from(Outgoing)) or 0
    db.session.add_all(
        Outgoing(key=f"m{first + n}", channel="邮件", address="a@example.com", subject="s",
                 body="b", state=state, at=clock.now() - age)
        for n in range(count)
    )  # fmt: skip
    db.session.commit()


def notice(age: dt.timedelta, count: int = 1) -> None:
    at = clock.now() - age
    db.session.add_all(Notice(login="lina", text="x", at=at) for _n in range(count))
    db.session.commit()


def states() -> list[str]:
    return sorted(db.session.scalars(sa.select(Outgoing.state)))


def notices() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Notice))


def set_days(app, days: int) -> None:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], message_days=days)


@pytest.fixture
def days(app):
    before = app.config["SETTINGS"]
    yield lambda number: set_days(app, number)
    app.config["SETTINGS"] = before


def test_what_was_sent_long_ago_is_gone_and_nothing_that_waits_for_somebody(app):
    for state in (SENT, PASSED_ON, WAITING, FAILED):
        message(state, OLD)
    message(SENT, YOUNG)
    notice(OLD)
    notice(YOUNG)
    assert chores.tidy({}, Job()) is None
    assert states() == sorted([WAITING, FAILED, SENT])
    assert notices() == 1


def test_the_number_of_a_message_is_not_given_again(app):
    message(SENT, OLD, 3)
    last = db.session.scalar(sa.select(sa.func.max(Outgoing.id)))
    chores.tidy({}, Job())
    db.session.commit()
    assert states() == [SENT]
    message(SENT, YOUNG)
    assert db.session.scalar(sa.select(sa.func.max(Outgoing.id))) > last


def test_zero_days_keep_everything(app, days):
    days(0)
    message(SENT, OLD, 2)
    notice(OLD, 2)
    assert chores.tidy({}, Job()) is None
    assert len(states()) == notices() == 2


def test_it_goes_on_a_moment_later_until_all_are_gone(app, monkeypatch):
    monkeypatch.setattr(registry, "BATCH", 3)
    message(SENT, OLD, 5)
    notice(YOUNG)
    queue.enqueue("notify.tidy", {}, key="every:notify.tidy")
    db.session.commit()
    for left in (2, 1):
        before = clock.now()
        clock.stop_at(before)
        queue.run_due()
        assert len(states()) == left
        at = db.session.scalar(sa.select(Job.run_at).where(Job.kind == "notify.tidy"))
        clock.stop_at(at)
        assert at - before == dt.timedelta(seconds=registry.SOON if left == 2 else 3600)


def test_it_reads_no_more_than_it_deletes(app):
    """Nothing old among many: neither all messages nor all notices are looked through."""
    message(SENT, YOUNG, 3)
    notice(YOUNG, 3)
    asked = [one for one in asked_by(lambda: chores.tidy({}, Job())) if "LIMIT" in one[0]]
    assert len(asked) == 3
    if not databases.POSTGRES:  # whose planner reads three rows as it likes
        for text, given in asked:
            plan = " ".join(explained(text, given))
            assert "TEMP B-TREE" not in plan, plan
