"""One prepared database per test session, copied for every test; the clock stands at the sample
day of the catalogue, Tuesday 2026-03-10."""

import datetime as dt
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from app import clock, create_app
from app.db import db

# with a PostgreSQL server (see tests/servers.py) the fixtures of this file use it
POSTGRES = os.environ.get("TEST_POSTGRES")
_numbers = itertools.count()
TODAY = dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC)  # 09:00 in Shanghai


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema, the demo people and nothing else."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(settings(folder, new_database()))
    with app.app_context():
        from app.accounts import demo

        db.create_all()
        demo.load_people()
        db.session.commit()
        db.session.remove()
        url = db.engine.url
        db.engine.dispose()
    return Path(url.database or "") if POSTGRES else folder / "shunliu.sqlite"


def settings(folder: Path, database: str = "") -> dict[str, object]:
    """An application in `folder`, over this PostgreSQL database or an SQLite file there."""
    given = {"instance_path": str(folder), "job_runner": "inline", "secret_key": "test"}
    return given | ({"database_url": POSTGRES.format(name=database)} if POSTGRES else {})


def new_database(template: str = "template1") -> str:
    """The name of a new PostgreSQL database that is a copy of `template`; "" on SQLite."""
    if not POSTGRES:
        return ""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return name


def _administer(statement: str) -> None:
    engine = sa.create_engine(POSTGRES.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application over a database of its own."""
    database = new_database(template.name)
    if not POSTGRES:
        shutil.copy(template, tmp_path / "shunliu.sqlite")
    app = create_app(settings(tmp_path, database))
    app.config["TESTING"] = True
    clock.stop_at(TODAY)
    # the test's context outlives its requests; what one notes in g (who asks) is not for the next
    app.teardown_request(lambda _error: [g.pop(name) for name in list(g)])
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if POSTGRES:
        _administer(f'DROP DATABASE "{database}"')
    clock.stop_at(None)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser nobody has logged in with."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def as_user(app: Flask) -> Callable[[str], FlaskClient]:
    """`as_user("zhangwei")` is a browser in which that person is logged in."""
    app.config["WTF_CSRF_ENABLED"] = False

    def login(who: str) -> FlaskClient:
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = who
            session["_fresh"] = True
        return browser

    return login


@pytest.fixture
def db_session(app: Flask):
    """The session of the test's database."""
    return db.session


@pytest.fixture
def redis_url() -> str:
    """The Redis server that `python -m tests.servers redis -- …` started, emptied."""
    url = os.environ.get("TEST_REDIS")
    if url is None:
        pytest.skip("no Redis: run this by `python -m tests.servers redis -- pytest …`")
    redis.Redis.from_url(url).flushall()
    return url
