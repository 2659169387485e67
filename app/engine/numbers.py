"""Numbers of cases and tasks: none is given twice.

SQLite gives the number of a table's last row once more when that row is gone, as it is when its
case was archived; the archive keeps the number. PostgreSQL counts on by itself.
"""

import functools
from typing import Any

import sqlalchemy as sa

from app import sql
from app.engine.archived import ArchivedCase, ArchivedTask
from app.engine.models import Instance, UserTask

_ARCHIVED = {
    Instance.__table__: ArchivedCase.__table__.c.id,
    UserTask.__table__: ArchivedTask.__table__.c.task_id,
}


@functools.cache
def _following(table: sa.Table) -> sa.ScalarSelect[Any]:
    """The number after all that were given; one look at the end of either table's key."""
    zero, one = sa.literal_column("0"), sa.literal_column("1")
    ends = [
        sa.func.coalesce(sa.select(sa.func.max(column)).scalar_subquery(), zero)
        for column in (table.c.id, _ARCHIVED[table])
    ]
    return sa.select(sa.func.max(*ends) + one).scalar_subquery()


@functools.cache
def _numbered(table: sa.Table) -> sa.Insert:
    return sa.insert(table).values(id=_following(table))


@functools.cache
def _first(table: sa.Table) -> sa.Select[Any]:
    return sa.select(_following(table).label("id"))


def insert(table: sa.Table, fields: dict[str, Any]) -> int:
    """A case or a task is in its table; its number."""
    return sql.insert(table if sql.locks_rows() else _numbered(table), fields)


def insert_all(table: sa.Table, rows: list[dict[str, Any]]) -> list[int]:
    """Several are in their table; their numbers, in the same order."""
    if sql.locks_rows():
        returning = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(sql.execute(returning, rows).scalars())
    first = sql.read(_first(table), {})[0].id
    ids = list(range(first, first + len(rows)))
    sql.insert_all(table, [row | {"id": id} for id, row in zip(ids, rows, strict=True)])
    return ids
