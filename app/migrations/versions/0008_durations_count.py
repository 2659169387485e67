"""durations count the time that has really passed, also when somebody sets the clock

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("timer", "job"):
        op.add_column(table, sa.Column("counted", sa.String(length=80), nullable=True))


def downgrade() -> None:
    for table in ("timer", "job"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("counted")
