"""The inverted index behind duplicate search: which record holds which two letters in its name.

Kept by the mapper's own events, so that no writer can forget it. Only parts of a rare kind are
looked up, which keeps a search short however many customers there are.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import workspace
from app.db import db
from app.records import names

COMMON = 1500  # letters that more records than this hold say little; they are not looked up
LOOKED_UP = 4  # parts of a name that are looked up, rarest first


class NameGram(workspace.Owned, db.Model):
    """Record `record_id` of kind `subject` holds `gram` in its name key or its initials."""

    __tablename__ = "name_gram"
    __table_args__ = (
        sa.Index("ix_name_gram_record", "subject", "record_id"),
        {"sqlite_with_rowid": False},
    )
    workspace_id: Mapped[int] = mapped_column(primary_key=True, default=workspace.current)
    subject: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    gram: Mapped[str] = mapped_column(sa.String(3), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)


def rows(subject: str, record_id: int, key: str, initials: str, here: int) -> list[dict[str, Any]]:
    """What the index holds for one record: pairs of its name, triples of its initials."""
    parts = [(subject, gram) for gram in names.grams(key)]
    parts += [(f"{subject}.py", gram) for gram in names.grams(initials, 3)]
    return [
        {"workspace_id": here, "subject": kind, "gram": gram, "record_id": record_id}
        for kind, gram in parts
    ]


def candidates(subject: str, parts: Iterable[str], limit: int = 300) -> list[int]:
    """Ids of records that share the rarest of `parts`, those that share most first."""
    chosen = rarest(subject, list(parts))
    if not chosen:
        return []
    shared = sa.func.count().label("shared")
    query = (
        sa.select(NameGram.record_id)
        .where(NameGram.subject == subject, NameGram.gram.in_(chosen))
        .group_by(NameGram.record_id)
        .order_by(shared.desc(), NameGram.record_id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def rarest(subject: str, parts: list[str]) -> list[str]:
    """The parts that fewest records hold; when all are common, the two least common."""
    if not parts:
        return []
    counts = [(_count(subject, part), part) for part in parts]
    counts.sort()
    rare = [part for count, part in counts if count < COMMON][:LOOKED_UP]
    return rare or [part for _count_, part in counts[:2]]


def _count(subject: str, part: str) -> int:
    """How many records hold a part, counted no further than COMMON."""
    inner = (
        sa.select(NameGram.record_id)
        .where(NameGram.subject == subject, NameGram.gram == part)
        .limit(COMMON)
        .subquery()
    )
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(inner)) or 0)


def keep(model: type[Any]) -> type[Any]:
    """Class decorator: rows of this kind are in the index from the moment they are written."""
    sa.event.listen(model, "after_insert", _added)
    sa.event.listen(model, "after_update", _changed)
    return model


def _added(_mapper: Any, connection: sa.Connection, target: Any) -> None:
    found = rows(
        target.__tablename__, target.id, target.name_key or "", target.pinyin or "",
        target.workspace_id,
    )  # fmt: skip
    if found:
        connection.execute(sa.insert(NameGram), found)


def _changed(mapper: Any, connection: sa.Connection, target: Any) -> None:
    if not sa.inspect(target).attrs.name_key.history.has_changes():
        return
    subject = target.__tablename__
    connection.execute(
        sa.delete(NameGram).where(
            NameGram.subject.in_([subject, f"{subject}.py"]), NameGram.record_id == target.id
        )
    )
    _added(mapper, connection, target)
