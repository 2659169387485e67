"""Plain statements on the session's connection: what one step writes goes past the ORM's machinery.

The tables of the engine are filtered by workspace where they are read. ORM objects of a case that
a session holds are expired after a step, see `memory.expire`.
"""

from typing import Any

import sqlalchemy as sa

from app.db import db

_KEPT = "engine connection"


def connection() -> sa.Connection:
    """The session's connection, asked for once in each transaction and savepoint.

    A savepoint begins only when the session is asked for its connection inside of it.
    """
    session = db.session()
    inner = session.get_nested_transaction() or session.get_transaction()
    kept = session.info.get(_KEPT)
    if kept is not None and inner is not None and kept[0] is inner:
        return kept[1]
    made = session.connection()
    inner = session.get_nested_transaction() or session.get_transaction()
    session.info[_KEPT] = (inner, made)
    return made


def locks_rows() -> bool:
    """Do writers lock single rows? On SQLite one writer at a time has the whole file."""
    return db.engine.dialect.name != "sqlite"


def execute(statement: Any, parameters: Any = None) -> sa.CursorResult[Any]:
    """The statement has run in the transaction of the current session."""
    return connection().execute(statement, parameters)


def insert(table: sa.Table, fields: dict[str, Any]) -> int:
    """A row is in the table; its number."""
    return execute(_inserts(table), fields).inserted_primary_key[0]


def insert_all(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """The rows are in the table. All have the same columns."""
    if rows:
        execute(_inserts(table), rows)


_made: dict[sa.Table, sa.Insert] = {}


def _inserts(table: sa.Table) -> sa.Insert:
    if table not in _made:
        _made[table] = sa.insert(table)
    return _made[table]


def named(table: sa.Table, *columns: str) -> sa.ColumnElement[bool]:
    """`column = :the_column` for each, to be used in a statement that is made once."""
    return sa.and_(*(table.c[name] == sa.bindparam(f"the_{name}") for name in columns))
