"""All revisions together make exactly the tables that the models describe."""

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app import cli, create_app
from app.db import db
from tests.database import Database


@pytest.fixture
def empty_app(empty_database: Database) -> Flask:
    return create_app(empty_database.settings)


def test_an_empty_database_becomes_what_the_models_say(empty_app: Flask):
    with empty_app.app_context():
        alembic.command.upgrade(cli.alembic_config(), "head")
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = compare_metadata(context, db.metadata)
        db.engine.dispose()
    assert differences == []


def test_an_upgrade_can_be_repeated(empty_app: Flask):
    with empty_app.app_context():
        alembic.command.upgrade(cli.alembic_config(), "head")
        before = sorted(sa.inspect(db.engine).get_table_names())
        alembic.command.upgrade(cli.alembic_config(), "head")
        assert sorted(sa.inspect(db.engine).get_table_names()) == before
        db.engine.dispose()


def test_an_upgrade_can_be_taken_back(empty_app: Flask):
    with empty_app.app_context():
        alembic.command.upgrade(cli.alembic_config(), "head")
        alembic.command.downgrade(cli.alembic_config(), "base")
        assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
        db.engine.dispose()
