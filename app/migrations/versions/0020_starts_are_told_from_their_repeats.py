"""starts are told from their repeats

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "start_key",
        sa.Column("id", BigId, nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("instance_id", BigId, nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_start_key")),
    )
    op.create_index(
        op.f("ix_start_key_workspace_id_login_key"), "start_key",
        ["workspace_id", "login", "key"], unique=True,
    )  # fmt: skip
    op.create_index(op.f("ix_start_key_created_at"), "start_key", ["created_at"])


def downgrade() -> None:
    op.drop_table("start_key")
