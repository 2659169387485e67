"""What the filters of the monitor's lists have in common: how they are read and written back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar
from urllib.parse import urlencode

import sqlalchemy as sa

from app.db import db


class Narrowing:
    """Base of a list's filter: a frozen dataclass whose `state` is chosen and whose other fields,
    but for those of paging, narrow the list."""

    PAGING: ClassVar[tuple[str, ...]] = ("before", "after")
    state: str

    @classmethod
    def names(cls) -> list[str]:
        """The fields that narrow the list."""
        return [one.name for one in fields(cls) if one.name not in ("state", *cls.PAGING)]  # type: ignore[arg-type]

    @property
    def is_narrowed(self) -> bool:
        """Is anything left out but by the state?"""
        return any(getattr(self, name) for name in self.names())

    def query(self, **changes: Any) -> str:
        """The filter as the query of an address, with changes; the usual state is left out."""
        now = {name: getattr(self, name) for name in ("state", *self.names())} | changes
        usual = ("state", type(self).state)
        return urlencode({k: v for k, v in now.items() if v and (k, v) != usual})


def rows(model: Any, ids: list[int], without: str = "") -> list[Any]:
    """The rows with these numbers, which the current workspace has, in their order; a column that
    is not wanted comes when it is asked for.

    Past the filter of the workspace: with it SQLite goes through all rows of the workspace, which
    it takes for fewer than the numbers.
    """
    columns = [column for column in model.__table__.columns if column.name != without]
    plain = sa.select(*columns).where(model.__table__.c.id.in_(ids))
    found = {row.id: row for row in db.session.scalars(sa.select(model).from_statement(plain))}
    return [found[id] for id in ids if id in found]


def text(args: Mapping[str, str], name: str, longest: int = 200) -> str:
    """What was asked for; no column keeps a NUL, and PostgreSQL does not even compare with one."""
    return args.get(name, "").replace("\x00", "").strip()[:longest]
