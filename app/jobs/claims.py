"""Which jobs are due, and whose they are: a claimed job is its worker's until its lock runs out."""

import datetime as dt
import logging
import os
import socket
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app import clock, workspace
from app.db import db
from app.jobs import registry
from app.jobs.models import Job

log = logging.getLogger(__name__)
_jobs = Job.__table__
SENT = "sent:"  # names of those who claim jobs for others to do begin like this


def lease() -> dt.timedelta:
    """How long a claimed job is its worker's."""
    return dt.timedelta(seconds=current_app.config["SETTINGS"].job_lock_seconds)


def worker_name() -> str:
    """Who this thread is, for the lock column."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[-80:]


def clocks() -> dict[int, dt.datetime]:
    """{workspace: its present moment}."""
    rows = db.session.scalars(sa.select(workspace.Workspace)).all()  # kept: `now` asks for each
    moments = {}
    for id in dict.fromkeys([workspace.COMPANY, *(row.id for row in rows)]):
        with workspace.use(id):
            moments[id] = clock.now()
    return moments


def claim(limit: int = 20, *, worker: str | None = None) -> list[int]:
    """Up to `limit` due jobs are locked for this worker, committed; their ids, earliest first.

    Due jobs of a kind that this process does not know are parked.
    """
    worker, wall = worker or worker_name(), clock.real_now()
    found: list[sa.Row[Any]] = []
    for id, now in clocks().items():
        if len(found) < limit:
            query = due(id, now, wall).limit(limit - len(found)).with_for_update(skip_locked=True)
            found += db.session.execute(query).all()
    known = [row.id for row in found if row.kind in registry.kinds]
    if known:
        locked = {"locked_by": worker, "locked_until": wall + lease()}
        db.session.execute(sa.update(_jobs).where(_jobs.c.id.in_(known)).values(**locked))
    _park([row for row in found if row.kind not in registry.kinds])
    db.session.commit()
    return known or (claim(limit, worker=worker) if found else [])


def on_their_way() -> int:
    """How many jobs are claimed for others and not begun, and not lost yet."""
    sent = sa.and_(_jobs.c.state == "waiting", _jobs.c.locked_by.startswith(SENT))
    query = sa.select(sa.func.count()).where(sent, _jobs.c.locked_until >= clock.real_now())
    return db.session.scalar(query) or 0


def give_back(job_ids: Sequence[int], worker: str, *, attempts: int = 0) -> None:
    """Those of these jobs that this worker has are anybody's again, committed; so many of their
    attempts do not count."""
    mine = sa.and_(_jobs.c.id.in_(job_ids), _jobs.c.locked_by == worker)
    free = {"locked_by": None, "locked_until": None, "attempts": _jobs.c.attempts - attempts}
    db.session.execute(sa.update(_jobs).where(mine).values(**free))
    db.session.commit()


def _park(unknown: list[sa.Row[Any]]) -> None:
    """Jobs of unknown kinds wait until `unpark`: another version of the product wrote them."""
    for row in unknown:
        text = f"no program here does jobs of the kind {row.kind}"
        log.error("job %s is parked: %s", row.id, text)
        parked = {"state": "parked", "last_error": text, "locked_by": None, "locked_until": None}
        db.session.execute(sa.update(_jobs).where(_jobs.c.id == row.id).values(**parked))


def unpark() -> int:
    """Parked jobs whose kind is known here are waiting again; how many."""
    known = sa.and_(_jobs.c.state == "parked", _jobs.c.kind.in_(registry.kinds))
    return db.session.execute(
        sa.update(_jobs).where(known).values(state="waiting", last_error=None)
    ).rowcount


def due(workspace_id: int, now: dt.datetime, wall: dt.datetime) -> sa.Select[tuple[int, str]]:
    """The jobs that a workspace's clock has reached and nobody has, earliest first."""
    free = sa.or_(
        _jobs.c.locked_until.is_(None),
        _jobs.c.locked_until < wall,
        _jobs.c.locked_until > wall + 2 * lease(),  # locked before somebody set the clock back
    )
    return (
        sa.select(_jobs.c.id, _jobs.c.kind)
        .where(
            _jobs.c.workspace_id == workspace_id,
            _jobs.c.state == "waiting",
            _jobs.c.run_at <= now,
            free,
        )
        .order_by(_jobs.c.run_at, _jobs.c.id)
    )
