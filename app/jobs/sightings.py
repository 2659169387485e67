"""Whose worker has died, as those see it who look for work. No wall clock is asked.

The mark of a locked job (`locked_by`, `locked_until`) is another one after each beat of its
worker's pulse. Who sees the same mark for the length of a lock, by the seconds that pass for
itself, takes the job over: clocks that are set or wrong, here or on another machine, make no
worker look dead. Of the time between two looks half a lock counts at most: the database may have
been away meanwhile, and for the pulse, too. A process that is gone from this machine is dead at
once.
"""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask, current_app

from app import clock
from app import db as database
from app.db import db
from app.jobs import workers
from app.jobs.models import UNDER_WAY, Job

KEY = "shunliu-sightings"
LOOKS = 10  # so often within a lock's length the marks are looked at
MOST = 50  # jobs taken over at a time
_jobs = Job.__table__


class Mark(NamedTuple):
    """What a lock looks like between two beats."""

    id: int
    locked_by: str
    locked_until: dt.datetime


@dataclass
class Sightings:
    """What one process has seen: {mark: the seconds for which it has stood}."""

    stood: dict[Mark, float]
    at: float | None = None  # of the last look


def init_app(app: Flask) -> None:
    """Nothing is seen yet."""
    app.extensions[KEY] = Sightings({})


def lost() -> list[Mark]:
    """Locks whose worker has died, `MOST` at a time. The table is asked when it is time."""
    found: Sightings = current_app.extensions[KEY]
    lease = max(current_app.config["SETTINGS"].job_lock_seconds, 1)
    if found.at is None or clock.passed() - found.at >= lease / LOOKS:
        found = current_app.extensions[KEY] = _look(found, lease / 2)
    return [mark for mark, seconds in found.stood.items() if seconds >= lease][:MOST]


def forget(job_ids: Iterable[int]) -> None:
    """These jobs are somebody else's by now."""
    found: Sightings = current_app.extensions[KEY]
    gone = set(job_ids)
    kept = {mark: stood for mark, stood in found.stood.items() if mark.id not in gone}
    current_app.extensions[KEY] = Sightings(kept, found.at)


def _look(before: Sightings, most: float) -> Sightings:
    """Every mark as it is now, and for how long it has been seen, at least."""
    query = sa.select(_jobs.c.id, _jobs.c.locked_by, _jobs.c.locked_until)
    asked = clock.passed()  # waiting for the database is no time in which anything was seen
    with database.reading():
        rows = db.session.execute(query.where(under_way())).all()
        database.end_reading()
    more = 0.0 if before.at is None else min(asked - before.at, most)
    stood = {}
    for row in rows:
        mark = Mark(*row)
        seconds = before.stood[mark] + more if mark in before.stood else 0.0
        stood[mark] = math.inf if workers.is_dead(mark.locked_by) else seconds
    return Sightings(stood, clock.passed())


def under_way() -> sa.ColumnElement[bool]:
    """Jobs that somebody has, or had when they died."""
    return sa.and_(_jobs.c.state.in_(UNDER_WAY), _jobs.c.locked_by.is_not(None))
