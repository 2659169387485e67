"""The monitor's own tables: what administrators did, and work on many cases at once."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Json, UtcDateTime, db
from app.engine.cases import BigId
from app.workspace import Numerous, Owned

RUNNING, STOPPED, DONE = "running", "stopped", "done"
WAITING, FAILED = "waiting", "failed"


class OperatorAct(Numerous, db.Model):
    """One act of an administrator, never changed. What belongs to a case is in its history too."""

    __tablename__ = "operator_act"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    by: Mapped[str] = mapped_column(sa.String(40))
    verb: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(12))  # case, incident, definition, job, outgoing, …
    object: Mapped[str] = mapped_column(sa.String(200))  # which, as people name it
    instance_id: Mapped[int | None] = mapped_column(BigId, index=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
    data: Mapped[dict[str, Any] | None] = mapped_column(Json())
    __table_args__ = (
        sa.Index(None, "workspace_id", "by", "id"),
        sa.Index(None, "workspace_id", "id"),
    )


class Bulk(Owned, db.Model):
    """One verb for many cases, with one reason. `done` and `failed` are counted as it goes."""

    __tablename__ = "bulk"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    verb: Mapped[str] = mapped_column(sa.String(20))
    reason: Mapped[str] = mapped_column(sa.String(500))
    about: Mapped[str] = mapped_column(sa.String(300))  # which cases, in words
    by: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[str] = mapped_column(sa.String(10), default=RUNNING)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    finished_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())


class BulkItem(db.Model):
    """One case of a bulk and what came of it: waiting, done, failed."""

    __tablename__ = "bulk_item"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bulk_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("bulk.id", ondelete="CASCADE"))
    instance_id: Mapped[int] = mapped_column(BigId)
    incident_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(sa.String(10), default=WAITING)
    message: Mapped[str | None] = mapped_column(sa.String(1000))
    at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (sa.Index(None, "bulk_id", "state", "id"),)
