"""A report asked: its rows, the sums below them, and names for the people and departments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.reports.report import Ask, Report, Row

SHOWN = 200  # rows of a page; the export has all


@dataclass(frozen=True)
class Answer:
    """`rows` are the first 200, `totals` the sums over all `count` rows."""

    rows: list[Row]
    totals: Row
    count: int
    names: dict[str, str]
    departments: dict[str, str]


def of(report: Report, ask: Ask) -> Answer:
    """What the report says to this question."""
    query = report.query(ask)
    rows = [dict(row) for row in db.session.execute(query.limit(SHOWN + 1)).mappings()]
    if len(rows) <= SHOWN:
        totals, count = _summed(report, rows), len(rows)
    else:
        totals, count = _counted(report, query)
        rows = rows[:SHOWN]
    _derive(report, [*rows, totals] if rows else rows)
    return Answer(rows, totals, count, *_names(report, ask, rows))


def every(report: Report, ask: Ask) -> Iterator[tuple[list[Row], Answer]]:
    """All rows in batches, each with the names it needs; for the export."""
    found = db.session.execute(report.query(ask).execution_options(yield_per=500)).mappings()
    for batch in found.partitions():
        rows = [dict(row) for row in batch]
        _derive(report, rows)
        yield rows, Answer(rows, {}, len(rows), *_names(report, ask, rows))


def _derive(report: Report, rows: list[Row]) -> None:
    if report.derive is not None:
        for row in rows:
            report.derive(row)


def _summed(report: Report, rows: list[Row]) -> Row:
    if not rows:
        return {}
    return {
        name: sum((row[name] for row in rows if row[name] is not None), start=0)
        for name in _summable(report, rows[0])
    }


def _counted(report: Report, query: sa.Select[Any]) -> tuple[Row, int]:
    whole = query.order_by(None).subquery()
    names = _summable(report, whole.c)
    sums = [sa.type_coerce(sa.func.sum(whole.c[name]), whole.c[name].type) for name in names]
    count, *found = db.session.execute(
        sa.select(sa.func.count(), *sums).select_from(whole)
    ).one()  # fmt: skip
    return dict(zip(names, found, strict=True)), count


def _summable(report: Report, known: Any) -> list[str]:
    """Columns with a sum, and those that ratios are made of."""
    shown = {column.name: column.total for column in report.columns}
    texts = {"key", "value", "person", "month", "birthday"}
    return [
        name for name in list(known.keys()) if shown.get(name, name in _PARTS) and name not in texts
    ]


# not shown themselves, but ratios are made of them
_PARTS = frozenset({"points", "days", "compared"})


def _names(report: Report, ask: Ask, rows: list[Row]) -> tuple[dict[str, str], dict[str, str]]:
    logins: set[str] = set()
    places: set[str] = set()
    for column in report.columns:
        kind = ask.chosen.get("by", "") if column.format == "by" else column.format
        if kind in ("person", "department"):
            wanted = logins if kind == "person" else places
            wanted.update(row[column.name] for row in rows if row[column.name])
    found: dict[str, str] = {}
    if places:
        query = sa.select(Department.id, Department.name).where(Department.id.in_(places))
        found = dict(db.session.execute(query).all())
    return people.names(logins), found
