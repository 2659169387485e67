"""tasks of archived cases are found

Revision ID: 0010
Revises: 0009
"""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CASES = 200  # unpacked at a time


def upgrade() -> None:
    table = op.create_table(
        "archived_task",
        sa.Column("task_id", BigId, autoincrement=False, nullable=False),
        sa.Column("case_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["archived_case.id"], ondelete="CASCADE",
            name=op.f("fk_archived_task_case_id_archived_case"),
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_archived_task")),
    )  # fmt: skip
    op.create_index(op.f("ix_archived_task_case_id"), "archived_task", ["case_id"])
    _fill(op.get_bind(), table)


def _fill(bind: sa.Connection, table: sa.Table) -> None:
    """The tasks of the cases that are archived already."""
    content = sa.table(
        "archived_content", sa.column("case_id", BigId), sa.column("content", sa.LargeBinary)
    )
    last = 0
    while True:
        query = sa.select(content).where(content.c.case_id > last).order_by(content.c.case_id)
        found = bind.execute(query.limit(CASES)).all()
        if not found:
            return
        last = found[-1].case_id
        rows = [
            {"task_id": task["id"], "case_id": row.case_id}
            for row in found
            for task in json.loads(zlib.decompress(row.content))["tables"]["user_task"]
        ]
        if rows:
            bind.execute(sa.insert(table), rows)


def downgrade() -> None:
    op.drop_table("archived_task")
