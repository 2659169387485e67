"""The tables of notices and of what is on its way out of the house."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Json, UtcDateTime, db
from app.workspace import Owned

WAITING, SENT, FAILED, PASSED_ON = "待发", "已发", "失败", "已转"


class Notice(Owned, db.Model):
    """Something one person should know; `read_at` is empty until it was read."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(40))
    text: Mapped[str] = mapped_column(sa.String(1000))
    link: Mapped[str | None] = mapped_column(sa.String(300))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (
        sa.Index(None, "workspace_id", "login", "read_at"),
        sa.Index(None, "workspace_id", "login", "id"),
    )


class Outgoing(Owned, db.Model):
    """A mail or text message; a job sends it after the commit. `key` names it for ever.

    `others` are the ways left to try when this one fails: [[channel, address], …].
    """

    __tablename__ = "outgoing"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(260))
    channel: Mapped[str] = mapped_column(sa.String(10))
    address: Mapped[str] = mapped_column(sa.String(200))
    subject: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(10), default=WAITING)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    error: Mapped[str | None] = mapped_column(sa.String(500))
    others: Mapped[list[Any] | None] = mapped_column(Json())
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "key"),
        sa.Index(None, "state", "channel"),
    )
