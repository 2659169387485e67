"""The databases that tests run over: SQLite files, or databases of the PostgreSQL server in
TEST_POSTGRES (see tests/servers.py). A prepared one is copied for each test."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db

POSTGRES = os.environ.get("TEST_POSTGRES")
SECRET = "test"
# a machine may stand still for minutes; PostgreSQL counts them to whoever waits for a lock
PATIENT = {"lock_wait_seconds": 600, "statement_seconds": 600}
_numbers = itertools.count()


@dataclass(frozen=True)
class Database:
    """An instance folder and what it keeps its data in; without a name that is a file in it."""

    folder: Path
    name: str = ""

    @property
    def settings(self) -> dict[str, object]:
        """What `create_app` is given."""
        given = {"instance_path": str(self.folder), "job_runner": "inline", "secret_key": SECRET}
        return given | ({"database_url": self.url, **PATIENT} if self.name else {})

    @property
    def environ(self) -> dict[str, str]:
        """What a server or command is given."""
        given = {"SHUNLIU_INSTANCE_PATH": str(self.folder)}
        return given | ({"SHUNLIU_DATABASE_URL": self.url} if self.name else {})

    @property
    def url(self) -> str:
        """Where it is, on PostgreSQL."""
        return (POSTGRES or "").format(name=self.name)

    def __fspath__(self) -> str:
        if self.name:
            raise TypeError("a PostgreSQL database is no file; use tests.database.copied")
        return str(self.folder / "shunliu.sqlite")

    def drop(self) -> None:
        """Its data are gone, also if somebody still looks at them."""
        if self.name:
            administer(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def new(folder: Path, template: str = "template1") -> Database:
    """An empty database for this folder; on PostgreSQL a copy of another one."""
    if not POSTGRES:
        return Database(folder)
    made = Database(folder, f"test_{os.getpid()}_{next(_numbers)}")
    administer(f'CREATE DATABASE "{made.name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return made


@contextlib.contextmanager
def copied(template: Database, folder: Path) -> Iterator[Database]:
    """A copy in another folder, dropped afterwards. Nobody may be using `template`."""
    if not POSTGRES:
        shutil.copy(template, folder / "shunliu.sqlite")
    made = new(folder, template.name)
    try:
        yield made
    finally:
        made.drop()


@contextlib.contextmanager
def opened(database: Database, **settings: object) -> Iterator[Flask]:
    """An application over it, inside its context; nothing of it is in use afterwards."""
    app = create_app(database.settings | settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def administer(statement: str) -> None:
    """The statement has run on the server, outside of any transaction."""
    address = (POSTGRES or "").format(name="postgres")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
