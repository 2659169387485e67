"""The tables of archived cases: what finished long ago, out of the way of what runs."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import UtcDateTime, db
from app.engine.cases import BigId
from app.engine.published import Definition
from app.workspace import Numerous


class ArchivedCase(Numerous, db.Model):
    """A finished case under its old number: what it is found and shown by."""

    __tablename__ = "archived_case"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    definition_id: Mapped[int] = mapped_column(sa.ForeignKey("definition.id"))
    process_id: Mapped[str] = mapped_column(sa.String(200))
    business_key: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str | None] = mapped_column(sa.String(300))
    department_id: Mapped[str | None] = mapped_column(sa.String(40))
    started_by: Mapped[str | None] = mapped_column(sa.String(40))
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    ended_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    result: Mapped[str | None] = mapped_column(sa.String(20))
    end_event: Mapped[str | None] = mapped_column(sa.String(200))
    archived_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    definition: Mapped[Definition] = relationship()
    __table_args__ = (
        sa.Index(None, "workspace_id", "business_key", "id"),
        sa.Index(None, "workspace_id", "subject"),
        sa.Index(None, "workspace_id", "id"),
        sa.Index(None, "workspace_id", "ended_at", "id"),
        sa.Index(None, "workspace_id", "process_id", "ended_at", "id"),
        sa.Index(None, "workspace_id", "started_by", "id"),
    )


class ArchivedContent(db.Model):
    """Every row of the case as JSON (`app.values`), compressed; apart, so that lists stay quick."""

    __tablename__ = "archived_content"
    case_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("archived_case.id", ondelete="CASCADE"), primary_key=True
    )
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of the JSON text
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)  # zlib


class ArchivedPerson(db.Model):
    """Somebody who had a task of the case, and may see it therefore."""

    __tablename__ = "archived_person"
    case_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("archived_case.id", ondelete="CASCADE"), primary_key=True
    )
    login: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    __table_args__ = (sa.Index(None, "login", "case_id"),)


class ArchivedTask(db.Model):
    """Which case a task belonged to: links to it lead there. And what reports on time need of it:
    `completed_at` is null when nobody has finished it."""

    __tablename__ = "archived_task"
    task_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("archived_case.id", ondelete="CASCADE"), index=True
    )
    # null where a server of the release before has archived the case
    workspace_id: Mapped[int | None]
    process_id: Mapped[str | None] = mapped_column(sa.String(200))
    name: Mapped[str | None] = mapped_column(sa.String(300))
    completed_by: Mapped[str | None] = mapped_column(sa.String(40))
    created_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    completed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (
        sa.Index(
            "ix_archived_task_finished",
            "workspace_id",
            "process_id",
            "completed_at",
            sqlite_where=sa.text("completed_at IS NOT NULL"),
            postgresql_where=sa.text("completed_at IS NOT NULL"),
        ),
    )
