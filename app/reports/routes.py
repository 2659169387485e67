"""/reports: what the company knows about itself, cut to what each person may see."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, render_template, request, session, url_for
from flask_login import current_user, login_required
from markupsafe import Markup

from app import clock, errors, viewer
from app.i18n import _
from app.records import numbers, record, sight, spreadsheet
from app.reports import answer, asking, compared, drawing, drawing_span, shown
from app.reports.catalogue import FLOWS, REPORTS, of_flow
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
    """The reports that this person may open, by area and flow; those used last on top."""
    here = viewer.here()
    words = request.args.get("q", "").strip()[:60]
    areas: dict[str, dict[str, list[Report]]] = {}
    for found in REPORTS.values():
        if found.open_to(here) and _fits(found, words):
            areas.setdefault(found.area, {}).setdefault(found.flow, []).append(found)
    recent = [REPORTS[id] for id in session.get(RECENT, ()) if id in REPORTS]
    return render_template(
        "reports/index.html", room="reports", areas=areas, flows=FLOWS, words=words,
        recent=[found for found in recent if found.open_to(here)],
    )  # fmt: skip


RECENT, KEPT = "reports_used", 6


def _fits(found: Report, words: str) -> bool:
    """Do all words stand in the number, name, purpose or flow of the report?"""
    told = f"{found.id} {found.name} {found.purpose} {FLOWS[found.flow]}".casefold()
    return all(word in told for word in words.casefold().split())


def _remember(id: str) -> None:
    used = [one for one in session.get(RECENT, ()) if one != id]
    session[RECENT] = [id, *used][:KEPT]


@pages.get("/<area>/<code>")
def report(area: str, code: str) -> str:
    """One report: filters, comparison, chart, table."""
    found, here = _found(area, code)
    ask = asking.of(found, request.args, here)
    said = answer.of(found, ask)
    _remember(found.id)
    return render_template(
        "reports/report.html", room="reports", report=found, ask=ask, answer=said,
        chart=_chart(found, ask, said), periods=asking.periods(ask.today, ask.period.text),
        departments=asking.departments(), persons=asking.persons(here), text=shown.text,
        given=request.args, link=_link, tone_of=shown.TONE_OF, person=current_user,
        asked=_asked(found, ask, request.args), area=area, code=code,
        beside=[one for one in of_flow(found.flow) if one.open_to(here)], flow=FLOWS[found.flow],
        compared=_compared(found, ask, said), versus=asking.VERSUS, called=asking.CALLED,
    )  # fmt: skip


def _compared(found: Report, ask: Ask, said: answer.Answer) -> list[compared.Figure]:
    """The sums beside those of the period that is compared with; empty without one."""
    then = asking.earlier(ask, request.args.get("versus", "")) if found.dated else None
    if then is None or not said.rows:
        return []
    return compared.figures(found, ask, said, answer.totals(found, then))


def _asked(found: Report, ask: Ask, given: Any) -> dict[str, str]:
    """The question as it would stand in an address."""
    parts = dict(ask.chosen)
    if found.dated:
        parts["period"] = ask.period.text
    names = ("department", "person", "versus", *(["q"] if found.finds else []))
    parts |= {name: given[name] for name in names if given.get(name)}
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
    if plan.kind == "span":
        return _spans(found, columns, ask, said)
    if plan.kind == "sums":
        bars = [
            drawing.Bar(str(columns[name].label), Decimal(said.totals.get(name) or 0))
            for name in plan.values
        ]
    else:
        bars = [_bar(found, columns, row, ask, said) for row in said.rows]
        value = columns[plan.values[-1]]
        least = Decimal(100) if value.format == "rate" else Decimal(0)
        months = asking.is_month(columns[plan.label], ask)
        return drawing.draw(
            str(found.name), bars, plan.kind, summed=value.total and not months, least=least
        )
    return drawing.draw(str(found.name), bars, plan.kind)


def _spans(
    found: Report, columns: dict[str, Any], ask: Ask, said: answer.Answer
) -> Markup:  # fmt: skip
    plan = found.chart
    assert plan is not None
    first, last = plan.values
    return drawing_span.draw(str(found.name), [
        drawing_span.Span(shown.text(columns[plan.label], row, ask, said), row[first], row[last],
                          _link(found, row, ask))
        for row in said.rows
    ])  # fmt: skip


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
    amount = Decimal(str(row[value] or 0))
    if columns[value].format == "rate":
        amount, more = round(amount * 100), "%"
    return drawing.Bar(
        shown.text(columns[plan.label], row, ask, said), amount,
        Decimal(str(row[planned[0]] or 0)) if planned else None, more, _link(found, row, ask),
        "bo" if over else "b1",
    )  # fmt: skip
