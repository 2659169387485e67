"""One prepared database per test session, copied for every test; the clock stands at the sample
day of the catalogue, Tuesday 2026-03-10."""

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from flask import Flask, g
from flask.testing import FlaskClient

from app import clock, workspace
from app.db import db, set_reading, writes
from app.engine import handlers
from app.jobs import registry
from tests import database as databases
from tests import servers
from tests.database import Database

TODAY = dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC)  # 09:00 in Shanghai

# the same examples every time, however slow the machine: what is found once has a test of its own
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands on a database is marked, so that `make test` finds it for PostgreSQL."""
    for item in items:
        if {"template", "empty_database", "published"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """What belongs to the whole process is after each test as it was before. The test that leaves
    something fails, not the one that would stumble over it."""
    before = _of_the_process()
    yield
    after = _of_the_process()
    os.chdir(before["folder"])
    for name in after["environment"].keys() - before["environment"].keys():
        del os.environ[name]
    os.environ.update(before["environment"])
    clock._fixed.clear()
    clock._fixed.update(before["stopped clocks"])
    workspace.enter(before["workspace"])
    set_reading(not before["writes"])
    left = {name: kept for name, kept in after.items() if kept != before[name]}
    assert not left


def _of_the_process() -> dict[str, Any]:
    told = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    known = [(topic, one.function) for topic, one in handlers.every().items()]
    known += [(name, kind.work) for name, kind in registry.kinds.items()]
    return {
        "folder": os.getcwd(), "environment": told, "workspace": workspace.current(),
        "stopped clocks": dict(clock._fixed), "writes": writes(),
        "of tests": {name for name, work in known if work.__module__.startswith("tests.")},
    }  # fmt: skip


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with the schema, the demo people and nothing else."""
    made = databases.new(tmp_path_factory.mktemp("template"))
    with standing(TODAY), databases.opened(made):
        from app.accounts import demo

        db.create_all()
        demo.load_people()
        db.session.commit()
    return made


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    made = databases.new(tmp_path)
    yield made
    made.drop()


@pytest.fixture
def database(template: Database, tmp_path: Path) -> Iterator[Database]:
    """The test's own copy of it."""
    with databases.copied(template, tmp_path) as made:
        yield made


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    """The application over a database of its own."""
    with serving(database) as app:
        yield app


@contextlib.contextmanager
def serving(database: Database, **settings: object) -> Iterator[Flask]:
    """An application on the sample day, in whose context the test acts."""
    with standing(TODAY), databases.opened(database, **settings) as app:
        app.config["TESTING"] = True
        # the context outlives its requests; what one notes in g (who asks) is not for the next
        app.teardown_request(lambda _error: [g.pop(name) for name in list(g)])
        yield app


@contextlib.contextmanager
def standing(moment: dt.datetime) -> Iterator[None]:
    """The company's clock stands at `moment`; afterwards every clock goes or stands as before."""
    before = dict(clock._fixed)
    clock.stop_at(moment)
    try:
        yield
    finally:
        clock._fixed.clear()
        clock._fixed.update(before)


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
        servers.lack("no Redis; run this by `python -m tests.servers redis -- pytest …`")
    redis.Redis.from_url(url).flushall()
    return url
