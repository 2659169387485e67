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
    roles: dict[str, str]

    def has_sums(self, report: Report) -> bool:
        """Is there anything to write into the line below the table?"""
        return any(
            column.total or self.totals.get(column.name) is not None for column in report.columns
        )


def of(report: Report, ask: Ask) -> Answer:
    """What the report says to this question."""
    query = report.query(ask)
    if report.unfold is not None:
        return _unfolded(report, ask, query)
    rows = _rows(query.limit(SHOWN + 1))
    if len(rows) <= SHOWN:
        totals, count = _summed(report, rows), len(rows)
    else:
        totals, count = _counted(report, query)
        rows = rows[:SHOWN]
    _derive(report, [*rows, totals] if rows else rows)
    return Answer(rows, totals, count, *_names(report, ask, rows))


def _rows(query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in db.session.execute(query).mappings()]


def _unfolded(report: Report, ask: Ask, query: sa.Select[Any]) -> Answer:
    assert report.unfold is not None
    rows = report.unfold(_rows(query))
    totals, count = _summed(report, rows), len(rows)
    rows = rows[:SHOWN]
    _derive(report, [*rows, totals] if rows else rows)
    return Answer(rows, totals, count, *_names(report, ask, rows))


def totals(report: Report, ask: Ask) -> Row:
    """Only the sums, for a period to compare with."""
    if report.unfold is not None:
        found = _summed(report, report.unfold(_rows(report.query(ask))))
    else:
        found, count = _counted(report, report.query(ask))
        found = found if count else {}
    _derive(report, [found] if found else [])
    return found


def every(report: Report, ask: Ask) -> Iterator[tuple[list[Row], Answer]]:
    """All rows in batches, each with the names it needs; for the export."""
    if report.unfold is not None:
        rows = report.unfold(_rows(report.query(ask)))
        _derive(report, rows)
        yield rows, Answer(rows, {}, len(rows), *_names(report, ask, rows))
        return
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
    wanted = {column.name for column in report.columns if column.total} | {*report.parts}
    return [name for name in list(known.keys()) if name in wanted]


def _names(report: Report, ask: Ask, rows: list[Row]) -> list[dict[str, str]]:
    """Of people, departments and roles, in the order in which an Answer has them."""
    wanted: dict[str, set[str]] = {"person": set(), "department": set(), "role": set()}
    for column in report.columns:
        kind = shown_as(ask.chosen.get("by", "")) if column.format == "by" else column.format
        if kind in wanted:
            wanted[kind].update(row[column.name] for row in rows if row[column.name])
    places = {}
    if wanted["department"]:
        query = sa.select(Department.id, Department.name).where(
            Department.id.in_(wanted["department"])
        )
        places = dict(db.session.execute(query).all())
    roles = people.group_names(wanted["role"]) if wanted["role"] else {}
    return [people.names(wanted["person"]), places, roles]


BY = {"person": "person", "approver": "person", "department": "department", "role": "role",
      "month": "month", "quarter": "quarter", "year": "text", "period": "text",
      **dict.fromkeys(("product", "customer", "campaign", "survey", "warehouse", "order"), "text"),
      }  # fmt: skip


def shown_as(by: str) -> str:
    """The format of what a report is grouped by; a word of the catalogue if nothing else."""
    return BY.get(by, "word")
