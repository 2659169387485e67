"""The tables of running cases: the case, its live tokens, what it waits for, its history.

A case's state is one `instance` row with a revision, a row per live token and one per open inner
scope. `state` columns hold JSON text that only the core reads; text, because the order of
keys counts.
"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Json, UtcDateTime, db
from app.engine.published import Definition
from app.workspace import Numerous

# SQLite numbers rows by itself only in a plain INTEGER
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Instance(Numerous, db.Model):
    """A running or finished case of one version of a process."""

    __tablename__ = "instance"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(sa.ForeignKey("definition.id"))
    process_id: Mapped[str] = mapped_column(sa.String(200))
    revision: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(10), default="active")
    # active, suspended, ended, cancelled
    incidents: Mapped[int] = mapped_column(default=0)  # how many are open
    business_key: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str | None] = mapped_column(sa.String(300))  # the variable `subject`
    department_id: Mapped[str | None] = mapped_column(sa.String(40))
    started_by: Mapped[str | None] = mapped_column(sa.String(40))
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    result: Mapped[str | None] = mapped_column(sa.String(20))  # completed, terminated, cancelled
    end_event: Mapped[str | None] = mapped_column(sa.String(200))
    caused_by: Mapped[int | None] = mapped_column(BigId)  # the case whose message began this one
    last_id: Mapped[int] = mapped_column(default=0)  # the last token id given out
    header: Mapped[str] = mapped_column(sa.Text, default="")
    definition: Mapped[Definition] = relationship()
    __table_args__ = (
        sa.Index(None, "definition_id", "state", "id"),
        sa.Index(None, "workspace_id", "state", "id"),
        sa.Index(None, "workspace_id", "started_by", "id"),
        sa.Index(None, "workspace_id", "process_id", "state", "id"),
        sa.Index(None, "workspace_id", "business_key"),
        sa.Index(
            "ix_instance_finished",
            "definition_id",
            "ended_at",
            sqlite_where=sa.text("ended_at IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_instance_finished_of_process",
            "workspace_id",
            "process_id",
            "ended_at",
            sqlite_where=sa.text("ended_at IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_instance_with_incidents",
            "workspace_id",
            "id",
            sqlite_where=sa.text("incidents > 0"),
            postgresql_where=sa.text("incidents > 0"),
        ),
        sa.Index(None, "workspace_id", "state", "definition_id"),
        sa.Index(
            "ix_instance_begun_and_open",
            "workspace_id",
            "started_by",
            "ended_at",  # always empty, but SQLite prefers an index that has it
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(
            "ix_instance_caused_by",
            "caused_by",
            sqlite_where=sa.text("caused_by IS NOT NULL"),
            postgresql_where=sa.text("caused_by IS NOT NULL"),
        ),
    )


class Token(db.Model):
    """A live token."""

    __tablename__ = "token"
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True
    )
    token_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    element_id: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = {"sqlite_with_rowid": False}


class ScopeState(db.Model):
    """The inside of a sub-process or called process that runs; `owner` is the token running it."""

    __tablename__ = "scope"
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True
    )
    owner: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    definition_id: Mapped[int | None] = mapped_column(index=True)  # of a called process
    state: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = {"sqlite_with_rowid": False}


class Timer(Numerous, db.Model):
    """A moment that a token, or the start of a case, waits for. `queued`: a job has it."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int | None]
    definition_id: Mapped[int] = mapped_column(sa.ForeignKey("definition.id"), index=True)
    element_id: Mapped[str] = mapped_column(sa.String(200))
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    counted: Mapped[str | None] = mapped_column(sa.String(80))  # see `app.jobs.elapsed`
    queued: Mapped[bool] = mapped_column(default=False)
    rest: Mapped[Any] = mapped_column(Json(), nullable=True)  # of a start: how it goes on
    __table_args__ = (
        sa.Index(None, "workspace_id", "queued", "due_at"),
        sa.Index(None, "instance_id", "token_id"),
    )


