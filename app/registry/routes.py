"""/records: one list and one page for every kind of record."""

import datetime as dt
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from app import clock, errors, show, viewer
from app.accounts import people
from app.db import db
from app.i18n import _, label
from app.records import fields, listing, numbers, record, sight, view
from app.registry import cell, export, mask, question, story
from app.registry.sheets import going_on, sheet

pages = Blueprint("records", __name__, url_prefix="/records")

# which flow a person starts from a list, and what the button says
STARTS = {"customer": "051-01-01", "lead": "051-02-01", "opportunity": "051-03-02",
          "campaign": "051-02-02", "assignment": "051-01-02", "price_list": "051-01-05"}  # fmt: skip

# kinds whose page shows more than fields and lists
OWN_PAGES = ("customer", "quotation", "sales_order", "sales_plan", "statement")


@pages.before_request
@login_required
def _only_people() -> None:
    """Which rows a person sees is decided in each query."""


def _model(entity: str) -> Any:
    if viewer.here().is_outside:
        raise errors.NotFound()
    return record.entity(entity)


def found(entity: str, key: str) -> Any:
    """The record behind an address, if this person may see it; else it does not exist."""
    model = _model(entity)
    if hasattr(model, "number"):
        is_meant = model.number == key
    elif key.isdecimal() and len(key) < 19:
        is_meant = model.id == db.literal(int(key), db.BigInteger)
    else:
        raise errors.NotFound()
    query = db.select(model).where(is_meant, sight.visible(entity, viewer.here()))
    row = db.session.scalar(query)
    if row is None:
        raise errors.NotFound()
    return row


@pages.get("")
def index() -> str:
    """Every kind of record that has a list of its own, by area."""
    if viewer.here().is_outside:
        return render_template("registry/index.html", room="records", areas={})
    areas: dict[str, list[Any]] = {}
    for model in record.entities().values():
        if model.record.listed:
            areas.setdefault(model.record.area, []).append(model)
    return render_template("registry/index.html", room="records", areas=areas)


@pages.get("/<entity>")
def index_of(entity: str) -> str:
    """The list of one kind: filters, order and page are in the URL."""
    return render_template("registry/list.html", **_list(entity))


@pages.get("/<entity>/rows")
def rows(entity: str) -> Response:
    """The table alone; the browser's address becomes that of the whole list."""
    found = _list(entity)
    response = make_response(render_template("registry/rows.html", **found))
    response.headers["HX-Push-Url"] = question.url(found["found"].ask)
    return response


def _list(entity: str) -> dict[str, Any]:
    model = _model(entity)
    found = listing.page(question.asked(entity), viewer.here())
    names = view.columns(model, current_user.login)
    known = record.columns(model)
    return {
        "room": "records", "model": model, "found": found, "ask": found.ask, "names": names,
        "known": known, "words": cell.Words(found.rows, names), "question": question,
        "hidden": mask.hidden(found.rows, viewer.here()), "masked": mask.DETAILS,
        "chips": _chips(model, found.ask), "start": STARTS.get(entity), "MASKED": cell.MASKED,
        "shown_name": fields.shown_name, "shown": cell.shown, "numeric": cell.NUMBERS,
        "choosable": view.choosable(model), "bar": show.bar,
    }  # fmt: skip


def _chips(model: Any, ask: listing.Ask) -> list[tuple[str, str, list[str]]]:
    """(column, name, chosen words) of every filter; those in use first."""
    names = list(model.record.filters)
    names += [name for name in ask.filters if name not in names and "." not in name]
    chips = []
    for name in names:
        column = record.columns(model)[name]
        chosen = [_option_text(column, text) for text in ask.filters.get(name, ())]
        chips.append((name, fields.shown_name(column), chosen))
    return sorted(chips, key=lambda chip: not chip[2])


def _option_text(column: Any, value: Any) -> str:
    if value == "-":
        return _("空")
    form = column.info["format"]
    if form == "user":
        return people.names([value]).get(value, str(value))
    if form == "ref":
        row = _target(column, value)
        return cell.title(row) if row is not None else str(value)
    if form == "bool":
        return _("是") if str(value) == "True" else _("否")
    return cell.shown(column, value) if form == "department" else label(str(value))


def _target(column: Any, value: Any) -> Any:
    model: Any = record.entity(column.info["target"])
    key = model.id if isinstance(value, int) else model.number
    return db.session.scalar(
        db.select(model).where(key == value, sight.visible(column.info["target"], viewer.here()))
    )


@pages.get("/<entity>/options/<name>")
def options(entity: str, name: str) -> str:
    """What a filter offers; asked when its chip is opened."""
    model = _model(entity)
    if not listing.filterable(model, name):
        raise errors.NotFound()
    column, ask = record.columns(model)[name], question.asked(entity)
    chosen = ask.filters.get(name, ())
    offers = []
    for value in listing.options(entity, name, viewer.here()):
        if column.info["format"] == "ref":
            row = _target(column, value)
            if row is not None:
                offers.append((row.key, cell.title(row)))
        else:
            offers.append((str(value), _option_text(column, value)))
    return render_template(
        "registry/options.html", offers=offers, chosen=chosen, ask=ask, name=name,
        question=question, nullable=column.nullable,
    )  # fmt: skip


@pages.post("/<entity>/columns")
def columns(entity: str) -> Response:
    """The person's choice of columns is kept; back to the list."""
    view.choose(_model(entity), current_user.login, request.form.getlist("columns"))
    db.session.commit()
    return redirect(question.url(question.asked(entity)))  # type: ignore[return-value]


@pages.get("/<entity>/export.csv")
def export_csv(entity: str) -> Response:
    """Everything that fits the filter, as the list shows it, for a spreadsheet."""
    model = _model(entity)
    names = view.columns(model, current_user.login)
    names = ["number", *[n for n in names if n != "number"]] if hasattr(model, "number") else names
    text = export.rows(question.asked(entity), names, viewer.here())
    response = Response("".join(text), mimetype="text/csv")
    day = numbers.local_date(clock.now()).strftime("%Y%m%d")
    response.headers["Content-Disposition"] = f'attachment; filename="{entity}-{day}.csv"'
    return response


@pages.get("/<entity>/<key>")
def page(entity: str, key: str) -> str:
    """One record: sections, lists that hang on it, what is going on, history."""
    row = found(entity, key)
    tab = request.args.get("tab", "")
    name = f"registry/{entity}.html" if entity in OWN_PAGES else "registry/page.html"
    return render_template(name, **sheet(row, viewer.here(), tab))


@pages.get("/<entity>/<key>/log")
def log(entity: str, key: str) -> str:
    """More of the history, older than `before`."""
    row = found(entity, key)
    before = _moment(request.args.get("before"))
    return render_template(
        "registry/log.html", row=row, entity=entity, story=story.of(row, before), page=story.PAGE
    )


@pages.get("/<entity>/<key>/cases")
def going(entity: str, key: str) -> str:
    """What is going on about the record, fresh."""
    row = found(entity, key)
    return render_template(
        "registry/cases.html", row=row, people=people.names, **going_on(row, viewer.here())
    )


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def number_url(entity: str, number: str) -> str:
    """Where a record is shown; for templates of other rooms."""
    return url_for("records.page", entity=entity, key=number)
