"""The only way a record is created, changed or moved: log and record in one transaction.

Nothing here commits. `by` is a login; `at` an aware moment (the workspace's now if left out).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from app import clock, values
from app.db import db
from app.errors import Invalid, NotFound
from app.i18n import _
from app.records import fields, log, numbers, record
from app.records.errors import Frozen, RecordError, VersionConflict

CONCEALED = ("private",)


@dataclass(frozen=True)
class Origin:
    """The step of a case that writes: process id, element id, instance id."""

    flow: str | None = None
    element: str | None = None
    instance_id: str | None = None


NOBODY = Origin()


def get(entity: str, id: int) -> Any:
    """The record with this id. Raises NotFound."""
    found = db.session.get(record.entity(entity), id)
    if found is None:
        raise NotFound()
    return found


def find(entity: str, number: str | None) -> Any:
    """The record with this number, or None."""
    model: Any = record.entity(entity)
    if not number:
        return None
    return db.session.scalar(sa.select(model).where(model.number == number))


def need(entity: str, number: str | None) -> Any:
    """The record with this number. Raises NotFound that names it."""
    found = find(entity, number)
    if found is None:
        label = record.entity(entity).record.label
        raise NotFound(_("没有找到%(label)s %(number)s。", label=label, number=number or ""))
    return found


def create(
    entity: str, given: Mapping[str, Any], *, by: str, at: dt.datetime | None = None,
    origin: Origin = NOBODY, state: str | None = None, number: str | None = None, reason: str = "",
) -> Any:  # fmt: skip
    """A new record, flushed. An Entity draws its number now unless one is given.

    Raises Invalid(fields={name: text}) when a required field is empty or a value does not fit.
    """
    model: Any = record.entity(entity)
    at = at or clock.now()
    checked = _checked(model, given, whole=True)
    if issubclass(model, record.Entity):
        first = state or next(iter(model.record.states))
        row = model(state=first, created_by=by, updated_by=by, created_at=at, updated_at=at)
        row.instance_id = origin.instance_id
        _set(row, checked)
        row.number = number or checked.get("number") or numbers.draw(_prefix(model), at)
    elif issubclass(model, record.Entry):
        row = model(created_by=by, created_at=at)
        _set(row, checked)
    else:
        row = model(**checked)
    db.session.add(row)
    flush(row)
    if issubclass(model, record.Entity):
        _note_state(row, None, first, by, at, reason, origin)
    return row


def change(
    row: Any, given: Mapping[str, Any], *, by: str, at: dt.datetime | None = None,
    reason: str = "", origin: Origin = NOBODY, version: int | None = None,
) -> dict[str, tuple[Any, Any]]:  # fmt: skip
    """The record has the given field values; returns {field: (old, new)} of those that differ.

    Each difference is one line of the change log. `version` is the one the person looked at:
    VersionConflict if somebody saved since. Raises Invalid for values that do not fit and
    RecordError E_WRITE_ONCE for a field that is set once.
    """
    if isinstance(row, record.Entry):
        raise Frozen(row.record.label)
    if version is not None and version != row.row_version:
        raise VersionConflict(row.record.label, row.key)
    at = at or clock.now()
    known = record.columns(type(row))
    found = {}
    for name, new in _checked(type(row), given, whole=False).items():
        old = getattr(row, name)
        if old == new:
            continue
        if known[name].info.get("once") and old is not None:
            raise RecordError(
                "E_WRITE_ONCE", _("%(label)s写入后不能修改。", label=fields.shown_name(known[name]))
            )
        found[name] = (old, new)
        setattr(row, name, new)
    if found:
        _stamp(row, by, at, origin)
        flush(row)
        _note_changes(row, found, by, at, reason, origin)
    return found


def move(
    row: Any, state: str, *, by: str, at: dt.datetime | None = None, reason: str = "",
    origin: Origin = NOBODY,
) -> bool:  # fmt: skip
    """The record is in `state`; False if it was already. Raises IllegalTransition."""
    old = row.state
    if old == state:
        return False
    at = at or clock.now()
    row.state = state
    _stamp(row, by, at, origin)
    flush(row)
    _note_state(row, old, state, by, at, reason, origin)
    return True


def flush(row: Any) -> None:
    """Everything pending is in the transaction. Raises VersionConflict if a row was overtaken."""
    label, key = row.record.label, str(getattr(row, "number", None) or row.id or "")
    try:
        db.session.flush()
    except StaleDataError as error:
        raise VersionConflict(label, key) from error


def _prefix(model: Any) -> str:
    if not model.record.prefix:
        raise Invalid(
            _("请填写%(label)s的编号。", label=model.record.label), fields={"number": _("必填")}
        )
    return str(model.record.prefix)


def _checked(model: Any, given: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    known = record.columns(model)
    unknown = set(given) - set(known)
    if unknown:
        raise RecordError(
            "E_UNKNOWN_FIELD",
            _("%(label)s没有这些字段：%(names)s。", label=model.record.label,
              names="、".join(sorted(unknown))),
        )  # fmt: skip
    names = known if whole else given
    wrong, checked = {}, {}
    for name in names:
        if name not in given and not known[name].info.get("required"):
            continue
        try:
            value = fields.clean(known[name], given.get(name))
            checked[name] = _row_id(known[name], value)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise Invalid("；".join(wrong.values()), fields=wrong)
    return checked


def _row_id(column: sa.Column[Any], value: Any) -> Any:
    if column.info["format"] != "ref" or value is None or isinstance(value, int):
        return value
    target = find(column.info["target"], str(value))
    if target is None:
        raise ValueError(
            _("%(label)s：没有找到 %(number)s。", label=fields.shown_name(column), number=value)
        )
    return target.id


def _set(row: Any, checked: Mapping[str, Any]) -> None:
    for name, value in checked.items():
        if name != "state":
            setattr(row, name, value)


def _stamp(row: Any, by: str, at: dt.datetime, origin: Origin) -> None:
    if isinstance(row, record.Entity):
        row.updated_by, row.updated_at = by, at
        row.instance_id = origin.instance_id or row.instance_id


def _note_state(
    row: Any, old: str | None, new: str, by: str, at: dt.datetime, reason: str, origin: Origin
) -> None:
    db.session.add(
        log.StateHistory(
            entity=row.__tablename__,
            record_id=row.id,
            number=row.number,
            old=old,
            new=new,
            by=by,
            at=at,
            reason=reason or None,
            **vars(origin),
        )
    )
    db.session.flush()


def _note_changes(
    row: Any, found: Mapping[str, tuple[Any, Any]], by: str, at: dt.datetime, reason: str,
    origin: Origin,
) -> None:  # fmt: skip
    known = record.columns(type(row))
    for name, (old, new) in found.items():
        info = known[name].info
        if info.get("quiet"):
            continue
        hidden = any(info.get(mark) for mark in CONCEALED)
        db.session.add(
            log.ChangeLog(
                entity=row.__tablename__,
                record_id=row.id,
                number=row.key,
                field=name,
                old=None if hidden else _text(old),
                new=None if hidden else _text(new),
                by=by,
                at=at,
                reason=reason or None,
                **vars(origin),
            )
        )
    db.session.flush()


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return (
        value
        if isinstance(value, str)
        else str(value)
        if not isinstance(value, list | dict)
        else values.dumps(value)
    )