class MessageWait(Numerous, db.Model):
    """A token that waits for a message."""

    __tablename__ = "message_wait"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(sa.String(200))
    name: Mapped[str] = mapped_column(sa.String(200))
    key: Mapped[str | None] = mapped_column(sa.String(300))  # None: any key will do
    business_key: Mapped[str | None] = mapped_column(sa.String(200))
    __table_args__ = (
        sa.Index(None, "workspace_id", "name", "key"),
        sa.Index(None, "workspace_id", "business_key"),
        sa.Index(None, "workspace_id", "key"),
        sa.Index(None, "instance_id", "token_id"),
    )


class SignalWait(Numerous, db.Model):
    """A token that waits for a signal."""

    __tablename__ = "signal_wait"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int]
    element_id: Mapped[str] = mapped_column(sa.String(200))
    name: Mapped[str] = mapped_column(sa.String(200))
    __table_args__ = (
        sa.Index(None, "workspace_id", "name"),
        sa.Index(None, "instance_id", "token_id"),
    )


class KeptMessage(Numerous, db.Model):
    """A message that found nobody waiting; the first matching catch gets it until it expires."""

    __tablename__ = "kept_message"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    key: Mapped[str | None] = mapped_column(sa.String(300))
    business_key: Mapped[str | None] = mapped_column(sa.String(200))
    variables: Mapped[dict[str, Any]] = mapped_column(Json())
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime(), index=True)
    __table_args__ = (sa.Index(None, "workspace_id", "name", "key"),)


class Event(Numerous, db.Model):
    """One line of the history, never changed. `kind` as in `spiff/rows.EventRow`, and what people
    did: claimed, released, delegated, completed, suspended, resumed, cancelled, retried, …"""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    kind: Mapped[str] = mapped_column(sa.String(20))
    definition_id: Mapped[int | None]
    element_id: Mapped[str | None] = mapped_column(sa.String(200))
    name: Mapped[str | None] = mapped_column(sa.String(300))  # of the element
    by: Mapped[str | None] = mapped_column(sa.String(40))
    token_id: Mapped[int | None]
    task_id: Mapped[int | None] = mapped_column(BigId)
    data: Mapped[dict[str, Any] | None] = mapped_column(Json())
    __table_args__ = (sa.Index(None, "instance_id", "id"),)


class Incident(Numerous, db.Model):
    """A step that failed and waits for a person."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int | None]
    element_id: Mapped[str | None] = mapped_column(sa.String(200))
    element_name: Mapped[str | None] = mapped_column(sa.String(300))
    process_id: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(
        sa.String(30)
    )  # handler, job, timer, message, or Stuck.reason
    message: Mapped[str] = mapped_column(sa.Text)
    signature: Mapped[str] = mapped_column(sa.String(16), default="")  # of the message, no figures
    values: Mapped[dict[str, Any] | None] = mapped_column(Json())
    stack: Mapped[str | None] = mapped_column(sa.Text)
    attempts: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(sa.String(10), default="open")  # open, resolved
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    resolved_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    resolved_by: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str | None] = mapped_column(sa.String(500))  # how or why it was resolved
    instance: Mapped[Instance] = relationship()
    __table_args__ = (
        sa.Index(None, "workspace_id", "state", "id"),
        sa.Index(None, "instance_id", "state", "workspace_id"),  # see `UserTask`
        sa.Index(None, "workspace_id", "state", "process_id", "signature"),
    )


class HandlerJournal(db.Model):
    """What a handler answered for one token: asked again, it is not run again."""

    __tablename__ = "handler_journal"
    key: Mapped[str] = mapped_column(sa.String(300), primary_key=True)  # instance:element:token
    handler: Mapped[str] = mapped_column(sa.String(120))
    result: Mapped[Any] = mapped_column(Json(), nullable=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
