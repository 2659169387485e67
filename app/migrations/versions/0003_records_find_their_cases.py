"""records find their cases

Open tasks and waits of called processes carry a number of their own (a quotation inside an
opportunity's case): its page finds them by that number.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = (
    ("user_task", ["workspace_id", "state", "business_key"]),
    ("message_wait", ["workspace_id", "business_key"]),
    ("message_wait", ["workspace_id", "key"]),
)


def upgrade() -> None:
    for table, columns in INDEXES:
        op.create_index(op.f(_name(table, columns)), table, columns)


def downgrade() -> None:
    for table, columns in INDEXES:
        op.drop_index(op.f(_name(table, columns)), table)


def _name(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
