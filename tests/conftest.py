"""One prepared database per test session, copied for every test; the clock stands at the sample
day of the catalogue, Tuesday 2026-03-10."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from app import clock, create_app
from app.db import db

TODAY = dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC)  # 09:00 in Shanghai


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema, the demo people and nothing else."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app({"instance_path": str(folder), "job_runner": "inline", "secret_key": "test"})
    with app.app_context():
        from app.accounts import demo

        db.create_all()
        demo.load_people()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return folder / "shunliu.sqlite"


@pytest.fixture
def app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application over a database of its own."""
    shutil.copy(template, tmp_path / "shunliu.sqlite")
    app = create_app({"instance_path": str(tmp_path), "job_runner": "inline", "secret_key": "test"})
    app.config["TESTING"] = True
    clock.stop_at(TODAY)
    # the test's context outlives its requests; what one notes in g (who asks) is not for the next
    app.teardown_request(lambda _error: [g.pop(name) for name in list(g)])
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
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
