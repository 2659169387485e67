"""Job kinds and handlers whose effects can be counted, for the workers of the contract."""

import datetime as dt
import os
import signal
import time
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from app import clock
from app.db import db
from app.engine.handlers import Step, handler
from app.jobs import registry
from app.jobs.models import Job

# what was done, written in the job's transaction; nothing keeps a deed from being there twice
deeds = sa.Table(
    "deed",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(60)),
    sa.Column("process", sa.Integer),
)


def folder() -> Path:
    return Path(current_app.instance_path)


def do(name: str) -> None:
    """A deed, and a line outside of the transaction that somebody has begun it."""
    note(name)
    db.session.execute(sa.insert(deeds).values(name=name, process=os.getpid()))


def note(name: str) -> None:
    """Somebody has begun it, whatever comes of it."""
    with (folder() / "begun").open("a") as file:
        file.write(f"{name} {os.getpid()} {time.time()}\n")


def die() -> None:
    """As the kernel does when there is no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)


@registry.job("proof.once", retries=())
def once(payload: dict, _job: Job) -> None:
    """A deed that takes a moment."""
    do(payload["name"])
    time.sleep(0.02)


@registry.job("proof.long", retries=())
def long(payload: dict, _job: Job) -> None:
    """A deed that takes longer than a job's lock, and keeps no lock of the database meanwhile."""
    note(payload["name"])
    time.sleep(payload["seconds"])
    db.session.execute(sa.insert(deeds).values(name=payload["name"], process=os.getpid()))


@registry.job("proof.until", retries=())
def until(payload: dict, _job: Job) -> None:
    """A deed that takes until the file is there."""
    note(payload["name"])
    over = time.monotonic() + 600
    while not (folder() / payload["file"]).exists() and time.monotonic() < over:
        time.sleep(0.05)
    db.session.execute(sa.insert(deeds).values(name=payload["name"], process=os.getpid()))


@registry.job("proof.ahead", retries=())
def ahead(payload: dict, _job: Job) -> None:
    """From now on this process's wall clock is so many hours ahead."""
    usual, hours = clock.real_now, dt.timedelta(hours=payload["hours"])
    clock.real_now = lambda: usual() + hours
    note(payload["name"])


@registry.job("proof.dies", retries=())
def dies(payload: dict, _job: Job) -> None:
    """The first worker that does this dies in the middle."""
    do(payload["name"])
    mark = folder() / "died"
    if not mark.exists():
        mark.touch()
        die()


@registry.job("proof.often", every=1)
def often(_payload: dict, _job: Job) -> None:
    """A chore for the whole house."""
    do("often")


@handler()
def book(step: Step) -> None:
    """A deed in a case."""
    do(f"{step.element_id} {step.instance_id}")


@handler()
def refuse(step: Step) -> None:
    """Never works."""
    do(f"{step.element_id} {step.instance_id}")
    raise RuntimeError("the other system is away")
