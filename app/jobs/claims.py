"""Which jobs are due, and whose they are: a claimed job is its worker's until that has died."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app import clock, workspace
from app.db import db
from app.jobs import registry, sightings, workers
from app.jobs.models import UNDER_WAY, Job
from app.jobs.sightings import Mark

log = logging.getLogger(__name__)
_jobs = Job.__table__


def lease() -> dt.timedelta:
    """How long a claimed job is its worker's without a sign of life."""
    return dt.timedelta(seconds=current_app.config["SETTINGS"].job_lock_seconds)


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
    worker, lost = worker or workers.name(), sightings.lost()
    found: list[sa.Row[Any]] = []
    for id, now in clocks().items():
        if len(found) < limit:
            query = due(id, now, lost).limit(limit - len(found)).with_for_update(skip_locked=True)
            found += db.session.execute(query).all()
    known = [row.id for row in found if row.kind in registry.kinds]
    if known:
        locked = {"locked_by": worker, "locked_until": clock.real_now() + lease()}
        locked["state"] = "waiting"
        db.session.execute(sa.update(_jobs).where(_jobs.c.id.in_(known)).values(**locked))
    _park([row for row in found if row.kind not in registry.kinds])
    db.session.commit()
    if lost:
        sightings.forget(known)
    return known or (claim(limit, worker=worker) if found else [])


def on_their_way() -> int:
    """How many jobs are claimed for others and not begun, and not lost."""
    lost = [mark.id for mark in sightings.lost()]
    sent = sa.and_(_jobs.c.state == "waiting", _jobs.c.locked_by.startswith(workers.SENT))
    query = sa.select(sa.func.count()).where(sent, _jobs.c.id.not_in(lost))
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


def due(
    workspace_id: int, now: dt.datetime, lost: Sequence[Mark] = ()
) -> sa.Select[tuple[int, str]]:
    """The jobs that a workspace's clock has reached and nobody alive has, earliest first."""
    free: sa.ColumnElement[bool] = _jobs.c.locked_by.is_(None)
    state = _jobs.c.state == "waiting"
    if lost:
        same = (sa.and_(*(_jobs.c[name] == value for name, value in mark._asdict().items()))
                for mark in lost)  # fmt: skip
        free, state = sa.or_(sa.and_(state, free), *same), _jobs.c.state.in_(UNDER_WAY)
    return (
        sa.select(_jobs.c.id, _jobs.c.kind)
        .where(_jobs.c.workspace_id == workspace_id, state, _jobs.c.run_at <= now, free)
        .order_by(_jobs.c.run_at, _jobs.c.id)
    )
