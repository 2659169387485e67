"""Alembic runs inside the app: same engine, same tables, one transaction for an upgrade."""

import sqlalchemy as sa
from alembic import context

from app.db import db


def run() -> None:
    """Apply the revisions to the app's database."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            # SQLite changes a table by making it anew
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                _take_turn(connection)
            context.run_migrations()
        connection.commit()


def _take_turn(connection: sa.Connection) -> None:
    """One upgrade at a time, with the time it needs; busy tables are waited for, not for ever."""
    for name, value in (("statement_timeout", "0"), ("lock_timeout", "60s")):
        connection.exec_driver_sql(f"SET LOCAL {name} = '{value}'")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('shunliu upgrade'))")


run()
