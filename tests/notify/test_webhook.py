"""Webhooks hear of cases: written with the step, sent after it, signed, again after a failure."""

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, workspace
from app.accounts.models import Group
from app.db import db
from app.engine import run
from app.engine.handlers import Step, handler
from app.jobs import queue
from app.jobs.models import Job
from app.notify import events, sealing, webhooks
from app.notify.models import FAILED, SENT, SKIPPED, WAITING, Delivery, Webhook
from tests.engine import desk
from tests.engine.draw import end, flows, process, service, start, user
from tests.notify.receiver import Receiver, listening

CASE = process(start(), user("a"), user("b"), end(), flows("s a", "a b", "b e"))
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@handler()
def break_down(step: Step) -> None:
    """Never works."""
    raise RuntimeError("secret of Mrs Li")


BROKEN = process(
    start(), user("x"), service("y", "test_webhook.break_down"), end(),
    flows("s x", "x y", "y e"), id="broken",
)  # fmt: skip


@pytest.fixture
def receiver(app: Flask) -> Iterator[Receiver]:
    """Somebody on this machine, whom the settings allow."""
    allow(app, "127.0.0.0/8")
    with listening() as running:
        yield running


def allow(app: Flask, networks: str) -> None:
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(settings, webhook_networks=networks)


def register(url: str, *names: str, **more: object) -> int:
    wanted = {"processes": [], "fields": [], "active": True} | more
    hook = Webhook(name="ERP", url=url, sealed=sealing.seal(SECRET), events=list(names or events.NAMES),
                   created_at=clock.now(), **wanted)  # fmt: skip
    db.session.add(hook)
    db.session.commit()
    events.forget()
    return hook.id


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Delivery).order_by(Delivery.id)))


def later(minutes: float = 0) -> int:
    clock.stop_at(clock.now() + dt.timedelta(minutes=minutes))
    return queue.run_due()


def test_what_happens_in_a_case_is_told_in_its_order(receiver: Receiver):
    register(receiver.url)
    desk.publish(CASE)
    case = desk.begin(by="lina")
    run.complete(desk.task("a").id, {"outcome": "yes"}, by="zhangwei")
    db.session.commit()
    task = desk.task("b").id
    run.cancel(case.id, "x", "zhouning")
    db.session.commit()
    later()
    assert [one["type"] for one in receiver.bodies] == [
        "case.started", "task.opened", "task.completed", "task.opened", "task.cancelled",
        "case.cancelled",
    ]  # fmt: skip
    started, opened, done = receiver.bodies[:3]
    assert started["version"] == 1 and started["timestamp"] == "2026-03-10T01:00:00.000Z"
    assert started["data"] == {
        "workspace": 1, "case": case.id, "process": "p", "business_key": None, "by": "lina",
    }  # fmt: skip
    assert (opened["data"]["element"], opened["data"]["element_name"]) == ("a", "a")
    assert (done["data"]["by"], done["data"]["outcome"]) == ("zhangwei", "yes")
    assert receiver.bodies[4]["data"]["task"] == task
    assert {row.state for row in deliveries()} == {SENT}
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 0


def test_a_delivery_is_signed_and_named_as_standard_webhooks_does(receiver: Receiver):
    register(receiver.url, "case.started")
    desk.publish(CASE)
    desk.begin()
    later()
    (heard,) = receiver.heard
    key, at = heard.headers["webhook-id"], heard.headers["webhook-timestamp"]
    signed = f"{key}.{at}.".encode() + heard.raw
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == f"v1,{expected}"
    assert heard.body["id"] == key and abs(int(at) - time.time()) < 60
    assert heard.path == "/hook?a=b"
    assert heard.headers["content-type"] == "application/json; charset=utf-8"


def test_only_the_chosen_events_of_the_chosen_processes_are_told(receiver: Receiver):
    register(receiver.url, "task.completed", processes=["p"])
    register(receiver.url, "task.completed", processes=["other"])
    desk.publish(CASE)
    desk.begin()
    desk.complete("a")
    later()
    assert [(one["type"], one["data"]["element"]) for one in receiver.bodies] == [
        ("task.completed", "a")
    ]


