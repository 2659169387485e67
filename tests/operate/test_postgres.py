"""PostgreSQL by one setting: what it is asked with, how long anybody waits, what comes back."""

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

import config
from app import postgres
from app.db import db
from app.engine import run, store
from app.engine.models import UserTask
from tests import database as databases
from tests.conftest import serving
from tests.database import POSTGRES
from tests.inbox import quotes

on_postgres = pytest.mark.skipif(
    POSTGRES is None, reason="run this by `python -m tests.servers postgres -- pytest …`"
)


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_address_gets_the_driver_that_is_there(tmp_path: Path, kind: str):
    settings = config.Settings(database_url=f"{kind}://u:p@h/d", instance_path=str(tmp_path))
    found = config.flask_config(settings)["SQLALCHEMY_DATABASE_URI"]
    assert found == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize("address", ["mysql://h/d", "postgresql+psycopg2://h/d", "/var/db", "h/d"])
def test_another_database_stops_the_boot(tmp_path: Path, address: str):
    settings = config.Settings(database_url=address, instance_path=str(tmp_path))
    with pytest.raises(config.BadSetting, match="SHUNLIU_DATABASE_URL: write postgresql://"):
        config.flask_config(settings)


@pytest.fixture
def app(database):
    """The application with little patience, and the quote flow with one open task."""
    impatient = {"lock_wait_seconds": 1, "statement_seconds": 2, "pool_size": 3, "pool_extra": 0,
                 "pool_wait_seconds": 1}  # fmt: skip
    with serving(database, **impatient) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        quotes.publish()
        quotes.begin()
        db.session.remove()
        yield app


def open_task() -> UserTask:
    return db.session.scalars(sa.select(UserTask).order_by(UserTask.id)).first()


def shown(name: str) -> str:
    return db.session.scalar(sa.text(f"SHOW {name}"))


@on_postgres
def test_the_settings_reach_the_server(app):
    assert shown("transaction_isolation") == "read committed"
    assert (shown("lock_timeout"), shown("statement_timeout")) == ("1s", "2s")
    assert shown("idle_in_transaction_session_timeout") == "5min"
    assert shown("application_name") == "shunliu"


@on_postgres
def test_who_waits_too_long_for_a_case_is_told_so_and_nothing_is_written(app, as_user):
    task = open_task()
    done, held = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context():
            store.lock(task.instance_id)
            held.set()
            done.wait(120)
            db.session.remove()

    task_id, browser = task.id, as_user("wangqiang")
    db.session.remove()
    other = threading.Thread(target=hold)
    other.start()
    held.wait(60)
    try:
        answer = browser.post(f"/tasks/{task_id}/complete", data={"outcome": "approve"})
        in_vain = other.is_alive()
    finally:
        done.set()
        other.join()
    assert answer.status_code == 503 and "刚才有别人正在办理同一件事" in answer.text
    assert in_vain, "nobody had let go"
    assert open_task().state == "open"


@on_postgres
def test_a_database_that_compares_by_language_is_refused_with_the_remedy(app):
    name = f"{db.engine.url.database}_zh"
    databases.administer(
        f'CREATE DATABASE "{name}" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE "zh-CN"'
    )
    engine = sa.create_engine(db.engine.url.set(database=name), poolclass=sa.NullPool)
    try:
        with pytest.raises(config.BadSetting, match=r"createdb -T template0 -E UTF8 --locale=C"):
            postgres.check(engine)
    finally:
        databases.administer(f'DROP DATABASE "{name}"')
    postgres.check(db.engine)


@on_postgres
def test_a_server_that_is_not_there_is_said_in_one_line(app):
    engine = sa.create_engine(db.engine.url.update_query_dict({"host": "/nowhere"}))
    with pytest.raises(config.BadSetting, match="SHUNLIU_DATABASE_URL cannot be reached"):
        postgres.check(engine)


@on_postgres
def test_a_statement_that_takes_too_long_is_ended(app):
    with pytest.raises(sa.exc.OperationalError) as ended:
        db.session.execute(sa.text("SELECT pg_sleep(10)"))
    assert postgres.busy(ended.value)


@on_postgres
def test_lost_connections_are_made_anew_without_anybody_noticing(app, as_user):
    browser = as_user("wangqiang")
    for quiet in (0.0, 0.0, postgres.QUIET_SECONDS + 0.2):
        db.session.execute(sa.text("SELECT 1"))
        db.session.remove()
        time.sleep(quiet)
        databases.administer(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"  # it waits for the end
            f" WHERE pid <> pg_backend_pid() AND datname = '{db.engine.url.database}'"
        )
        assert browser.get("/inbox").status_code == 200


@pytest.mark.parametrize("comes_back", [True, False])
@on_postgres
def test_when_the_answer_to_a_commit_is_lost_nobody_is_told_that_nothing_was_saved(
    app, as_user, monkeypatch, comes_back
):
    task_id = open_task().id
    browser, engine = as_user("wangqiang"), db.engine
    db.session.remove()
    commit, connect = engine.dialect.do_commit, engine.dialect.connect
    lost = engine.dialect.loaded_dbapi.OperationalError("the connection is lost")

    def commit_and_die(connection):
        commit(connection)
        monkeypatch.setattr(engine.dialect, "do_commit", commit)
        if not comes_back:
            monkeypatch.setattr(engine.dialect, "connect", refuse)
        connection.dbapi_connection.close()
        raise lost

    def refuse(*_given, **_more):
        raise lost

    monkeypatch.setattr(engine.dialect, "do_commit", commit_and_die)
    data = {"outcome": "approve", "opinion": "同意"}
    answer = browser.post(f"/tasks/{task_id}/complete", data=data)
    monkeypatch.setattr(engine.dialect, "connect", connect)
    assert answer.status_code == 503 and "可能已经保存" in answer.text
    assert "没有保存" not in answer.text
    again = browser.post(f"/tasks/{task_id}/complete", data=data)
    assert again.status_code == 409 and "王强 已经办了这一项" in again.text


@on_postgres
def test_no_free_connection_is_said_in_time(app, as_user):
    held = [db.engine.connect() for _n in range(3)]
    try:
        answer = app.test_client().get("/healthz")
    finally:
        for one in held:
            one.close()
    assert answer.status_code == 503
    assert app.test_client().get("/healthz").status_code == 200


@pytest.mark.parametrize("address", ["/records/customer?q=%00", "/records/customer/%00"])
def test_signs_that_no_database_keeps_are_no_error_of_the_product(app, as_user, address):
    assert as_user("zhangwei").get(address).status_code in (200, 404)


def test_a_form_with_such_a_sign_is_refused_in_words(app, as_user):
    answer = as_user("zhangwei").post("/look", data={"theme": "\0", "density": "compact"})
    assert answer.status_code == 422


@on_postgres
def test_a_deadlock_ends_for_one_of_the_two_with_words(app, as_user):
    first = open_task().instance_id
    second = quotes.begin().instance_id
    db.session.remove()
    problems, both = [], threading.Barrier(2)

    def cross(one: int, other: int) -> None:
        with app.app_context():
            try:
                run.case(one)
                both.wait(60)
                run.case(other)
            except sa.exc.OperationalError as error:
                problems.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=cross, args=p) for p in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems and all(postgres.busy(problem) for problem in problems)
