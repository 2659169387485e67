"""orders name whom to ask at the customer

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAME = "fk_sales_order_contact_id_contact"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite takes a reference with its column only, and writes the table anew for anything else
        op.execute(
            f"ALTER TABLE sales_order ADD COLUMN contact_id INTEGER CONSTRAINT {NAME} "
            "REFERENCES contact (id)"
        )
    else:
        op.add_column("sales_order", sa.Column("contact_id", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f(NAME), "sales_order", "contact", ["contact_id"], ["id"])
    op.create_index(op.f("ix_sales_order_contact_id"), "sales_order", ["contact_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_sales_order_contact_id"), table_name="sales_order")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(NAME), "sales_order", type_="foreignkey")
    op.execute("ALTER TABLE sales_order DROP COLUMN contact_id")
