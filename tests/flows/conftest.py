"""The company with all its flows published and the catalogue's records loaded, copied per test."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.db import db
from tests import database as databases
from tests.conftest import TODAY, serving, standing
from tests.database import Database
from tests.flows import coverage
from tests.flows.stage import Stage

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with the schema, the people, the records of the catalogue and every flow."""
    with standing(TODAY - dt.timedelta(hours=1)):
        return publish(tmp_path_factory.mktemp("published"))


def publish(folder: Path) -> Database:
    """That database in this folder, made at the present moment of the clock."""
    made = databases.new(folder)
    with databases.opened(made):
        from app.accounts import demo as people
        from app.engine import deploy
        from app.records import demo as records

        db.create_all()
        people.load_people()
        records.load_records()
        deploy.deploy_folder(ROOT / "processes", ROOT / "forms", by="zhouning")
        db.session.commit()
    return made


@pytest.fixture
def app(published: Database, tmp_path: Path) -> Iterator[Flask]:
    """The application over a copy of that database."""
    with databases.copied(published, tmp_path) as made, serving(made) as app:
        yield app
        coverage.note(db.session)


@pytest.fixture
def stage(app: Flask) -> Stage:
    """Where the flow is played."""
    return Stage()
