"""Due times that were counted from a moment ("in two hours") hold when somebody sets the clock.

Such a row keeps the clock's reading beside its due time. When the clock has been set since, the due
time moves with it, so that as much time passes as was meant. What is due at a date and time of
day, on the other hand, has no reading and follows the wall clock. Readings of another machine, or
from before a restart of this one, say nothing: several machines keep their clocks right by NTP.
"""

import datetime as dt
import threading
import time

import sqlalchemy as sa

from app import clock
from app.db import db

EVERY = 60.0  # seconds between two looks for rows that were written just while the clock was set
BATCH = 500


class _Seen(threading.local):
    """{column: the reading and the moment of this thread's last look}."""

    def __init__(self) -> None:
        self.last: dict[str, tuple[str, float]] = {}


_seen = _Seen()


def follow(column: sa.Column[dt.datetime], where: sa.ColumnElement[bool]) -> int:
    """These due times are right by the clock as it is now, committed; how many had to move.

    Costs nothing while nobody sets the clock.
    """
    reading, now = clock.reading(), time.monotonic()
    before, at = _seen.last.get(str(column), (None, 0.0))
    if before is not None and not clock.set_since(before) and now - at < EVERY:
        return 0
    counted, count = column.table.c.counted, 0
    for known in _readings(counted, where):
        ids = db.session.scalars(sa.select(column.table.c.id).where(counted == known, where)).all()
        for first in range(0, len(ids), BATCH):
            count += move(column, list(ids[first : first + BATCH]))
            db.session.commit()
    _seen.last[str(column)] = reading, now
    return count


def _readings(counted: sa.Column[str], where: sa.ColumnElement[bool]) -> list[str]:
    """The readings of before the clock was set."""
    found = db.session.scalars(sa.select(counted).where(counted.is_not(None), where).distinct())
    old = [reading for reading in found if clock.set_since(reading)]
    db.session.commit()
    return old


def move(column: sa.Column[dt.datetime], ids: list[int]) -> int:
    """Those of these rows whose reading is an old one are due by the clock as it is now; how
    many were."""
    table = column.table
    rows = db.session.execute(
        sa.select(table.c.id, column, table.c.counted)
        .where(table.c.id.in_(ids), table.c.counted.is_not(None))
        .with_for_update()
    ).all()
    count, reading = 0, clock.reading()  # one for all that is written here: it may change any time
    for id, due, counted in rows:
        ahead = clock.set_since(counted, reading)
        if ahead:
            here = sa.and_(table.c.id == id, table.c.counted == counted)
            moved = {column: due + ahead, table.c.counted: reading}
            count += db.session.execute(sa.update(table).where(here).values(moved)).rowcount
    return count
