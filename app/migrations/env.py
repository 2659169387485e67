"""Alembic runs inside the app: same engine, same tables, one transaction for an upgrade."""

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
            context.run_migrations()
        connection.commit()


run()
