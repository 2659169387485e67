"""What the servers and workers of the experiments run: the product, with handlers that leave traces.

`note` has one row per call of a handler, written in the step's own transaction and without any
rule against doubles, so that what happened twice can be seen. Effects leave a line in the file
that RELIABILITY_EFFECTS names.
"""

import datetime as dt
import os
import select
import time
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, create_app
from app.db import UtcDateTime, db
from app.engine.handlers import Step, handler
from app.jobs.models import Job
from app.jobs.registry import job

EFFECT = "reliability.effect"
LOCK = 15  # seconds; the product waits five minutes for a worker that died


class Note(db.Model):
    """A handler was called."""

    __tablename__ = "reliability_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(index=True)
    element_id: Mapped[str] = mapped_column(sa.String(80))
    token_id: Mapped[int]
    stamp: Mapped[str | None] = mapped_column(sa.String(80))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    elapsed: Mapped[float] = mapped_column(sa.Float)  # a clock that nobody can set


def _sleep(seconds: float) -> None:
    """As `time.sleep`, by a call that libfaketime leaves alone: it fails in clock_nanosleep."""
    select.select([], [], [], seconds)


if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    time.sleep = _sleep


def serve() -> Flask:
    """The product as configured by the environment."""
    return create_app({"job_lock_seconds": LOCK})


def _write(step: Step, stamp: str | None) -> None:
    db.session.add(
        Note(
            instance_id=step.instance_id,
            element_id=step.element_id,
            token_id=step.token_id,
            stamp=stamp,
            at=clock.real_now(),
            elapsed=time.monotonic(),
        )
    )


@handler(outputs=("rounds",), topic="reliability.book")
def book(step: Step, *, stamp: str, rounds: int = 0) -> dict[str, Any]:
    """The stamp is noted, `rounds` counts it, and an effect with its name is on its way."""
    _write(step, stamp)
    step.effect(EFFECT, {"stamp": stamp}, key=f"effect:{stamp}")
    return {"rounds": rounds + 1}


@handler(topic="reliability.close")
def close(step: Step) -> None:
    """It is noted that the case came here."""
    _write(step, None)


@job(EFFECT, retries=(1.0,) * 60)
def effect(payload: dict[str, Any], _job: Job) -> None:
    """The stamp is a line of the file."""
    with open(os.environ["RELIABILITY_EFFECTS"], "a") as file:
        file.write(payload["stamp"] + "\n")
