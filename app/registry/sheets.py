"""What the page of one record shows, gathered once for the template."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_login import current_user

from app import show
from app.accounts import people
from app.db import db
from app.engine import sending
from app.i18n import label
from app.records import completeness, fields, record, sight, view
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.sales_order import SalesOrder
from app.records.sales_plan import SalesPlan
from app.registry import cases, cell, figures, mask, order, plan, standing, story

FEW = 5  # rows of a related list on the first tab
MANY = 50  # on its own tab


@dataclass(frozen=True)
class Hanging:
    """A list of other records that hang on this one."""

    entity: str
    via: str
    label: str
    total: int
    rows: list[Any]
    names: list[str]
    words: cell.Words
    listed: bool


def sheet(row: Any, viewer: sight.Viewer, tab: str) -> dict[str, Any]:
    """Everything that the template of one record needs; `tab` is overview, log or an entity."""
    hanging = [_hanging(row, related, viewer, tab) for related in row.record.related
               if related.entity in record.entities()]  # fmt: skip
    tabs = ["log", *(one.entity + "." + one.via for one in hanging)]
    found: dict[str, Any] = {
        "room": "records", "row": row, "model": type(row), "entity": row.__tablename__,
        "tab": tab if tab in tabs else "", "hanging": hanging,
        "sections": _sections(row, viewer), "story": story.of(row), "story_page": story.PAGE,
        "people": people.names, "columns_of": record.columns, "entities": record.entities(),
        "shown_name": fields.shown_name, "numeric": cell.NUMBERS, "can_open": _endpoint,
        "title": cell.title(row), "bar": show.bar, "tone_of": cell.TONE_OF,
    }  # fmt: skip
    found |= going_on(row, viewer)
    if isinstance(row, Customer):
        found |= _customer(row, viewer)
    if isinstance(row, SalesPlan):
        found |= plan.facts(row, viewer)
    if isinstance(row, SalesOrder):
        found |= order.facts(row, viewer)
    return found


def going_on(row: Any, viewer: sight.Viewer) -> dict[str, Any]:
    """The record's running cases, those that ended last, and which of them the viewer may open."""
    others = cases.documents_of(row, viewer) if isinstance(row, Customer) else []
    going, finished = cases.going_on(row.key, others), cases.finished(row.key)
    shown = [one.case for one in going] + finished
    offers = sending.of_record(row.key, current_user)
    return {"going": going, "finished": finished, "openable": cases.openable(shown, viewer),
            "offers": offers, "archived": cases.has_archived(row.key)}  # fmt: skip


def _endpoint(name: str) -> bool:
    return name in current_app.view_functions


def _customer(row: Customer, viewer: sight.Viewer) -> dict[str, Any]:
    contacts = []
    if sight.may_see_contacts(row, viewer):
        query = sa.select(Contact).where(Contact.customer_id == row.id, Contact.state == "在职")
        query = query.order_by(Contact.is_primary.desc(), Contact.id).limit(8)
        contacts = list(db.session.scalars(query))
    names = people.names({row.owner_id or "", row.discoverer_id or ""})
    return {
        "light": standing.light(row, viewer), "price_lists": standing.prices(row),
        "has_services": "service_request" in record.entities(),
        "contacts": contacts, "missing": _missing(row), "names": names,
        "private": {c.id for c in contacts if sight.may_see_private(c, viewer)},
        "may_see_contacts": sight.may_see_contacts(row, viewer), "figures": figures.of_customer(row, viewer),
    }  # fmt: skip


def _missing(row: Customer) -> list[str]:
    known = record.columns(Customer)
    words = {"contact": "联系人", "decision_maker": "决策者联系人"}
    return [
        fields.shown_name(known[name]) if name in known else label(words[name])
        for name in completeness.missing(row)
    ]


def _sections(row: Any, viewer: sight.Viewer) -> list[tuple[str, list[tuple[str, cell.Cell]]]]:
    """(heading, [(field name, cell)]) with nothing that this viewer may not see."""
    known = record.columns(type(row))
    wanted = row.record.sections or (("", tuple(view.choosable(type(row)))),)
    names = [name for _heading, names in wanted for name in names]
    words = cell.Words([row], names)
    private = sight.may_see_private(row, viewer)
    hidden = mask.DETAILS if mask.hidden([row], viewer) else frozenset()
    sections = []
    for heading, names in wanted:
        cells = []
        for name in names:
            if name not in known or (known[name].info.get("private") and not private):
                continue
            shown = cell.MASKED if name in hidden else words.cell(row, name)
            cells.append((fields.shown_name(known[name]), shown))
        if cells:
            sections.append((label(heading), cells))
    return sections


def _hanging(row: Any, related: record.Related, viewer: sight.Viewer, tab: str) -> Hanging:
    model: Any = record.entity(related.entity)
    condition = [getattr(model, related.via) == row.id, sight.visible(related.entity, viewer)]
    total = db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*condition)) or 0
    wanted = MANY if tab == f"{related.entity}.{related.via}" else FEW
    rows: list[Any] = []
    if total:
        query = sa.select(model).where(*condition).order_by(model.id.desc()).limit(wanted)
        rows = list(db.session.scalars(query))
    names = [name for name in model.record.columns if name != related.via]
    return Hanging(
        related.entity, related.via, label(related.label or model.record.label), total, rows,
        names, cell.Words(rows, names), model.record.listed,
    )  # fmt: skip
