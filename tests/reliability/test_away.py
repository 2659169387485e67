"""A database that cannot be reached: one clear page without it, and on again by itself."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db

ZH = "数据库暂时连接不上，什么都没有保存。请稍后刷新重试；恢复后会自动继续。"
EN = "The database cannot be reached at the moment; nothing was saved."


@pytest.fixture
def away(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """`away(True)`: the database is unreachable for real; `away(False)`: it is back."""
    real = db.engine.url

    def move(gone: bool) -> None:
        db.session.remove()
        db.engine.dispose()
        sqlite = real.drivername == "sqlite"
        url = real.set(database="/nowhere/x") if sqlite else real.set(query={"host": "/nowhere"})
        arguments = db.engine.dialect.create_connect_args(url if gone else real)

        def connect(*_given: object) -> object:
            return db.engine.dialect.loaded_dbapi.connect(*arguments[0], **arguments[1])

        monkeypatch.setattr(db.engine.pool, "_creator", connect)

    yield move
    move(False)


@pytest.mark.parametrize("path", ["/inbox", "/processes/", "/records", "/tasks/1"])
def test_a_page_says_so_in_the_readers_language(as_user, away, path):
    browser = as_user("zhangwei")
    away(True)
    answer = browser.get(path, headers={"Accept-Language": "zh"})
    assert answer.status_code == 503 and ZH in answer.text
    answer = browser.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 503 and EN in answer.text


def test_what_is_handed_in_is_refused_in_the_same_words(as_user, away):
    browser = as_user("zhangwei")
    away(True)
    answer = browser.post("/tasks/1/complete", data={}, headers={"Accept-Language": "zh"})
    assert answer.status_code == 503 and ZH in answer.text


def test_programs_are_told_too(as_user, away, client):
    browser = as_user("zhangwei")
    away(True)
    answer = browser.get("/inbox", headers={"Accept": "application/json"})
    assert answer.status_code == 503 and answer.json["error"] == "Away"
    assert client.get("/healthz").status_code == 503


def test_a_wrong_statement_is_an_error_and_not_a_moment_to_wait_for(app: Flask, as_user):
    browser = as_user("zhangwei")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    db.session.execute(sa.text("alter table user_task rename to elsewhere"))
    db.session.commit()
    assert browser.get("/inbox").status_code == 500


def test_the_same_session_goes_on_when_it_is_back(as_user, away):
    browser = as_user("zhangwei")
    assert browser.get("/inbox").status_code == 200
    away(True)
    assert browser.get("/inbox").status_code == 503
    away(False)
    assert browser.get("/inbox").status_code == 200


def test_a_connection_that_was_cut_does_not_spoil_an_answer_that_is_ready(app: Flask):
    """What a request did is committed; that its last look at the database cannot be rolled back
    any more must not become an error."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("an SQLite file has no connection that somebody else could cut")
    mine = db.session.scalar(sa.text("select pg_backend_pid()"))
    with db.engine.connect() as other:
        other.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": mine})
    db.session.remove()
    assert db.session.scalar(sa.text("select 1")) == 1
