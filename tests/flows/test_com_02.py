"""COM-02 通知发送."""

import datetime as dt
from typing import Any

import pytest

from app import clock
from app.db import db
from app.jobs import queue
from app.notify import notices, outbox
from app.notify.models import Outgoing
from app.records import log
from tests.flows.stage import Stage

CONTEXT = {"customer": "上海恒远", "number": "CU-202501-0001", "who": "张伟"}
CUSTOMER = {"name": "秦嘉", "email": "qin@example.com", "mobile": "13800000101",
            "is_customer": True, "consent": True}  # fmt: skip


def told(stage: Stage, *recipients: Any, **given: Any) -> int:
    given = {"template": "customer_merged", "context": CONTEXT, "dedupe_key": "k1", **given}
    return stage.start("p_com_02", None, recipients=list(recipients), **given)


def logged() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(db.select(log.MessageLog).order_by(log.MessageLog.id))
    return [(row.recipient, row.channel, row.state) for row in rows]


def outgoing() -> list[tuple[str, str, str]]:
    db.session.expire_all()
    rows = db.session.scalars(db.select(Outgoing).order_by(Outgoing.id))
    return [(row.channel, row.address, row.state) for row in rows]


def test_a_colleague_gets_a_notice_and_a_mail(stage: Stage):
    case = told(stage, "lina")
    assert stage.end(case) == "sent"
    assert "上海恒远" in notices.latest("lina")[0].text
    assert logged() == [("lina", "站内", "已发"), ("lina", "邮件", "待发")]
    assert stage.variables(case)["sent"] == 2


def test_a_mail_that_fails_becomes_a_text_message(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    def broken(row: Outgoing) -> None:
        raise OSError("no mail server")

    monkeypatch.setattr(outbox, "configured", lambda channel: channel == outbox.MAIL)
    monkeypatch.setattr(outbox, "_mail", broken)
    told(stage, {"name": "顾问", "email": "a@example.com", "mobile": "13800000009"})
    for minutes in (0, 1, 5):
        stage.wait(minutes=minutes)
    assert outgoing() == [
        ("邮件", "a@example.com", "已转"), ("短信", "13800000009", "待发")]  # fmt: skip


def test_a_customer_without_consent_is_not_written_to(stage: Stage):
    case = told(stage, {**CUSTOMER, "consent": False})
    assert stage.end(case) == "sent"
    assert logged() == [("qin@example.com", "不发", "不发")]
    assert outgoing() == []


def test_the_same_key_is_one_message(stage: Stage):
    for _again in range(2):
        told(stage, "lina", "lina")
    assert notices.unread("lina") == 1
    assert len(logged()) == 2


def test_a_customer_is_not_woken_at_night(stage: Stage):
    clock.stop_at(dt.datetime(2026, 3, 10, 14, 0, tzinfo=dt.UTC))  # 22:00 in Shanghai
    case = told(stage, CUSTOMER)
    assert logged() == []
    stage.go_to(dt.datetime(2026, 3, 11, 0, 0, tzinfo=dt.UTC))
    assert stage.end(case) == "sent"
    assert [channel for channel, *_rest in outgoing()] == ["短信", "邮件"]


def test_what_has_no_template_is_told_to_the_administrator(stage: Stage):
    case = told(stage, "lina", template="no_such_text")
    assert stage.end(case) == "not_sent"
    assert "no_such_text" in notices.latest("zhouning")[0].text
    assert notices.unread("lina") == 0


def test_a_mail_leaves_once(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    sent: list[str] = []
    monkeypatch.setattr(outbox, "configured", lambda channel: channel == outbox.MAIL)
    monkeypatch.setattr(outbox, "_mail", lambda row: sent.append(row.address))
    told(stage, "lina")
    queue.run_due()
    queue.run_due()
    assert sent == ["lina@example.com"]
    assert outgoing()[0][2] == "已发"
