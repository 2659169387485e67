"""open tasks by date with their words

The inbox searches among open tasks in one index; what is put off has a small one of its own.
Texts to search in are limited, so that every database can hold them in an index.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LONGEST = 480
INDEXES = (
    (
        "ix_user_task_open_by_date",
        ["workspace_id", "state", "due_at", "id", "assignee", "follow_up_at", "search_text"],
        "state = 'open' AND search_text IS NOT NULL",
    ),
    (
        "ix_user_task_put_off",
        ["workspace_id", "follow_up_at"],
        "state = 'open' AND follow_up_at IS NOT NULL",
    ),
)


def upgrade() -> None:
    task = sa.table("user_task", sa.column("search_text", sa.Text))
    op.execute(
        sa.update(task)
        .where(sa.func.length(task.c.search_text) > LONGEST)
        .values(search_text=sa.func.substr(task.c.search_text, 1, LONGEST))
    )
    for name, columns, where in INDEXES:
        condition = sa.text(where)
        op.create_index(
            name, "user_task", columns, sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    for name, _columns, _where in INDEXES:
        op.drop_index(name, "user_task")
