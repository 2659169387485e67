"""opportunities say where they came from

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("opportunity", sa.Column("source", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE opportunity DROP COLUMN source")