def test_values_are_told_only_when_chosen_and_private_ones_never(receiver: Receiver):
    register(receiver.url, "case.started")
    register(receiver.url, "case.started", fields=["amount", "customer", "nowhere"])
    desk.publish(CASE)
    desk.begin(amount=Decimal("12.50"), note="Mrs Li", on=dt.date(2026, 3, 9),
               customer={"name": "华星", "birthday": dt.date(1980, 1, 1)})  # fmt: skip
    later()
    plain, chosen = (one["data"] for one in receiver.bodies)
    assert "values" not in plain
    assert chosen["values"] == {"amount": "12.50", "customer": {"name": "华星", "birthday": "***"}}


def test_values_that_are_too_large_are_left_out_and_it_says_so(receiver: Receiver):
    register(receiver.url, "case.started", fields=["text"])
    desk.publish(CASE)
    desk.begin(text="长" * events.LARGEST)
    later()
    (told,) = receiver.bodies
    assert told["data"]["values"] == {} and told["data"]["values_left_out"] is True


def test_an_incident_is_told_without_its_message(receiver: Receiver):
    register(receiver.url, "incident.opened")
    desk.publish(BROKEN)
    desk.begin("broken")
    desk.complete("x")
    for _attempt in range(4):
        desk.work(hours=1)
    later()
    (told,) = receiver.bodies
    assert (told["data"]["element"], told["data"]["kind"]) == ("y", "handler")
    assert "Mrs Li" not in receiver.heard[0].raw.decode()
    assert told["data"]["incident"] == desk.incidents()[0].id


def test_a_step_that_is_rolled_back_tells_nobody(receiver: Receiver):
    register(receiver.url)
    desk.publish(CASE)
    run.start("p", {}, by="lina")
    db.session.rollback()
    assert later() == 0 and deliveries() == [] and receiver.heard == []


def test_without_a_webhook_a_step_asks_once_and_then_only_its_memory(app: Flask):
    desk.publish(CASE)
    asked: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    events.forget()
    for _case in range(5):
        desk.begin()
    looks = [text for text in asked if "FROM webhook" in text]
    assert len(looks) == 1 and deliveries() == []


def test_a_receiver_that_refuses_is_asked_again_with_back_off_and_ends_as_a_failed_job(
    receiver: Receiver,
):
    register(receiver.url, "case.started")
    receiver.status = 500
    desk.publish(CASE)
    desk.begin()
    counts = []
    for minutes in (0, 0.9, 0.2, 4.8, 0.3, 30.1, 120.1, 360.1, 2000):
        later(minutes)
        counts.append(len(receiver.heard))
    assert counts == [1, 1, 2, 2, 3, 4, 5, 6, 6]
    assert len({one.headers["webhook-id"] for one in receiver.heard}) == 1
    assert len({one.raw for one in receiver.heard}) == 1, "the same bytes each time"
    (row,) = deliveries()
    assert (row.state, row.status, row.attempts) == (FAILED, 500, 6)
    assert "no room" in row.error
    (job,) = db.session.scalars(sa.select(Job))
    assert (job.state, job.kind) == ("failed", events.KIND)
    assert desk.incidents() == []
    receiver.status = 204
    queue.retry(job.id)
    db.session.commit()
    later()
    assert (deliveries()[0].state, deliveries()[0].error) == (SENT, None)
    assert db.session.scalar(sa.select(Webhook.failures)) == 0


def test_a_receiver_that_is_down_rests_and_does_not_hold_up_the_rest(receiver: Receiver):
    register(receiver.url, "case.started")
    receiver.status = 503
    desk.publish(CASE)
    for _case in range(5):
        desk.begin()
    later()
    assert len(receiver.heard) == 1, "one has found out, the others wait"
    receiver.status = 200
    later(0.2)
    assert len(receiver.heard) == 5
    later(1)
    assert {row.state for row in deliveries()} == {SENT} and len(receiver.heard) == 6


