"""The sums of a period beside those of an earlier one."""

from dataclasses import dataclass

from flask_babel import format_percent

from app.reports import shown
from app.reports.answer import Answer
from app.reports.report import Ask, Column, Report, Row

MOST = 8


@dataclass(frozen=True)
class Figure:
    """One column: its sum now and then, and by how much it grew; in words."""

    label: str
    now: str
    then: str
    grown: str


def figures(report: Report, ask: Ask, said: Answer, then: Row) -> list[Figure]:
    """At most eight sums and ratios of the report."""
    wanted = [column for column in report.columns if _has_sum(column, said.totals)]
    return [_figure(column, ask, said, then) for column in wanted[:MOST]]


def _has_sum(column: Column, totals: Row) -> bool:
    rated = column.format in ("rate", "days", "hours")
    return column.total or (rated and totals.get(column.name) is not None)


def _figure(column: Column, ask: Ask, said: Answer, then: Row) -> Figure:
    now, before = said.totals.get(column.name), then.get(column.name)
    words = [shown.text(column, row, ask, said) for row in (said.totals, then)]
    if column.format == "rate":
        grown = "" if now is None or before is None else _points(float(now) - float(before))
    else:
        grown = _percent((float(now or 0) - float(before)) / float(before)) if before else ""
    return Figure(str(column.label), *words, grown)


def _percent(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_percent(value, '#,##0.#%')}"


def _points(value: float) -> str:
    return f"{value * 100:+.1f} pp"
