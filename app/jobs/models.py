"""The job table."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Json, UtcDateTime, db

UNDER_WAY = ("waiting", "stuck")  # what somebody can have claimed


class Job(db.Model):
    """Work for a machine. `run_at` is a time of the job's workspace. `locked_until` is written
    anew while the job is done; what it says is for people, that it changes is what counts."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    workspace_id: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json())
    subject: Mapped[str | None] = mapped_column(sa.String(80), index=True)  # `instance:7`
    key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)  # the same is done once
    run_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    counted: Mapped[str | None] = mapped_column(sa.String(80), default=clock.reading)
    state: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    # waiting, stuck (it takes too long), held (until somebody lets it go on), parked (of an unknown
    # kind), done, failed
    attempts: Mapped[int] = mapped_column(default=0)  # begun so many times
    retries: Mapped[list[float]] = mapped_column(Json())  # seconds before each further attempt
    last_error: Mapped[str | None] = mapped_column(sa.Text)
    locked_by: Mapped[str | None] = mapped_column(sa.String(80))
    locked_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    done_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    __table_args__ = (
        sa.Index(None, "workspace_id", "state", "run_at"),
        sa.Index(None, "state", "done_at"),
        sa.Index(None, "kind", "state"),
    )
