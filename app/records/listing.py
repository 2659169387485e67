"""A list of records: filter, order, page and totals in the query, for every kind alike."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.records import calendar, fields, lookup, record, sight

PAGE = 25
RANGES = ("date", "datetime", "money", "price", "qty", "rate", "int")


@dataclass(frozen=True)
class Ask:
    """What a list was asked for. `filters`: {column: wanted words}; `column.from`, `column.to`
    for ranges. `sort`: a column name, with `-` before it for falling."""

    entity: str
    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    per_page: int = PAGE

    @property
    def model(self) -> Any:
        return record.entity(self.entity)

    @property
    def is_narrowed(self) -> bool:
        """Is anything left out by what was asked?"""
        return bool(self.text or any(self.filters.values()))


@dataclass(frozen=True)
class Found:
    """One page: its rows, how many fit in all, sums over all that fit."""

    rows: list[Any]
    total: int
    sums: dict[str, Decimal | int]
    ask: Ask

    @property
    def first(self) -> int:
        return (self.ask.page - 1) * self.ask.per_page + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.ask.per_page))


def page(ask: Ask, viewer: sight.Viewer) -> Found:
    """The asked page of what this viewer may see. A page beyond the end is the last one."""
    condition = conditions(ask, viewer)
    figures = [
        sa.func.count(),
        *(sa.func.sum(getattr(ask.model, n)) for n in ask.model.record.totals),
    ]
    total, *sums = db.session.execute(
        sa.select(*figures).select_from(ask.model).where(*condition)
    ).one()
    last = max(1, -(-total // ask.per_page))
    ask = Ask(ask.entity, ask.text, ask.filters, ask.sort, min(ask.page, last), ask.per_page)
    query = _ordered(sa.select(ask.model).where(*condition), ask)
    query = query.limit(ask.per_page).offset((ask.page - 1) * ask.per_page)
    rows = list(db.session.scalars(query))
    kept = {n: value or 0 for n, value in zip(ask.model.record.totals, sums, strict=True)}
    return Found(rows, total, kept, ask)


def every(ask: Ask, viewer: sight.Viewer, batch: int = 500) -> Iterator[list[Any]]:
    """Everything that fits, in the asked order, in batches; for exports."""
    query = _ordered(sa.select(ask.model).where(*conditions(ask, viewer)), ask)
    found = db.session.scalars(query.execution_options(yield_per=batch))
    yield from found.partitions()


def conditions(ask: Ask, viewer: sight.Viewer) -> list[Any]:
    """Sight, typed text and filters as conditions."""
    found: list[Any] = [sight.visible(ask.entity, viewer)]
    text = lookup.matching(ask.model, ask.text)
    if text is not None:
        found.append(text)
    for name, wanted in ask.filters.items():
        condition = _filter(ask.model, name, list(wanted))
        if condition is not None:
            found.append(condition)
    return found


def options(entity: str, name: str, viewer: sight.Viewer, limit: int = 60) -> list[Any]:
    """The values by which this column can be filtered: declared words, else those that occur."""
    model: Any = record.entity(entity)
    column = record.columns(model)[name]
    if column.info["format"] == "state":
        return list(model.record.states)
    if column.info.get("values"):
        return list(column.info["values"])
    if column.info["format"] == "bool":
        return [True, False]
    attribute = getattr(model, name)
    query = sa.select(attribute).where(sight.visible(entity, viewer), attribute.is_not(None))
    return list(db.session.scalars(query.group_by(attribute).order_by(attribute).limit(limit)))


def filterable(model: Any, name: str) -> bool:
    """May a list be filtered by this column? Personal data never."""
    column = record.columns(model).get(name)
    return column is not None and not column.info.get("private")


def _filter(model: Any, name: str, wanted: list[str]) -> sa.ColumnElement[bool] | None:
    base, _dot, side = name.partition(".")
    wanted = [text for text in wanted if text]
    if not filterable(model, base) or not wanted:
        return None
    attribute, column = getattr(model, base), record.columns(model)[base]
    if side in ("from", "to"):
        return _bound(attribute, column, side, wanted[0])
    if column.info["format"] == "ref":
        target: Any = record.entity(column.info["target"])
        key = target.number if hasattr(target, "number") else target.id
        return attribute.in_(sa.select(target.id).where(key.in_(wanted)))
    if wanted == ["-"]:  # the empty ones
        return attribute.is_(None)
    try:
        return attribute.in_([fields.clean(column, text) for text in wanted])
    except ValueError:
        return sa.false()  # nothing can have a value that does not fit


def _bound(
    attribute: Any, column: sa.Column[Any], side: str, text: str
) -> sa.ColumnElement[bool] | None:
    if column.info["format"] not in RANGES:
        return None
    try:
        value = fields.clean(column, text)
    except ValueError:
        return sa.false()
    if column.info["format"] == "datetime" and len(text) == 10:
        day = dt.datetime.combine(value.date(), dt.time(), calendar.zone())
        # the whole of the last day counts
        return attribute >= day if side == "from" else attribute < day + dt.timedelta(1)
    return attribute >= value if side == "from" else attribute <= value


def _ordered(query: Any, ask: Ask) -> Any:
    """Falls back on the newest first; the id makes every order total, so that pages are stable."""
    sort = ask.sort or ask.model.record.sort
    falling, name = sort.startswith("-"), sort.lstrip("-")
    model, known = ask.model, record.columns(ask.model)
    last = model.id.desc() if falling else model.id
    if name in ("id", "number") or name not in known or known[name].info.get("private"):
        return query.order_by(last if sort in (f"-{name}", name) else model.id.desc())
    attribute, column = getattr(model, name), known[name]
    if column.info["format"] == "ref":
        query, attribute = _by_title(query, attribute, column)
    key = attribute.desc() if falling else attribute
    if column.nullable:
        key = key.nulls_last()
    return query.order_by(key, last)


def _by_title(query: Any, attribute: Any, column: sa.Column[Any]) -> tuple[Any, Any]:
    target: Any = aliased(record.entity(column.info["target"]))
    title = record.entity(column.info["target"]).record.title
    return query.outerjoin(target, target.id == attribute), getattr(target, title)
