"""/reports: what the company knows about itself, cut to what each person may see."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask_login import current_user, login_required
from markupsafe import Markup

from app import clock, errors, viewer
from app.i18n import _
from app.records import numbers, record, sight, spreadsheet
from app.reports import answer, asking, drawing, shown
from app.reports.catalogue import REPORTS
from app.reports.report import Ask, Report, Row

pages = Blueprint("reports", __name__, url_prefix="/reports")


@pages.before_request
@login_required
def _only_people() -> None:
    """Which reports and rows a person sees is decided in each route and query."""


def _found(area: str, code: str) -> tuple[Report, sight.Viewer]:
    here = viewer.here()
    report = REPORTS.get(f"{area}/{code}")
    if report is None or not report.open_to(here):
        raise errors.NotFound()
    return report, here


@pages.get("")
def index() -> str:
    """The reports that this person may open, by area."""
    here = viewer.here()
    areas: dict[str, list[Report]] = {}
    for report in REPORTS.values():
        if report.open_to(here):
            areas.setdefault(report.area, []).append(report)
    return render_template("reports/index.html", room="reports", areas=areas)


@pages.get("/<area>/<code>")
def report(area: str, code: str) -> str:
    """One report: filters, chart, table."""
    found, here = _found(area, code)
    ask = asking.of(found, request.args, here)
    said = answer.of(found, ask)
    return render_template(
        "reports/report.html", room="reports", report=found, ask=ask, answer=said,
        chart=_chart(found, ask, said), periods=asking.periods(ask.today),
        departments=asking.departments(), persons=asking.persons(here), text=shown.text,
        given=request.args, link=_link, tone_of=shown.TONE_OF, person=current_user,
        asked=_asked(found, ask, request.args), area=area, code=code,
    )  # fmt: skip


def _asked(found: Report, ask: Ask, given: Any) -> dict[str, str]:
    """The question as it would stand in an address."""
    parts = dict(ask.chosen)
    if found.dated:
        parts["period"] = ask.period.text
    parts |= {name: given[name] for name in ("department", "person") if given.get(name)}
    return parts


@pages.get("/<area>/<code>/export.csv")
def export(area: str, code: str) -> Response:
    """All rows for a spreadsheet."""
    found, here = _found(area, code)
    ask = asking.of(found, request.args, here)
    lines = [spreadsheet.BOM + spreadsheet.line([str(c.label) for c in found.columns])]
    for rows, said in answer.every(found, ask):
        lines += [spreadsheet.line(_cells(found, row, ask, said)) for row in rows]
    response = Response("".join(lines), mimetype="text/csv")
    day = numbers.local_date(clock.now()).strftime("%Y%m%d")
    name = f"{area}-{code}-{day}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cells(found: Report, row: Row, ask: Ask, said: answer.Answer) -> list[str]:
    return [
        value if column.is_number else spreadsheet.safe(value)
        for column in found.columns
        for value in (shown.plain(column, row, ask, said),)
    ]


def _link(found: Report, row: Row, ask: Ask) -> str:
    """The address of the list behind a row; empty where there is none."""
    behind = found.link(row, ask) if found.link else None
    if behind is None or behind[0] not in record.entities():
        return ""
    entity, filters = behind
    if "key" in filters:
        return url_for("records.page", entity=entity, key=filters["key"])
    return url_for("records.index_of", entity=entity, **filters)  # type: ignore[arg-type]


def _chart(found: Report, ask: Ask, said: answer.Answer) -> Markup:
    plan = found.chart
    if plan is None or not said.rows:
        return Markup("")
    columns = {column.name: column for column in found.columns}
    if plan.kind == "sums":
        bars = [
            drawing.Bar(str(columns[name].label), said.totals.get(name) or 0)
            for name in plan.values
        ]
    else:
        bars = [_bar(found, columns, row, ask, said) for row in said.rows]
    return drawing.draw(str(found.name), bars, plan.kind)


def _bar(
    found: Report, columns: dict[str, Any], row: Row, ask: Ask, said: answer.Answer
) -> drawing.Bar:
    plan = found.chart
    assert plan is not None
    *planned, value = plan.values
    more = ""
    if plan.second:
        more = _("（%(label)s %(value)s）", label=columns[plan.second].label,
                 value=drawing.short(row[plan.second]))  # fmt: skip
    over = plan.over is not None and plan.over(row)
    amount = row[value] or 0
    if columns[value].format == "rate":
        amount, more = round(amount * 100), "%"
    return drawing.Bar(
        shown.text(columns[plan.label], row, ask, said), amount,
        (row[planned[0]] or 0) if planned else None, more, _link(found, row, ask),
        "bo" if over else "b1",
    )  # fmt: skip
