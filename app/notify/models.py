"""The tables of notices, of webhooks, and of what is on its way out of the house."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Json, UtcDateTime, db
from app.workspace import Numerous, Owned

WAITING, SENT, FAILED, PASSED_ON = "待发", "已发", "失败", "已转"
SKIPPED = "不发"  # of a webhook that was switched off meanwhile
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Notice(Numerous, db.Model):
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


class Outgoing(Numerous, db.Model):
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
        sa.Index(None, "workspace_id", "state", "id"),
    )


class Webhook(Owned, db.Model):
    """Somebody outside who is told of what happens in cases.

    Empty `processes`: all of them. `fields` are the variables whose values are told. After
    `failures` attempts in a row that failed nothing is tried before `rests_until`.
    """

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    url: Mapped[str] = mapped_column(sa.String(3000))
    # servers of the release before write it there; nobody else does, see `webhooks.reseal`
    plain: Mapped[str] = mapped_column("secret", sa.String(100), default="")
    sealed: Mapped[str | None] = mapped_column(sa.String(500))  # the secret, see `sealing`
    events: Mapped[list[str]] = mapped_column(Json())
    processes: Mapped[list[str]] = mapped_column(Json())
    fields: Mapped[list[str]] = mapped_column(Json())
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    created_by: Mapped[str | None] = mapped_column(sa.String(40))


class Delivery(Numerous, db.Model):
    """One event on its way to one webhook: the bytes that are sent, each time the same."""

    __tablename__ = "webhook_delivery"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    event: Mapped[str] = mapped_column(sa.String(40))
    instance_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    body: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(10), default=WAITING)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(sa.String(500))
    __table_args__ = (
        sa.Index(None, "webhook_id", "id"),
        sa.Index(None, "webhook_id", "state", "id"),
        sa.Index(None, "workspace_id", "at"),
    )
