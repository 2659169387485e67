"""Finished cases are archived when they are old enough: a few at a time, as many as fit into a moment,
then a rest, so that those who work do not notice.

All of it is one recurring job, so that there is never more of it at once than one machine's share.
A case that cannot be archived, or is very long, has a job of its own and holds up nobody.
"""

import datetime as dt
import functools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from flask import current_app

from app import clock, errors, sql, workspace
from app import db as database
from app.db import db
from app.engine import archive, definitions, schedule
from app.engine.archive import Packed
from app.engine.models import Definition, Event, Instance
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.registry import SOON, job

T = TypeVar("T")
Lot = tuple[Sequence[int], list[Packed]]  # what was asked for, what is there
ATTRIBUTE = "historyTimeToLive"  # of the process, in days or as ISO 8601
EVERY = dt.timedelta(minutes=5)
MOST_CASES = 24  # at a time, in lots of which the first always goes
MOMENT = 0.015  # seconds of packing and of moving, after which no more lot is begun
LOT = archive.TOGETHER
LONG = 250  # lines of history: such a case goes by itself
ONE = "engine.archive_case"
log = logging.getLogger(__name__)
_case, _child, _event = Instance.__table__, Instance.__table__.alias(), Event.__table__
_job = Job.__table__


# which cases


@functools.cache
def age(text: str | None, days: int) -> relativedelta | None:
    """How old a finished case must be: what its process says (`180`, `P10Y`, `P3650D`), else so
    many days; None: it stays for ever. A text that says neither is as none."""
    if text and text.strip().isdecimal():
        return relativedelta(days=int(text))
    try:
        if text:
            given = schedule.duration(text.strip())
            if given.months >= 0 and given.rest >= dt.timedelta():
                return relativedelta(months=given.months) + given.rest
            raise ValueError(text)
    except ValueError:
        log.warning("a process's %s is neither days nor a duration", ATTRIBUTE)
    return relativedelta(days=days) if days else None


def _before(definition_id: int, now: dt.datetime) -> dt.datetime | None:
    """What ended before is old, by this version of its process; None: nothing ever is."""
    text = definitions.spec(definition_id).attributes.get(ATTRIBUTE)
    span = age(text, current_app.config["SETTINGS"].archive_days)
    try:
        return None if span is None else now - span
    except (ValueError, OverflowError):  # before there were dates
        return None


def _candidates(now: dt.datetime) -> list[int]:
    """The versions with a case that finished at least a day ago, whatever they say of it."""
    first = sa.select(sa.func.min(_case.c.ended_at)).where(
        _case.c.definition_id == Definition.id, _case.c.ended_at.is_not(None)
    )
    query = sa.select(Definition.id).where(first.scalar_subquery() <= now - dt.timedelta(days=1))
    return list(db.session.scalars(query.order_by(Definition.id)))


def due(limit: int) -> list[int]:
    """Finished cases of the current workspace that are old enough and have no job of their own,
    children before parents: while a case is here that another one's message began, the other one
    stays."""
    found: list[int] = []
    now = clock.now()
    alone = sa.literal("archive:") + sa.cast(_case.c.id, sa.String)
    for definition_id in _candidates(now):
        before = _before(definition_id, now)
        if before is None or len(found) >= limit:
            continue
        query = (
            sa.select(_case.c.id)
            .where(
                _case.c.definition_id == definition_id,
                _case.c.ended_at <= before,
                _case.c.workspace_id == workspace.current(),
                _case.c.state.in_(archive.FINISHED),
                ~sa.exists().where(_child.c.caused_by == _case.c.id),
                ~sa.exists().where(_job.c.subject == alone),
            )
            .order_by(_case.c.ended_at)
            .limit(limit - len(found))
        )
        found += db.session.scalars(query)
    return found


# the jobs


@job("engine.archive", every=EVERY.total_seconds())
def some(_payload: dict[str, Any], job: Job) -> float | None:
    """Some cases of the company that are old enough are archived; so many seconds until the next
    ones, None when that was all.

    When it failed or its worker died before, every case that it would look at has a job of its own.
    """
    with workspace.use(workspace.COMPANY):
        with database.reading():
            ids = due(MOST_CASES)
            alone = set(ids) if job.attempts > 1 else long(ids)
            together = [id for id in ids if id not in alone]
            packed = _pack(together)
            database.commit_kept()
        for id in sorted(alone):
            queue.enqueue(ONE, {"instance_id": id}, subject=_subject(id))
        looked_at = _move(packed)
    return SOON if len(ids) == MOST_CASES or looked_at < len(together) else None


def long(ids: Sequence[int]) -> set[int]:
    """Those of the cases that are too long to be moved with others."""
    of = _event.c.instance_id
    query = sa.select(of).where(of.in_(ids)).group_by(of).having(sa.func.count() > LONG)
    return set(db.session.scalars(query))


def _pack(ids: Sequence[int]) -> list[Lot]:
    """As many of the cases as a moment is enough for."""
    return list(_while((lot, archive.pack_all(lot)) for lot in _lots(ids)))


def _move(lots: Sequence[Lot]) -> int:
    """As many of those as a moment is enough for; how many were looked at. The others are found
    again."""
    looked_at = 0
    sql.connection()  # the turn to write may have to be waited for, and the moment begins with it
    for lot, moved in _while((lot, archive.still(packed)) for lot, packed in lots if packed):
        if moved:
            archive.keep(moved)
            archive.drop(moved)
        looked_at += len(lot)
    return looked_at


def _lots(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + LOT] for at in range(0, len(ids), LOT))


def _while(work: Iterable[T]) -> Iterator[T]:
    """What comes of it, one after the other, until the moment is over; one at least."""
    until = time.monotonic() + MOMENT
    for done in work:
        yield done
        if time.monotonic() >= until:
            return


def _subject(instance_id: int) -> str:
    return f"archive:{instance_id}"


def _gave_up(payload: dict[str, Any], _job: Job, error: BaseException) -> None:
    """The case stays where it is, and is left alone until somebody tries the job again; an ended
    case has no open question, so the log says it and the job stands in the monitor's background."""
    log.error("case %s could not be archived: %s", payload.get("instance_id"), type(error).__name__)


@job(ONE, gave_up=_gave_up)
def one(payload: dict[str, Any], _job: Job) -> None:
    """The case is archived; the rest of a long one is left to a further job."""
    instance_id = payload["instance_id"]
    with database.reading():
        known = archive.is_archived(instance_id)
        packed = None if known else archive.pack(instance_id)
        database.commit_kept()
    sql.connection()
    until = time.monotonic() + MOMENT
    try:
        done = archive.clear(instance_id) if known else packed is None or archive.move(packed)
    except errors.Conflict:
        return  # somebody has just written to it; it is found again
    while not done and time.monotonic() < until:
        done = archive.clear(instance_id)
    if not done:
        queue.enqueue(ONE, {"instance_id": instance_id}, subject=_subject(instance_id))
