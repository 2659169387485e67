"""The company with all its flows published and the catalogue's records loaded, copied per test."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g

from app import clock, create_app
from app.db import db
from tests.conftest import TODAY
from tests.flows import coverage
from tests.flows.stage import Stage

ROOT = Path(__file__).resolve().parent.parent.parent


def _app(folder: Path) -> Flask:
    return create_app({"instance_path": str(folder), "job_runner": "inline", "secret_key": "test"})


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema, the people, the records of the catalogue and every flow."""
    clock.stop_at(TODAY - dt.timedelta(hours=1))
    return publish(tmp_path_factory.mktemp("published"))


def publish(folder: Path) -> Path:
    """That database in this folder, made at the present moment of the clock."""
    app = _app(folder)
    with app.app_context():
        from app.accounts import demo as people
        from app.engine import deploy
        from app.records import demo as records

        db.create_all()
        people.load_people()
        records.load_records()
        deploy.deploy_folder(ROOT / "processes", ROOT / "forms", by="zhouning")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return folder / "shunliu.sqlite"


@pytest.fixture
def app(published: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application over a copy of that database."""
    shutil.copy(published, tmp_path / "shunliu.sqlite")
    app = _app(tmp_path)
    app.config["TESTING"] = True
    clock.stop_at(TODAY)
    # the test's context outlives its requests; what one notes in g (who asks) is not for the next
    app.teardown_request(lambda _error: [g.pop(name) for name in list(g)])
    with app.app_context():
        yield app
        coverage.note(db.session)
        db.session.remove()
        db.engine.dispose()
    clock.stop_at(None)


@pytest.fixture
def stage(app: Flask) -> Stage:
    """Where the flow is played."""
    return Stage()
