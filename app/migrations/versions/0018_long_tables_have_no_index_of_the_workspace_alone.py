"""long tables have no index of the workspace alone; lists by number, and the tasks of a case by
state, have one of their own

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# every row of such an index is the company's: to go by it is to read the whole table
ALONE = (
    "archived_case", "event", "incident", "instance", "kept_message", "message_wait", "notice",
    "operator_act", "outgoing", "signal_wait", "timer", "user_task", "webhook_delivery",
)  # fmt: skip
NEW = (
    ("user_task", ("instance_id", "state", "workspace_id")),
    ("instance", ("workspace_id", "state", "id")),
    ("instance", ("definition_id", "state", "id")),
    ("incident", ("workspace_id", "state", "id")),
    ("incident", ("instance_id", "state", "workspace_id")),
    ("outgoing", ("workspace_id", "state", "id")),
)
OLD = (
    ("instance", ("definition_id", "state")),
    ("incident", ("instance_id",)),
    ("incident", ("workspace_id", "state", "created_at")),
    *((table, ("workspace_id",)) for table in ALONE),
)


def upgrade() -> None:
    _create(NEW)
    _drop(OLD)


def downgrade() -> None:
    _create(OLD)
    _drop(NEW)


def _create(indexes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    for table, columns in indexes:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _drop(indexes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    for table, columns in indexes:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
