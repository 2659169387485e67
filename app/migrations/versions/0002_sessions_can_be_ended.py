"""sessions can be ended

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import app.db


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # with a default in the database: servers of the version before go on inserting people
    with op.batch_alter_table("user_account") as table:
        table.add_column(
            sa.Column("session_serial", sa.Integer(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("left_sessions", app.db.Json(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("user_account") as table:
        table.drop_column("left_sessions")
        table.drop_column("session_serial")
