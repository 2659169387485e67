"""Webhooks are set up by administrators, with reasons, and never lead inside by mistake."""

import dataclasses
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.db import db
from app.jobs import queue
from app.monitor.models import OperatorAct
from app.notify import events, webhooks
from app.notify.models import FAILED, SENT, WAITING, Delivery, Webhook
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.notify.receiver import Receiver, listening

CASE = process(start(), user("a"), end(), flows("s a", "a e"))


@pytest.fixture
def receiver(app: Flask) -> Iterator[Receiver]:
    """Somebody on this machine, whom the settings allow."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(settings, webhook_networks="127.0.0.1")
    with listening() as running:
        yield running


def form(address: str, **changes: object) -> MultiDict[str, str]:
    """The form, filled in."""
    fields = {"name": "ERP", "url": address, "events": ["case.started", "task.completed"], "active": "1",
              "fields": "amount, customer", "reason": "接 ERP", "verb": "edit"}  # fmt: skip
    return MultiDict(fields | changes)


def add(as_user, address: str, **changes: object) -> Webhook:
    answer = as_user("zhouning").post("/monitor/webhooks", data=form(address, **changes))
    assert answer.status_code == 302, answer.text
    return db.session.scalars(sa.select(Webhook).order_by(Webhook.id.desc())).first()


def act(as_user, hook: Webhook, verb: str, **more: str) -> TestResponse:
    data = {"verb": verb, "reason": "因为"} | more
    return as_user("zhouning").post(f"/monitor/webhooks/{hook.id}", data=data)


def log() -> list[OperatorAct]:
    return list(db.session.scalars(sa.select(OperatorAct).order_by(OperatorAct.id)))


def test_an_empty_list_says_what_webhooks_are_for(app: Flask, as_user):
    page = as_user("zhouning").get("/monitor/webhooks").text
    assert "还没有 Webhook" in page and "/monitor/webhooks/new" in page
    assert as_user("zhouning").get("/monitor/webhooks/new").status_code == 200


def test_a_webhook_is_registered_and_the_next_event_is_told(receiver: Receiver, as_user):
    desk.publish(CASE)
    desk.begin()  # the process remembers that there is none
    hook = add(as_user, receiver.url, processes=["p"])
    assert (hook.events, hook.processes) == (["case.started", "task.completed"], ["p"])
    assert (hook.fields, hook.active, hook.created_by) == (["amount", "customer"], True, "zhouning")
    secret = webhooks.secret_of(hook)
    assert secret.startswith("whsec_")
    desk.begin(amount=5)
    queue.run_due()
    assert [one["data"]["values"] for one in receiver.bodies] == [{"amount": 5}]
    page = as_user("zhouning").get(f"/monitor/webhooks/{hook.id}").text
    assert secret in page and "case.started" in page and "200" in page
    assert "ERP" in as_user("zhouning").get("/monitor/webhooks").text
    (told,) = log()
    assert (told.verb, told.kind, told.by, told.reason) == ("add", "webhook", "zhouning", "接 ERP")
    assert secret not in str(told.data)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"name": " "}, "请给它起个名字"), ({"events": []}, "请至少选一种事件"),
     ({"events": ["case.exploded"]}, "请至少选一种事件"), ({"reason": ""}, "请写明理由"),
     ({"fields": "amount, birthday"}, "birthday 是个人隐私"), ({"fields": "x " * 99 + "y" * 101}, "最多写 30 个"),
     ({"url": "erp"}, "这不是网址"), ({"url": "https://a:b@erp.example.com/"}, "用户名和密码")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field_and_what_was_typed_stays(
    receiver: Receiver, as_user, changes: dict, said: str
):
    answer = as_user("zhouning").post("/monitor/webhooks", data=form(receiver.url, **changes))
    assert answer.status_code == 422 and said in answer.text
    assert 'aria-invalid="true"' in answer.text or "理由" in said
    assert db.session.scalar(sa.select(sa.func.count(Webhook.id))) == 0 and log() == []
    if "name" not in changes:
        assert 'value="ERP"' in answer.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5432/", "https://10.0.0.7/x", "http://169.254.169.254/latest/meta-data",
            "http://[::1]/", "http://localhost/"],
)  # fmt: skip
def test_an_address_inside_is_refused_with_the_setting_that_would_allow_it(
    app: Flask, as_user, url: str
):
    answer = as_user("zhouning").post("/monitor/webhooks", data=form(url))
    assert answer.status_code == 422 and "SHUNLIU_WEBHOOK_NETWORKS" in answer.text


def test_an_address_that_leads_inside_later_is_refused_when_it_is_used(
    receiver: Receiver, app: Flask, as_user
):
    hook = add(as_user, receiver.url)
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(settings, webhook_networks="")
    act(as_user, hook, "test")
    queue.run_due()
    (row,) = db.session.scalars(sa.select(Delivery))
    assert (row.state, receiver.heard) == (FAILED, []) and "inside" in row.error
    assert "inside" in as_user("zhouning").get("/monitor/background").text


def test_a_webhook_is_changed_and_the_log_keeps_what_it_was(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    changed = form(receiver.url, name="新 ERP", events=["case.ended"], active="", fields="")
    answer = as_user("zhouning").post(f"/monitor/webhooks/{hook.id}", data=changed)
    assert answer.status_code == 302
    db.session.refresh(hook)
    assert (hook.name, hook.events, hook.active, hook.fields) == (
        "新 ERP", ["case.ended"], False, [],
    )  # fmt: skip
    told = log()[-1]
    assert (told.verb, told.data["before"]["name"], told.data["now"]["name"]) == (
        "edit", "ERP", "新 ERP",
    )  # fmt: skip
    assert "url" not in told.data["now"]
    assert "已停用" in as_user("zhouning").get("/monitor/webhooks").text


def test_a_wrong_change_changes_nothing(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    wrong = form("nowhere", name="x")
    assert as_user("zhouning").post(f"/monitor/webhooks/{hook.id}", data=wrong).status_code == 422
    db.session.expire_all()
    assert (hook.name, hook.url) == ("ERP", receiver.url)


def test_the_test_button_sends_also_when_switched_off(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url, active="")
    assert act(as_user, hook, "test").status_code == 302
    page = as_user("zhouning").get(f"/monitor/webhooks/{hook.id}").text
    assert 'hx-trigger="every 2s"' in page
    queue.run_due()
    assert [one["type"] for one in receiver.bodies] == [events.TEST]
    part = as_user("zhouning").get(f"/monitor/webhooks/{hook.id}/deliveries").text
    assert "已送" in part and "every 2s" not in part
    assert log()[-1].verb == "test"


def test_a_new_secret_signs_what_is_sent_from_then_on(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    before = webhooks.secret_of(hook)
    assert act(as_user, hook, "rekey", reason=" ").status_code == 422
    assert act(as_user, hook, "rekey").status_code == 302
    db.session.refresh(hook)
    assert webhooks.secret_of(hook) != before and log()[-1].verb == "rekey"


def test_a_webhook_is_removed_with_what_was_to_be_sent(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    number = hook.id
    desk.publish(CASE)
    desk.begin()
    assert act(as_user, hook, "remove").status_code == 302
    queue.run_due()
    assert receiver.heard == [] and db.session.scalar(sa.select(sa.func.count(Delivery.id))) == 0
    assert as_user("zhouning").get(f"/monitor/webhooks/{number}").status_code == 404
    assert (log()[-1].verb, log()[-1].data["url"]) == ("remove", receiver.url)


def test_what_failed_is_sent_again_from_the_page(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    receiver.status = 400
    desk.publish(CASE)
    desk.begin()
    for _attempt in range(6):
        desk.work(hours=7)
    row = db.session.scalars(sa.select(Delivery)).one()
    assert row.state == FAILED
    page = as_user("zhouning").get(f"/monitor/webhooks/{hook.id}?state=失败").text
    assert "no room" in page and f"/monitor/deliveries/{row.id}" in page
    receiver.status = 200
    assert as_user("zhouning").post(f"/monitor/deliveries/{row.id}").status_code == 302
    assert as_user("zhouning").post(f"/monitor/deliveries/{row.id}").status_code == 409
    queue.run_due()
    row = db.session.get_one(Delivery, row.id)
    assert (row.state, row.attempts) == (SENT, 7)
    assert "没有失败的" in as_user("zhouning").get("/monitor/background").text


def test_a_long_list_is_read_in_pages(receiver: Receiver, as_user):
    hook = add(as_user, receiver.url)
    for _n in range(51):
        events.put(hook.id, "case.started", {"workspace": 1})
    db.session.commit()
    first = as_user("zhouning").get(f"/monitor/webhooks/{hook.id}").text
    assert first.count('case.started"') >= 1 and "更早的" in first
    oldest = db.session.scalar(sa.select(sa.func.min(Delivery.id)))
    last = as_user("zhouning").get(
        f"/monitor/webhooks/{hook.id}?before={oldest + 1}&state={WAITING}"
    )
    assert "更早的" not in last.text


def test_there_are_not_more_than_a_house_can_bear(receiver: Receiver, as_user, monkeypatch):
    monkeypatch.setattr("app.monitor.webhooks.MOST", 1)
    add(as_user, receiver.url)
    answer = as_user("zhouning").post("/monitor/webhooks", data=form(receiver.url))
    assert (
        answer.status_code == 409 and db.session.scalar(sa.select(sa.func.count(Webhook.id))) == 1
    )


def test_a_case_of_another_delivery_is_not_found(receiver: Receiver, as_user):
    assert as_user("zhouning").post("/monitor/deliveries/9").status_code == 404
    assert as_user("zhouning").post("/monitor/webhooks/9", data={"verb": "test"}).status_code == 404
    assert act(as_user, add(as_user, receiver.url), "explode").status_code == 422
