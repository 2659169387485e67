"""old cases are archived

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PARTIAL = {
    "ix_instance_finished": (["definition_id", "ended_at"], "ended_at IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "archived_case",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=False),
        sa.Column("process_id", sa.String(200), nullable=False),
        sa.Column("business_key", sa.String(200), nullable=True),
        sa.Column("subject", sa.String(300), nullable=True),
        sa.Column("department_id", sa.String(40), nullable=True),
        sa.Column("started_by", sa.String(40), nullable=True),
        sa.Column("started_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(20), nullable=True),
        sa.Column("end_event", sa.String(200), nullable=True),
        sa.Column("archived_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_archived_case_definition_id_definition")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived_case")),
    )
    for columns in (
        ["workspace_id"],
        ["workspace_id", "business_key"],
        ["workspace_id", "subject"],
        ["workspace_id", "started_by", "id"],
    ):
        op.create_index(op.f(f"ix_archived_case_{'_'.join(columns)}"), "archived_case", columns)
    op.create_table(
        "archived_content",
        sa.Column("case_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["archived_case.id"], ondelete="CASCADE",
            name=op.f("fk_archived_content_case_id_archived_case"),
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_archived_content")),
    )
    op.create_table(
        "archived_person",
        sa.Column("case_id", BigId, nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["archived_case.id"], ondelete="CASCADE",
            name=op.f("fk_archived_person_case_id_archived_case"),
        ),
        sa.PrimaryKeyConstraint("case_id", "login", name=op.f("pk_archived_person")),
    )
    op.create_index(op.f("ix_archived_person_login_case_id"), "archived_person", ["login", "case_id"])
    with op.batch_alter_table("stored_file") as table:
        table.add_column(sa.Column("archived_id", BigId, nullable=True))
        table.create_foreign_key(
            op.f("fk_stored_file_archived_id_archived_case"), "archived_case", ["archived_id"], ["id"]
        )
        table.create_index(op.f("ix_stored_file_archived_id"), ["archived_id"])
    for name, (columns, where) in PARTIAL.items():
        op.create_index(
            name, "instance", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    for name in PARTIAL:
        op.drop_index(name, "instance")
    with op.batch_alter_table("stored_file") as table:
        table.drop_index(op.f("ix_stored_file_archived_id"))
        table.drop_constraint(op.f("fk_stored_file_archived_id_archived_case"), type_="foreignkey")
        table.drop_column("archived_id")
    for name in ("archived_person", "archived_content", "archived_case"):
        op.drop_table(name)
