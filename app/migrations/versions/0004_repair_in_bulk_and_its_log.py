"""repair in bulk and the log of acts; what incidents have in common; indexes of the monitor's lists

Revision ID: 0004
Revises: 0003
"""

import hashlib
import re

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _repair_in_bulk()
    _log_of_acts()
    _indexes_of_lists()
    _signatures()


def _repair_in_bulk() -> None:
    op.create_table(
        "bulk",
        sa.Column("id", BigId, nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("created_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", app.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
    )
    op.create_index(op.f("ix_bulk_workspace_id"), "bulk", ["workspace_id"])
    op.create_table(
        "bulk_item",
        sa.Column("id", BigId, nullable=False),
        sa.Column("bulk_id", BigId, nullable=False),
        sa.Column("instance_id", BigId, nullable=False),
        sa.Column("incident_id", BigId, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=True),
        sa.Column("at", app.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk.id"], name=op.f("fk_bulk_item_bulk_id_bulk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_item")),
    )
    op.create_index(op.f("ix_bulk_item_bulk_id_state_id"), "bulk_item", ["bulk_id", "state", "id"])


def _log_of_acts() -> None:
    op.create_table(
        "operator_act",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("instance_id", BigId, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("data", app.db.Json(), nullable=True),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_act")),
    )
    op.create_index(op.f("ix_operator_act_instance_id"), "operator_act", ["instance_id"])
    op.create_index(op.f("ix_operator_act_workspace_id"), "operator_act", ["workspace_id"])
    op.create_index(
        op.f("ix_operator_act_workspace_id_by_id"), "operator_act", ["workspace_id", "by", "id"]
    )


def _indexes_of_lists() -> None:
    op.create_index(
        op.f("ix_instance_workspace_id_state_definition_id"),
        "instance",
        ["workspace_id", "state", "definition_id"],
    )
    some = sa.text("caused_by IS NOT NULL")
    op.create_index(
        "ix_instance_caused_by", "instance", ["caused_by"], sqlite_where=some, postgresql_where=some
    )


def _signatures() -> None:
    op.add_column(
        "incident",
        sa.Column("signature", sa.String(length=16), nullable=False, server_default=""),
    )
    op.create_index(
        op.f("ix_incident_workspace_id_state_process_id_signature"),
        "incident",
        ["workspace_id", "state", "process_id", "signature"],
    )
    _sign()
    with op.batch_alter_table("incident") as table:
        table.alter_column("signature", server_default=None)


def _sign() -> None:
    """Incidents that are there already have a signature, as `app.engine.incidents` makes it."""
    incident = sa.table("incident", sa.column("id"), sa.column("message"), sa.column("signature"))
    connection = op.get_bind()
    for id, message in connection.execute(sa.select(incident.c.id, incident.c.message)).all():
        made = hashlib.sha256(re.sub(r"\d+", "#", message).encode()).hexdigest()[:16]
        connection.execute(
            sa.update(incident).where(incident.c.id == id).values(signature=made)
        )


def downgrade() -> None:
    op.drop_index("ix_incident_workspace_id_state_process_id_signature", "incident")
    with op.batch_alter_table("incident") as table:
        table.drop_column("signature")
    op.drop_index("ix_instance_caused_by", "instance")
    op.drop_index("ix_instance_workspace_id_state_definition_id", "instance")
    op.drop_table("operator_act")
    op.drop_table("bulk_item")
    op.drop_table("bulk")
