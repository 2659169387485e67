"""The history of a record: creation, states, fields and decisions as one line of time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.i18n import _, label
from app.records import fields, log, record
from app.registry import logged

PAGE = 20


@dataclass
class Happening:
    """What one person (or step) did to the record at one moment."""

    at: dt.datetime
    by: str
    name: str
    kind: str
    reason: str | None = None
    old: str | None = None
    new: str | None = None
    flow: str | None = None
    changes: list[tuple[str, str | None, str | None]] = field(default_factory=list)


def of(row: Any, before: dt.datetime | None = None, limit: int = PAGE) -> list[Happening]:
    """The newest happenings of this record, or those before a moment."""
    entity = row.__tablename__
    mine = {"entity": entity, "record_id": row.id}
    found: list[Any] = _some(log.StateHistory, mine, before, limit)
    changes = _some(log.ChangeLog, mine, before, limit * 8)
    for number in (row.key, _before_its_number(mine)):
        found += _some(log.ApprovalLog, {"entity": entity, "number": number}, before, limit)
    names = people.names({entry.by for entry in [*found, *changes]})
    told = [_told(entry, names) for entry in found] + _grouped(row, changes, names)
    # at one moment its making came first
    told.sort(key=lambda happening: (happening.at, happening.kind != "created"), reverse=True)
    return told[:limit]


def _before_its_number(mine: dict[str, Any]) -> str | None:
    """What was decided before the record had a number stands under the case that made it."""
    made = sa.select(log.StateHistory.instance_id).filter_by(**mine, old=None)
    case = db.session.scalar(made.limit(1))
    return f"#{case}" if case else None


def _some(model: Any, mine: dict[str, Any], before: dt.datetime | None, limit: int) -> list[Any]:
    query = sa.select(model).filter_by(**mine).order_by(model.at.desc(), model.id.desc())
    if before is not None:
        query = query.where(model.at < before)
    return list(db.session.scalars(query.limit(limit)))


def _told(entry: Any, names: dict[str, str]) -> Happening:
    name = _name(names, entry.by)
    if isinstance(entry, log.ApprovalLog):
        return Happening(
            entry.at, entry.by, name, "approval", entry.reason, new=label(entry.decision),
            flow=entry.flow,
        )  # fmt: skip
    return Happening(
        entry.at, entry.by, name, "state" if entry.old else "created", entry.reason,
        label(entry.old), label(entry.new), entry.flow,
    )  # fmt: skip


def _grouped(row: Any, changes: Sequence[Any], names: dict[str, str]) -> list[Happening]:
    """The fields that were changed together are one happening."""
    known = record.columns(type(row))
    told: dict[tuple[dt.datetime, str], Happening] = {}
    words = logged.words(
        (known.get(entry.field), text) for entry in changes for text in (entry.old, entry.new)
    )
    for entry in changes:
        key = entry.at, entry.by
        if key not in told:
            name = _name(names, entry.by)
            told[key] = Happening(entry.at, entry.by, name, "change", entry.reason, flow=entry.flow)
        column = known.get(entry.field)
        shown = fields.shown_name(column) if column is not None else entry.field
        old, new = (logged.shown(column, text, words) for text in (entry.old, entry.new))
        told[key].changes.append((shown, old, new))
    return list(told.values())


def _name(names: dict[str, str], by: str) -> str:
    return _("系统") if by == "system" else names.get(by, by)
