"""archived cases and acts of administrators are listed by number

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("archived_case", "operator_act")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_workspace_id_id"), table, ["workspace_id", "id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f"ix_{table}_workspace_id_id"), table)
