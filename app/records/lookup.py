"""Finding a record by what people type: name, number, code, phone, pinyin initials."""

import re
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.db import db
from app.records import gram, names, record, sight


def search(
    entity: str, text: str, limit: int = 10, *, viewer: sight.Viewer | None = None,
    states: tuple[str, ...] = (),
) -> list[Any]:  # fmt: skip
    """Records that fit the text, best first; only those the viewer may see, if one is given.

    An empty text gives the newest ones.
    """
    if "\0" in text:
        return []  # no text in a database holds it, and PostgreSQL does not even look
    model: Any = record.entity(entity)
    query = sa.select(model)
    if viewer is not None:
        query = query.where(sight.visible(entity, viewer))
    if states:
        query = query.where(model.state.in_(states))
    condition = matching(model, text)
    if condition is not None:
        query = query.where(condition)
        order = (sa.case((_exact(model, text), 0), else_=1), model.id.desc())
    else:
        order = (model.id.desc(),)
    return list(db.session.scalars(query.order_by(*order).limit(limit)))


def matching(model: Any, text: str) -> sa.ColumnElement[bool] | None:
    """The condition that a row fits the typed text; None for an empty text."""
    text = names.half_width(text).strip()[:100]
    if not text:
        return None
    columns = {name: getattr(model, name) for name in model.record.search}
    if not columns:
        return sa.false()
    if hasattr(model, "name_key"):
        return (
            model.id.in_(_indexed(model, text, columns))
            if _enough(text)
            else _starts(columns, text)
        )
    return sa.or_(*(column.icontains(text, autoescape=True) for column in columns.values()))


def _exact(model: Any, text: str) -> sa.ColumnElement[bool]:
    text = names.half_width(text)
    found = [getattr(model, name) == text for name in model.record.search]
    if hasattr(model, "pinyin"):
        found.append(model.pinyin == text.lower())
    return sa.or_(*found) if found else sa.false()


def _enough(text: str) -> bool:
    return len(names.name_key(text)) > 1


def _indexed(model: Any, text: str, columns: dict[str, Any]) -> list[int]:
    """Ids by the index of letters (names, initials) and by the beginnings of the other fields."""
    subject, key = model.__tablename__, names.name_key(text)
    found: list[int] = []
    if re.fullmatch(r"[a-z0-9]{3,}", text.lower()):
        likely = gram.candidates(f"{subject}.py", names.grams(text.lower(), 3))
        found += _of(model, likely, model.pinyin.contains(text.lower(), autoescape=True))
    likely = gram.candidates(subject, names.grams(key), 2000)
    found += _of(model, likely, model.name_key.contains(key, autoescape=True))
    query = sa.select(model.id).where(_starts(columns, text)).limit(500)
    return sorted({*found, *db.session.scalars(query)})


def _of(model: Any, ids: list[int], condition: sa.ColumnElement[bool]) -> list[int]:
    if not ids:
        return []
    query = sa.select(model.id).where(model.id.in_(ids), condition)
    return list(db.session.scalars(workspace.by_key(query)))


def _starts(columns: dict[str, Any], text: str) -> sa.ColumnElement[bool]:
    """Beginnings, as ranges: an index serves them on every database, unlike LIKE."""
    typed = {
        "number": text.upper(), "unified_code": names.code_key(text),
        "phone_key": names.phone_key(text), "mobile_key": names.phone_key(text),
        "pinyin": text.lower(),
    }  # fmt: skip
    parts = []
    for name, column in columns.items():
        begin = typed.get(name, text)
        if begin:
            parts.append(sa.and_(column >= begin, column < begin + "\U0010ffff"))
    return sa.or_(*parts) if parts else sa.false()
