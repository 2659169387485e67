"""departments name people

A department's manager must be somebody who exists. On SQLite the first schema says so; on
PostgreSQL it could not, because the table of people comes after that of departments.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "fk_department_manager_login_user_account"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(NAME, "department", "user_account", ["manager_login"], ["login"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, "department", type_="foreignkey")
