"""logs are read by time

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_state_history_new", "state_history", ["workspace_id", "entity", "new", "at"]
    )
    op.create_index("ix_approval_log_at", "approval_log", ["workspace_id", "entity", "at"])


def downgrade() -> None:
    op.drop_index("ix_approval_log_at", table_name="approval_log")
    op.drop_index("ix_state_history_new", table_name="state_history")
