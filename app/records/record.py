"""What every record has: number, state, version, owner; and the words that describe it to pages.

`Entity` is a record with a life (states), `Entry` an append-only row, `Line` a row of a record.
Every class carries `record = Record(...)`; `entities()` and `entity(name)` are the register.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app import clock, workspace
from app.db import UtcDateTime
from app.errors import Invalid, NotFound
from app.records import fields
from app.records.errors import Frozen, IllegalTransition

_register: dict[str, type["Base"]] = {}


@dataclass(frozen=True)
class Related:
    """A list on a record's page: rows of `entity` whose column `via` names this record."""

    entity: str
    via: str
    label: str = ""


@dataclass(frozen=True)
class Record:
    """How a record is named, listed, searched, shown and moved.

    `states` maps each state to those that may follow it; the first key is where a record begins.
    `sight` says who may see it: "owner" (owner, superiors, team, department), "open" (every
    employee) or the name of a reference column: whoever may see that record.
    """

    label: str
    area: str = "customer"
    prefix: str | None = None
    title: str = "name"
    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    sort: str = "-id"
    totals: tuple[str, ...] = ()
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()
    related: tuple[Related, ...] = ()
    sight: str = "owner"
    readers: tuple[str, ...] = ()  # roles that see every row besides
    icon: str = "file-text"
    listed: bool = True  # has a list of its own in the navigation


class Base(workspace.Owned):
    """The id and the register; not used alone."""

    record: ClassVar[Record]
    __tablename__: ClassVar[str]
    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-30)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "record" in cls.__dict__:
            _register[cls.__tablename__] = cls

    @property
    def key(self) -> str:
        """How a page addresses it: its number if it has one, else its id."""
        return str(getattr(self, "number", None) or self.id)

    @property
    def title(self) -> str:
        """What people call it."""
        return str(getattr(self, self.record.title, None) or self.key)


def _created() -> dt.datetime:
    return clock.now()


class Entity(Base):
    """A record with number, state, owner and optimistic version."""

    number: Mapped[str] = mapped_column(
        sa.String(40), sort_order=-29, info={"label": "编号", "format": "number", "once": True}
    )
    state: Mapped[str] = mapped_column(
        sa.String(20), sort_order=-28, info={"label": "状态", "format": "state"}
    )
    row_version: Mapped[int] = mapped_column(default=1, sort_order=-27, info={"quiet": True})
    owner_id: Mapped[str | None] = fields.person("负责人", index=False)
    department_id: Mapped[str | None] = fields.department("部门", index=False)
    remark: Mapped[str | None] = fields.long("备注")
    instance_id: Mapped[str | None] = mapped_column(sa.String(40), info={"quiet": True})
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime(), default=_created, info={"label": "建立时间", "format": "datetime"}
    )
    created_by: Mapped[str] = mapped_column(
        sa.String(40), info={"label": "建立人", "format": "user"}
    )
    updated_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime(), default=_created,
        info={"label": "更新时间", "format": "datetime", "quiet": True},
    )  # fmt: skip
    updated_by: Mapped[str] = mapped_column(
        sa.String(40), info={"label": "更新人", "format": "user", "quiet": True}
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.row_version}

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        name = cls.__tablename__
        return (
            *getattr(cls, "__rules__", ()),
            sa.UniqueConstraint("workspace_id", "number", name=f"uq_{name}_number"),
            sa.Index(f"ix_{name}_state", "workspace_id", "state"),
            sa.Index(f"ix_{name}_owner", "workspace_id", "owner_id"),
            sa.Index(f"ix_{name}_department", "workspace_id", "department_id"),
        )


class Line(Base):
    """A row of a record; it changes with that record and has no life of its own."""

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return tuple(getattr(cls, "__rules__", ()))


class Entry(Line):
    """A row that is written once and never changed."""

    __abstract__ = True
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime(), default=_created, info={"label": "时间", "format": "datetime"}
    )
    created_by: Mapped[str] = mapped_column(
        sa.String(40), info={"label": "经办人", "format": "user"}
    )


def unique(*columns: str, where: str | None = None) -> sa.Index:
    """A natural key inside a workspace; `where` limits it to live rows."""
    clause = sa.text(where) if where else None
    return sa.Index(
        None, "workspace_id", *columns, unique=True, sqlite_where=clause, postgresql_where=clause
    )


def entities() -> dict[str, type[Base]]:
    """Every kind of record by its name, in the order of the catalogue."""
    return dict(_register)


def entity(name: str) -> type[Base]:
    """The kind of record with this name. Raises NotFound."""
    try:
        return _register[name]
    except KeyError:
        raise NotFound() from None


def columns(model: type[Base]) -> dict[str, sa.Column[Any]]:
    """The columns that people know, by name."""
    return {c.key: c for c in sa.inspect(model).columns if c.info.get("label")}


def _check_move(target: Entity, new: str, old: Any, _initiator: Any) -> None:
    states = target.record.states
    if new not in states:
        raise IllegalTransition(target.record.label, None, new)
    known = isinstance(old, str)
    if known and old != new and new not in states[old]:
        raise IllegalTransition(target.record.label, old, new)


def _check_row(_mapper: Any, _connection: Any, target: Base) -> None:
    """Nothing too long and no unknown word reaches the database, whoever wrote it."""
    attributes = sa.inspect(target).attrs
    wrong = {}
    for name, column in columns(type(target)).items():
        value = getattr(target, name)
        if value is None or column.info["format"] in ("json", "list", "ref"):
            continue
        if not attributes[name].history.has_changes():
            continue
        try:
            fields.clean(column, value)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise Invalid("；".join(wrong.values()), fields=wrong)


def _refuse(_mapper: Any, _connection: Any, target: Base) -> None:
    raise Frozen(target.record.label)


def _watch(mapper: Any, cls: type[Any]) -> None:
    if not issubclass(cls, Base):
        return
    if issubclass(cls, Entity):
        sa.event.listen(cls.state, "set", _check_move, active_history=True)
    if issubclass(cls, Entry):
        sa.event.listen(mapper, "before_update", _refuse)
        sa.event.listen(mapper, "before_delete", _refuse)


sa.event.listen(Base, "mapper_configured", _watch, propagate=True)
sa.event.listen(Base, "before_insert", _check_row, propagate=True)
sa.event.listen(Base, "before_update", _check_row, propagate=True)
