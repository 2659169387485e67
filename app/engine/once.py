"""A case begins once, however often its start is asked for: by a double click, by a browser that
sends a form again, by a program that got no answer.

Who asks says by a key of his own which requests are the same one. Of two that come at once the
database lets one be first; the other waits for it, and is led to its case.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, errors, sql, workspace
from app.db import UtcDateTime, db
from app.engine import run, starting
from app.engine.cases import BigId
from app.i18n import _, label
from app.workspace import Numerous

LONGEST = 100  # characters of a key
KEPT = dt.timedelta(days=1)


class StartKey(Numerous, db.Model):
    """A key that a person has begun a case with."""

    __tablename__ = "start_key"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(40))
    key: Mapped[str] = mapped_column(sa.String(LONGEST))
    process_id: Mapped[str] = mapped_column(sa.String(200))
    # no foreign key: the case may be archived before its key is forgotten, its number stays.
    # None only within the transaction that begins the case
    instance_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime(), index=True)
    __table_args__ = (sa.Index(None, "workspace_id", "login", "key", unique=True),)


_key = StartKey.__table__


def start(process_id: str, key: str, *, by: str) -> tuple[int, bool]:
    """The number of the case that this person has begun with this key, and whether it is new.

    The caller commits. Raises Invalid for a key that is none, Conflict when it began a case of
    another process within the last day, and what `run.start` raises; the key is then free again.
    """
    _check(key)
    id = _take(process_id, key, by)
    if id is None:
        return _first(process_id, key, by), False
    begun = run.start(process_id, {}, by=by).id
    sql.execute(sa.update(_key).where(_key.c.id == id).values(instance_id=begun))
    return begun, True


def forget(most: int) -> int:
    """So many of the oldest keys are gone that are older than a day; how many."""
    old = sa.select(_key.c.id).where(_key.c.created_at <= clock.real_now() - KEPT)
    old = old.order_by(_key.c.created_at).limit(most)
    return db.session.execute(sa.delete(_key).where(_key.c.id.in_(old))).rowcount


def _check(key: str) -> None:
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise errors.Invalid(
            _(
                "Idempotency-Key 要有 1 到 %(most)s 个字符，只能用英文字母、数字和符号；"
                "收到的有 %(n)s 个字符。没有发起，请换一个再试。",
                most=LONGEST, n=len(key),
            )
        )  # fmt: skip


def _take(process_id: str, key: str, by: str) -> int | None:
    """The row of the key, which is this transaction's now; None when another one has begun a case
    with it. Who is just doing so is waited for."""
    made = postgresql.insert if sql.locks_rows() else sqlite.insert
    now = clock.real_now()
    fields = {"process_id": process_id, "instance_id": None, "created_at": now}
    statement = made(_key).values(workspace_id=workspace.current(), login=by, key=key, **fields)
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "login", "key"],
        set_=fields,
        where=_key.c.created_at <= now - KEPT,
    )
    return sql.execute(statement.returning(_key.c.id)).scalar()


def _first(process_id: str, key: str, by: str) -> int:
    found = sql.execute(
        sa.select(_key.c.process_id, _key.c.instance_id).where(
            _key.c.workspace_id == workspace.current(), _key.c.login == by, _key.c.key == key
        )
    ).one()
    if found.process_id != process_id:
        name = starting.definition_for(found.process_id).name
        raise errors.Conflict(
            _("这个 Idempotency-Key 已经用来发起过“%(name)s”。没有再发起，请换一个再试。",
              name=label(name))
        )  # fmt: skip
    return found.instance_id
