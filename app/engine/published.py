"""The tables of published files: what was deployed, by whom, and which versions came of it."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Json, UtcDateTime, db


class FileContent(db.Model):
    """The bytes of a deployed file, kept once however often they are deployed."""

    __tablename__ = "file_content"
    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Deployment(db.Model):
    """Files that were published together, wholly or not at all."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    created_by: Mapped[str | None] = mapped_column(sa.String(40))
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    files: Mapped[list["DeploymentFile"]] = relationship(back_populates="deployment")
    definitions: Mapped[list["Definition"]] = relationship(back_populates="deployment")


class DeploymentFile(db.Model):
    """One file of a deployment; a form's name is its key with `.form`."""

    __tablename__ = "deployment_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(sa.ForeignKey("deployment.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(300))
    kind: Mapped[str] = mapped_column(sa.String(8))  # bpmn, dmn, form
    content_hash: Mapped[str] = mapped_column(sa.ForeignKey("file_content.hash"))
    deployment: Mapped[Deployment] = relationship(back_populates="files")
    stored: Mapped[FileContent] = relationship()
    __table_args__ = (sa.Index(None, "name", "deployment_id", unique=True),)

    @property
    def content(self) -> bytes:
        return self.stored.content


class Decision(db.Model):
    """A decision of a deployed table file; the newest deployment's counts."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[str] = mapped_column(sa.String(200))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(300), default="")
    deployment_id: Mapped[int] = mapped_column(sa.ForeignKey("deployment.id"))
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("deployment_file.id"))
    file: Mapped[DeploymentFile] = relationship()
    __table_args__ = (sa.Index(None, "decision_id", "version", unique=True),)


class Definition(db.Model):
    """One version of a process. Its cases keep it until they end."""

    __tablename__ = "definition"
    id: Mapped[int] = mapped_column(primary_key=True)
    process_id: Mapped[str] = mapped_column(sa.String(200))
    version: Mapped[int]
    deployment_id: Mapped[int] = mapped_column(sa.ForeignKey("deployment.id"), index=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("deployment_file.id"))
    content_hash: Mapped[str] = mapped_column(sa.String(64))  # the file and the forms it shows
    name: Mapped[str] = mapped_column(sa.String(300))
    record_entity: Mapped[str | None] = mapped_column(sa.String(60))
    starter_groups: Mapped[list[str]] = mapped_column(Json())  # empty: everybody may start it
    starter_users: Mapped[list[str]] = mapped_column(Json())
    documentation: Mapped[str] = mapped_column(sa.Text, default="")
    start_form: Mapped[str | None] = mapped_column(sa.String(200))
    startable: Mapped[bool] = mapped_column(default=True)  # it has a plain start event
    uses: Mapped[dict[str, list[str]]] = mapped_column(Json())  # forms, decisions, calls, topics
    is_newest: Mapped[bool] = mapped_column(default=True)
    suspended: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    deployment: Mapped[Deployment] = relationship(back_populates="definitions")
    file: Mapped[DeploymentFile] = relationship()
    __table_args__ = (
        sa.Index(None, "process_id", "version", unique=True),
        sa.Index(None, "is_newest", "process_id"),
    )


class Subscription(db.Model):
    """A name that the newest version of a process listens to: it starts a case, or (`info`) is
    dropped instead of kept when nobody waits."""

    __tablename__ = "subscription"
    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(sa.ForeignKey("definition.id"), index=True)
    process_id: Mapped[str] = mapped_column(sa.String(200), index=True)
    element_id: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(12))  # message, signal, info
    name: Mapped[str] = mapped_column(sa.String(200))
    __table_args__ = (sa.Index(None, "kind", "name"),)
