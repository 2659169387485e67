"""messages keep what was typed

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from app.db import Json, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "message_draft",
        sa.Column("id", BigId, nullable=False),
        sa.Column("instance_id", BigId, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.id"], ondelete="CASCADE",
            name=op.f("fk_message_draft_instance_id_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_draft")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_message_draft_instance_id_token_id_login"), "message_draft",
        ["instance_id", "token_id", "login"], unique=True,
    )  # fmt: skip
    op.create_index(op.f("ix_message_draft_workspace_id"), "message_draft", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("message_draft")