def test_a_receiver_that_does_not_want_this_one_gets_the_others(receiver: Receiver):
    register(receiver.url, "case.started")
    receiver.status = 400
    desk.publish(CASE)
    for _case in range(3):
        desk.begin()
    later()
    assert len(receiver.heard) == 3


def test_a_redirect_is_not_followed(receiver: Receiver):
    with listening() as other:
        register(receiver.url, "case.started")
        receiver.status, receiver.headers = 302, {"Location": other.url}
        desk.publish(CASE)
        desk.begin()
        later()
        assert len(receiver.heard) == 1 and other.heard == []
    assert deliveries()[0].status == 302 and deliveries()[0].state == WAITING


@pytest.mark.parametrize("mood", ["hangs", "drips", "cuts"])
def test_an_answer_that_never_comes_is_a_failure_after_the_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, mood: str
):
    monkeypatch.setitem(webhooks.reach.post.__kwdefaults__, "seconds", 0.5)
    register(receiver.url, "case.started")
    receiver.mood = mood
    desk.publish(CASE)
    desk.begin()
    later()
    (row,) = deliveries()
    assert (row.state, row.attempts, row.status) == (WAITING, 1, None)
    assert len(receiver.heard) == 1 and row.error.startswith("127.0.0.1: ")
    receiver.mood = "answers"
    later(1.1)
    assert deliveries()[0].state == SENT
    assert receiver.heard[0].headers["webhook-id"] == receiver.heard[1].headers["webhook-id"]


def test_nobody_waits_for_a_receiver_that_hangs(app: Flask, receiver: Receiver):
    register(receiver.url, "case.started")
    receiver.mood = "hangs"
    desk.publish(CASE)
    desk.begin()

    def work() -> None:
        with app.app_context():
            queue.run_due()
            db.session.remove()

    db.session.remove()
    worker = threading.Thread(target=work)
    worker.start()
    try:
        until = time.monotonic() + 10
        while not receiver.heard and time.monotonic() < until:
            time.sleep(0.01)
        assert receiver.heard
        db.session.add(Group(id="meanwhile", name="x"))
        db.session.commit()
        assert worker.is_alive(), "written while the receiver was still silent"
    finally:
        receiver.mood = "answers"
        worker.join()
    assert deliveries()[0].state == SENT


def test_practice_tells_nobody(receiver: Receiver):
    register(receiver.url)
    desk.publish(CASE)
    made = {"name": "练习", "clock_offset_seconds": 0, "created_at": clock.real_now()}
    db.session.add(workspace.Workspace(id=2, **made))
    db.session.commit()
    clock.stop_at(clock.now(), 2)
    try:
        with workspace.use(2):
            desk.begin()
        later(1)
    finally:
        clock.stop_at(None, 2)
    assert receiver.heard == [] and deliveries() == []


def test_what_waits_for_a_webhook_that_was_switched_off_is_not_sent(receiver: Receiver):
    hook = register(receiver.url, "case.started")
    desk.publish(CASE)
    desk.begin()
    db.session.execute(sa.update(Webhook).where(Webhook.id == hook).values(active=False))
    db.session.commit()
    later()
    assert receiver.heard == [] and deliveries()[0].state == SKIPPED


def test_what_waits_for_a_webhook_that_is_gone_is_gone(receiver: Receiver):
    hook = register(receiver.url, "case.started")
    desk.publish(CASE)
    desk.begin()
    db.session.execute(sa.delete(Webhook).where(Webhook.id == hook))
    db.session.commit()
    later()
    assert receiver.heard == [] and deliveries() == []
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 0


def test_old_deliveries_are_forgotten_but_not_those_that_wait(receiver: Receiver):
    hook = register(receiver.url)
    for state in (SENT, FAILED, WAITING):
        number = events.put(hook, "test", {})
        long_ago = clock.now() - webhooks.KEEP - dt.timedelta(hours=1)
        row = sa.update(Delivery).where(Delivery.id == number)
        db.session.execute(row.values(state=state, at=long_ago))
    events.put(hook, "test", {})
    webhooks.forget({}, Job())
    db.session.commit()
    assert len(deliveries()) == 2
