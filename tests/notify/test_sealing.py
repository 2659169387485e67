"""Signing secrets stand in the database sealed: a copy of it alone signs nothing."""

import dataclasses
from collections.abc import Callable
from typing import Any

import alembic.command
import pytest
import sqlalchemy as sa
from flask import Flask

from app import cli, create_app
from app.db import db
from app.monitor import webhooks as monitored
from app.notify import sealing, webhooks
from app.notify.models import SENT, Delivery, Webhook
from tests.database import Database
from tests.monitor.test_webhooks import act, add
from tests.notify.test_webhook import SECRET, deliveries, later, receiver, register  # noqa: F401

ELSEWHERE = "https://93.184.216.34/hook"  # nothing is sent there


def use_key(app: Flask, key: str, before: str = "") -> None:
    app.config["SECRET_KEY"] = key
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(settings, old_secret_key=before)


def stored() -> list[tuple[str, str]]:
    return db.session.execute(sa.text("SELECT secret, sealed FROM webhook ORDER BY id")).all()


def test_the_database_does_not_tell_the_secret(app: Flask, as_user: Callable[[str], Any]):
    hook = add(as_user, ELSEWHERE)
    secret = webhooks.secret_of(hook)
    assert secret in as_user("zhouning").get(f"/monitor/webhooks/{hook.id}").text
    assert act(as_user, hook, "rekey").status_code == 302
    db.session.refresh(hook)
    ((plain, sealed),) = stored()
    assert not plain and sealed
    assert "whsec" not in sealed and webhooks.secret_of(hook) not in sealed
    assert webhooks.secret_of(hook) != secret


def test_the_same_text_is_sealed_differently_each_time(app: Flask):
    assert sealing.seal(SECRET) != sealing.seal(SECRET)
    assert sealing.unseal(sealing.seal("密钥 ✓")) == "密钥 ✓"


@pytest.mark.parametrize("sealed", ("", "x", SECRET, "gAAAAA", "密"))
def test_what_was_not_sealed_here_is_not_read(app: Flask, sealed: str):
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed)


def test_what_somebody_has_changed_is_not_read(app: Flask):
    sealed = sealing.seal(SECRET)
    other = "B" if sealed[40] == "A" else "A"
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed[:40] + other + sealed[41:])


def test_a_new_key_of_the_product_reads_with_the_one_before_and_seals_anew(app: Flask):
    register(ELSEWHERE)
    use_key(app, "new", before="test")
    hook = db.session.scalars(sa.select(Webhook)).one()
    assert webhooks.secret_of(hook) == SECRET and not sealing.is_present(hook.sealed)
    answer = app.test_cli_runner().invoke(args=["webhooks", "reseal"])
    assert answer.exit_code == 0 and "1 secrets sealed anew" in answer.output
    use_key(app, "new")
    db.session.expire_all()
    assert webhooks.secret_of(hook) == SECRET
    assert "0 secrets" in app.test_cli_runner().invoke(args=["webhooks", "reseal"]).output


def test_a_key_that_does_not_fit_is_said_with_the_remedy(app: Flask, as_user):
    number = register(ELSEWHERE)
    use_key(app, "another", before="and another")
    page = as_user("zhouning").get(f"/monitor/webhooks/{number}")
    assert page.status_code == 200
    assert "SHUNLIU_OLD_SECRET_KEY" in page.text and "显示密钥" not in page.text
    assert "ERP" in as_user("zhouning").get("/monitor/webhooks").text
    answer = app.test_cli_runner().invoke(args=["webhooks", "reseal"])
    assert answer.exit_code == 1 and "ERP (#1)" in answer.output
    assert "SHUNLIU_OLD_SECRET_KEY" in answer.output


def test_a_delivery_waits_for_the_key_to_fit_again(receiver, app: Flask, as_user):  # noqa: F811
    number = register(receiver.url)
    use_key(app, "another")
    hook = db.session.get_one(Webhook, number)
    assert act(as_user, hook, "test").status_code == 302
    later()
    (row,) = deliveries()
    assert "SHUNLIU_OLD_SECRET_KEY" in row.error and row.attempts == 1 and not receiver.heard
    assert db.session.get_one(Webhook, number).failures == 0, "the receiver has done nothing wrong"
    use_key(app, "another", before="test")
    later(minutes=2)
    assert [one.state for one in deliveries()] == [SENT]


def test_a_new_secret_can_be_made_without_the_old_one(app: Flask, as_user):
    hook = add(as_user, ELSEWHERE)
    use_key(app, "another")
    assert act(as_user, hook, "rekey").status_code == 302
    db.session.refresh(hook)
    assert webhooks.secret_of(hook).startswith("whsec_")


def test_what_a_server_of_the_release_before_has_written_is_sealed_by_the_job(app: Flask):
    number = register(ELSEWHERE)
    row = sa.update(Webhook).where(Webhook.id == number)
    db.session.execute(row.values(plain=SECRET, sealed=None))
    db.session.commit()
    db.session.expire_all()
    hook = db.session.get_one(Webhook, number)
    assert webhooks.secret_of(hook) == SECRET
    webhooks.forget({}, None)  # type: ignore[arg-type]
    db.session.commit()
    assert stored()[0][0] == "" and webhooks.secret_of(hook) == SECRET


def test_an_upgrade_seals_what_stood_there_plain_and_keeps_what_was_sent(empty_database: Database):
    app = create_app(empty_database.settings)
    with app.app_context():
        config = cli.alembic_config()
        alembic.command.upgrade(config, "0015")
        with db.engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO webhook (id, name, url, secret, events, processes, fields, active,"
                " failures, created_at, workspace_id) VALUES (1, 'ERP', 'https://x', "
                f"'{SECRET}', '[]', '[]', '[]', true, 0, '2026-03-10 01:00:00', 1)"
            )
            connection.exec_driver_sql(
                "INSERT INTO webhook_delivery (id, webhook_id, key, event, body, state, at, attempts,"
                " workspace_id) VALUES (1, 1, 'k', 'test', '{}', '已发', '2026-03-10 01:00:00', 1, 1)"
            )
        alembic.command.upgrade(config, "0016")
        ((plain, sealed),) = stored()
        db.session.rollback()
        assert plain == "" and sealing.unseal(sealed) == SECRET
        alembic.command.downgrade(config, "0015")
        with db.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT secret FROM webhook").scalar_one()
            kept = connection.exec_driver_sql("SELECT count(*) FROM webhook_delivery").scalar_one()
        assert (found, kept) == (SECRET, 1)
        db.session.remove()
        db.engine.dispose()


def test_the_list_counts_so_many_deliveries_and_no_more(app: Flask, monkeypatch):
    number = register(ELSEWHERE)
    for at in range(7):
        db.session.add(Delivery(webhook_id=number, key=str(at), event="test", body="{}", state=SENT,
                                at=db.session.get_one(Webhook, number).created_at))  # fmt: skip
    db.session.commit()
    assert monitored.figures() == {number: {"已发": 7, "失败": 0}}
    monkeypatch.setattr(monitored, "MANY", 5)
    assert monitored.figures()[number]["已发"] == 5
