"""The four append-only logs: what changed, which states, who approved, which messages went out.

Rows are written in the transaction of the change itself, so that neither exists without the other.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import workspace
from app.db import UtcDateTime, db
from app.records.errors import Frozen


class _Log(workspace.Owned):
    """Who wrote the row, when, and which step of which case made him."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-10)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    by: Mapped[str] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(1000))
    flow: Mapped[str | None] = mapped_column(sa.String(100))
    element: Mapped[str | None] = mapped_column(sa.String(100))
    instance_id: Mapped[str | None] = mapped_column(sa.String(40), index=True)


class ChangeLog(_Log, db.Model):
    """One field of one record changed. Private fields leave `old` and `new` empty."""

    __tablename__ = "change_log"
    __table_args__ = (sa.Index("ix_change_log_object", "workspace_id", "entity", "record_id"),)
    entity: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    number: Mapped[str] = mapped_column(sa.String(40))
    field: Mapped[str] = mapped_column(sa.String(60))
    old: Mapped[str | None] = mapped_column(sa.Text)
    new: Mapped[str | None] = mapped_column(sa.Text)


class StateHistory(_Log, db.Model):
    """A record went from one state to another; `old` is empty when it was created."""

    __tablename__ = "state_history"
    __table_args__ = (
        sa.Index("ix_state_history_object", "workspace_id", "entity", "record_id"),
        sa.Index("ix_state_history_new", "workspace_id", "entity", "new", "at"),
    )
    entity: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    number: Mapped[str] = mapped_column(sa.String(40))
    old: Mapped[str | None] = mapped_column(sa.String(20))
    new: Mapped[str] = mapped_column(sa.String(20))


class ApprovalLog(_Log, db.Model):
    """One decision of one approver; `reason` is the opinion."""

    __tablename__ = "approval_log"
    __table_args__ = (
        sa.Index("ix_approval_log_object", "workspace_id", "entity", "number"),
        sa.Index("ix_approval_log_at", "workspace_id", "entity", "at"),
    )
    entity: Mapped[str] = mapped_column(sa.String(40))
    number: Mapped[str] = mapped_column(sa.String(40))
    version: Mapped[int | None]
    level: Mapped[int | None]
    role: Mapped[str | None] = mapped_column(sa.String(40))
    delegated_from: Mapped[str | None] = mapped_column(sa.String(40))
    decision: Mapped[str] = mapped_column(sa.String(20))


class MessageLog(_Log, db.Model):
    """A message to a person or to the outside; the same `dedupe_key` is never sent twice."""

    __tablename__ = "message_log"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "dedupe_key", name="uq_message_log_dedupe"),
        sa.Index("ix_message_log_object", "workspace_id", "entity", "number"),
    )
    template: Mapped[str] = mapped_column(sa.String(60))
    recipient: Mapped[str] = mapped_column(sa.String(200))
    channel: Mapped[str] = mapped_column(sa.String(20))
    dedupe_key: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(20))
    entity: Mapped[str | None] = mapped_column(sa.String(40))
    number: Mapped[str | None] = mapped_column(sa.String(40))


def _refuse(_mapper: object, _connection: object, target: _Log) -> None:
    raise Frozen(type(target).__tablename__)


for _log in (ChangeLog, StateHistory, ApprovalLog):
    sa.event.listen(_log, "before_update", _refuse)
    sa.event.listen(_log, "before_delete", _refuse)
