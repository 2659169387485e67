"""Old messages are forgotten. That they went out stays in the log of messages, `records.log`."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app import clock
from app.db import db
from app.jobs import queue, registry
from app.jobs.models import Job
from app.notify.models import PASSED_ON, SENT, Notice, Outgoing

_outgoing, _notice = Outgoing.__table__, Notice.__table__


@registry.job("notify.tidy", every=3600)
def tidy(_payload: dict[str, Any], _job: Job) -> float | None:
    """Some of the oldest messages that were sent so many days ago, and of notices as old, read or
    not, are gone. What waits, or failed and waits for a person, stays."""
    days = current_app.config["SETTINGS"].message_days
    if not days:
        return None
    gone = _forget(_notice, _notice.c.id > 0, clock.now() - dt.timedelta(days=days))
    for workspace_id, now in queue.clocks().items():
        for state in (SENT, PASSED_ON):
            mine = sa.and_(_outgoing.c.workspace_id == workspace_id, _outgoing.c.state == state)
            gone += _forget(_outgoing, mine, now - dt.timedelta(days=days))
    return registry.SOON if gone >= registry.BATCH else None


def _forget(table: sa.Table, which: sa.ColumnElement[bool], before: dt.datetime) -> int:
    """Those among the first of them that are that old; how many. Not the table's very last row:
    SQLite would give its number again, and a mail that went out bears it."""
    first = sa.select(table.c.id, table.c.at).where(which).order_by(table.c.id)
    last = db.session.scalar(sa.select(sa.func.max(table.c.id)))
    rows = db.session.execute(first.limit(registry.BATCH))
    ids = [row.id for row in rows if row.at < before and row.id != last]
    if ids:
        db.session.execute(sa.delete(table).where(table.c.id.in_(ids)))
    return len(ids)
