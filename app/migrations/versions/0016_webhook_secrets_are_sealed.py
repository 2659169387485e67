"""webhook secrets are sealed, and deliveries of one state are found

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from app.notify import sealing

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = ["webhook_id", "state", "id"]


def upgrade() -> None:
    op.add_column("webhook", sa.Column("sealed", sa.String(500), nullable=True))
    hook = _table()
    for id, plain in op.get_bind().execute(sa.select(hook.c.id, hook.c.secret)).all():
        # the column stays for one release, empty: servers of the release before ask for it
        _write(hook, id, secret="", sealed=sealing.seal(plain))
    op.create_index(op.f(f"ix_webhook_delivery_{'_'.join(COLUMNS)}"), "webhook_delivery", COLUMNS)


def downgrade() -> None:
    op.drop_index(op.f(f"ix_webhook_delivery_{'_'.join(COLUMNS)}"), "webhook_delivery")
    hook = _table()
    sealed = sa.select(hook.c.id, hook.c.sealed).where(hook.c.sealed.is_not(None))
    for id, text in op.get_bind().execute(sealed).all():
        _write(hook, id, secret=sealing.unseal(text))
    # not by a batch, which makes the table anew and would take the deliveries with the old one
    op.drop_column("webhook", "sealed")


def _table() -> sa.TableClause:
    columns = (sa.column("id"), sa.column("secret"), sa.column("sealed"))
    return sa.table("webhook", *columns)


def _write(hook: sa.TableClause, id: int, **values: str) -> None:
    op.get_bind().execute(sa.update(hook).where(hook.c.id == id).values(**values))
