"""Every night the records are checked, and administrators hear what does not agree."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import db
from app.jobs import queue
from app.notify import notices
from app.records import audit
from tests.engine.other import Other

NIGHT = dt.datetime(2026, 3, 10, 18, 30, tzinfo=dt.UTC)  # half past two in the morning here
SAME = sa.text("UPDATE warehouse_stock SET on_hand = on_hand")
NOON = dt.datetime(2026, 3, 11, 4, 0, tzinfo=dt.UTC)


def pass_time(moment: dt.datetime) -> None:
    clock.stop_at(moment)
    queue.ensure_periodic()
    queue.run_due()


def heard(login: str) -> list[str]:
    return [one.text for one in notices.latest(login) if "不一致" in one.text]


@pytest.fixture
def wrong_total(demo) -> None:
    db.session.execute(sa.text("UPDATE warehouse_stock SET on_hand = on_hand + 1000"))
    db.session.commit()


def test_administrators_hear_in_the_morning_and_nobody_else_does(wrong_total):
    pass_time(NIGHT)
    (text,) = heard("zhouning")
    assert "06 " in text
    assert heard("zhangwei") == heard("baijie") == []


def test_nothing_is_said_when_all_is_well(demo):
    pass_time(NIGHT)
    assert heard("zhouning") == []


def test_while_records_are_checked_others_write(demo, app: Flask, monkeypatch: pytest.MonkeyPatch):
    asked, others, waiting = audit.check_all, [], []

    def meanwhile() -> list[audit.Breach]:
        found = asked()  # what it read it holds as long as its transaction
        others.append(Other(app, lambda: db.session.execute(SAME)).waits())
        waiting.append(others[-1].is_alive())
        return found

    monkeypatch.setattr(audit, "check_all", meanwhile)
    pass_time(NIGHT)
    assert waiting == [False]
    assert [one.ended().problem for one in others] == [None]
    assert heard("zhouning") == []


def test_nothing_is_checked_in_the_day(wrong_total):
    pass_time(NOON)
    assert heard("zhouning") == []
