"""Archived cases for administrators: found by number, process and time, a page at a time.

Every page is read from one index in its order. Where a second condition has to be looked up row by
row, a page looks at `LOOKED_AT` rows and no more; the next one goes on from there.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from app import clock, workspace
from app.db import db
from app.engine.archived import ArchivedCase
from app.monitor import narrowing

PER_PAGE = 50
LOOKED_AT = 5_000
YEARS = (1970, 9000)  # others have no midnight in every zone
LAST = "\U0010ffff"
_row = ArchivedCase.__table__.c


@dataclass(frozen=True)
class Ask(narrowing.Narrowing):
    """What the list shows: numbers that begin with `key` (`#12`: the case 12), of one process,
    ended from one day to another; what comes after the case `before`."""

    PAGING: ClassVar[tuple[str, ...]] = ("before",)
    state: str = "archived"
    key: str = ""
    process: str = ""
    first: str = ""
    last: str = ""
    before: int | None = None


def read(args: Any) -> Ask:
    """The filter of a request; what makes no sense is left out."""
    return Ask(
        key=narrowing.text(args, "key"),
        process=narrowing.text(args, "process"),
        first=_day(args.get("first", "")),
        last=_day(args.get("last", "")),
        before=args.get("before", None, type=int),
    )


def _day(text: str) -> str:
    try:
        day = dt.date.fromisoformat(text.strip()[:10])
    except ValueError:
        return ""
    return day.isoformat() if YEARS[0] <= day.year <= YEARS[1] else ""


@dataclass(frozen=True)
class Page:
    """Some of the cases; `more`: the list goes on after the case `after`. `is_cut`: so many rows
    were looked at that the search was left there."""

    cases: list[ArchivedCase]
    after: int | None = None
    is_cut: bool = False


def page(ask: Ask) -> Page:
    """The latest ended first; those of a number by number, the highest first."""
    order = (_row.business_key if ask.key else _row.ended_at, _row.id)
    way = _way(ask, order).order_by(*(column.desc() for column in order))
    if not ask.key or not _asked(ask, _row):
        found = _ids(way.limit(PER_PAGE + 1))
        return Page(
            narrowing.rows(ArchivedCase, found[:PER_PAGE]),
            found[PER_PAGE - 1] if found[PER_PAGE:] else None,
        )
    near = way.limit(LOOKED_AT).subquery()
    query = sa.select(near.c.id).where(*_asked(ask, near.c))
    found = _ids(query.order_by(*(near.c[one.name].desc() for one in order)).limit(PER_PAGE + 1))
    if found[PER_PAGE:]:
        return Page(narrowing.rows(ArchivedCase, found[:PER_PAGE]), found[PER_PAGE - 1])
    last = _ids(way.offset(LOOKED_AT - 1).limit(1))
    return Page(narrowing.rows(ArchivedCase, found), *last, is_cut=bool(last))


def _way(ask: Ask, order: tuple[Any, Any]) -> sa.Select[Any]:
    """The rows that an index leads to, from where the page before has ended."""
    query = sa.select(_row.id, _row.business_key, _row.process_id, _row.ended_at)
    query = query.where(_row.workspace_id == workspace.current())
    if ask.key.startswith("#"):
        number = ask.key[1:]
        fits = number.isdecimal() and len(number) < 19
        return query.where(_row.id == (int(number) if fits else -1))
    first, end = _range(ask)
    if ask.process and not ask.key:
        query = query.where(_row.process_id == ask.process)
    if first is not None:
        query = query.where(order[0] >= first)
    place = _place(ask, order)
    if place is not None and (end is None or place[0] < end):
        # instead of the end, not beside it: of two bounds databases may go by the worse
        values = (sa.literal(value, one.type) for value, one in zip(place, order, strict=True))
        return query.where(sa.tuple_(*order) < sa.tuple_(*values))
    return query if end is None else query.where(order[0] < end)


def _range(ask: Ask) -> tuple[Any, Any]:
    """Where the rows begin in the list's order, and before what they end."""
    if ask.key:
        return ask.key, ask.key + LAST
    first = _midnight(ask.first) if ask.first else None
    return first, _midnight(ask.last, 1) if ask.last else None


def _place(ask: Ask, order: tuple[Any, Any]) -> Any:
    """What the last row of the page before has in the columns of the order."""
    if not ask.before:
        return None
    here = sa.select(*order).where(_row.id == ask.before, _row.workspace_id == workspace.current())
    found = db.session.connection().execute(here).one_or_none()
    return None if found is None or found[0] is None else found


def _asked(ask: Ask, row: Any) -> list[sa.ColumnElement[bool]]:
    """What is asked for beside the number, of rows with these columns."""
    found = []
    if ask.process:
        found.append(row.process_id == ask.process)
    if ask.first:
        found.append(row.ended_at >= _midnight(ask.first))
    if ask.last:
        found.append(row.ended_at < _midnight(ask.last, 1))
    return found


def _midnight(day: str, later: int = 0) -> dt.datetime:
    found = dt.date.fromisoformat(day) + dt.timedelta(days=later)
    return dt.datetime.combine(found, dt.time(), clock.zone())


def _ids(query: sa.Select[Any]) -> list[int]:
    return list(db.session.connection().execute(query).scalars())
