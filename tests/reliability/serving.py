"""What the servers and workers of the experiments run: the product, with handlers that leave traces.

`note` has one row per call of a handler, written in the step's own transaction and without any
rule against doubles, so that what happened twice can be seen. Effects leave a line in the file
that RELIABILITY_EFFECTS names.
"""

import os
import select
import time
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import clock, create_app
from app.db import UtcDateTime, db
from app.engine.handlers import Step, handler
from app.jobs.models import Job
from app.jobs.registry import job

EFFECT = "reliability.effect"
LOCK = 15  # seconds; the product waits five minutes for a worker that died


# of its own: what the product's models describe has no such table
tables = sa.MetaData()
note = sa.Table(
    "reliability_note",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("instance_id", sa.Integer, nullable=False, index=True),
    sa.Column("element_id", sa.String(80), nullable=False),
    sa.Column("token_id", sa.Integer, nullable=False),
    sa.Column("stamp", sa.String(80)),
    sa.Column("at", UtcDateTime(), nullable=False),
    sa.Column("elapsed", sa.Float, nullable=False),  # by a clock that nobody can set
)


def _sleep(seconds: float) -> None:
    """As `time.sleep`, by a call that libfaketime leaves alone: it fails in clock_nanosleep."""
    select.select([], [], [], seconds)


if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    time.sleep = _sleep


def serve() -> Flask:
    """The product as configured by the environment."""
    return create_app({"job_lock_seconds": LOCK})


def _write(step: Step, stamp: str | None) -> None:
    db.session.execute(
        sa.insert(note).values(
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
