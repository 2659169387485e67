"""long histories cost nothing

The index over the dates of open tasks carries process and priority, so that a search narrowed by
them is read from it alone. What a person began and is not over has an index of its own.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN_BY_DATE = "ix_user_task_open_by_date"
KEY = ["workspace_id", "state", "due_at", "id", "assignee", "follow_up_at"]
OPEN = sa.text("state = 'open' AND search_text IS NOT NULL")
GOING_ON = sa.text("ended_at IS NULL")


def upgrade() -> None:
    _again([*KEY, "process_id", "priority", "search_text"])
    op.create_index(
        "ix_instance_begun_and_open", "instance", ["workspace_id", "started_by", "ended_at"],
        sqlite_where=GOING_ON, postgresql_where=GOING_ON,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_instance_begun_and_open", "instance")
    _again([*KEY, "search_text"])


def _again(columns: list[str]) -> None:
    op.drop_index(OPEN_BY_DATE, "user_task")
    op.create_index(
        OPEN_BY_DATE, "user_task", columns, sqlite_where=OPEN, postgresql_where=OPEN
    )
