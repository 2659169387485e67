"""Plain statements on the session's connection: what one step writes goes past the ORM's machinery,
and what every step writes past that of statements, too.

The tables of the engine are filtered by workspace where they are read. ORM objects of a case that
a session holds are expired after a step, see `memory.expire`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
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


class _Bind:
    """One value of a statement."""

    __slots__ = ("fixed", "name", "needed", "write")

    def __init__(
        self, name: str, needed: bool, fixed: Any, write: Callable[[Any], Any] | None
    ) -> None:
        self.name, self.needed, self.fixed, self.write = name, needed, fixed, write

    @classmethod
    def of(cls, name: str, bind: sa.BindParameter[Any], dialect: sa.Dialect) -> "_Bind":
        write = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return cls(name, bind.required, bind.value, write)

    def value(self, given: Mapping[str, Any]) -> Any:
        """As the driver takes it."""
        value = given[self.name] if self.needed else given.get(self.name, self.fixed)
        return value if self.write is None else self.write(value)


class _Text:
    """A statement that writes, as one database reads it, and how its values are handed over."""

    def __init__(self, compiled: Any) -> None:
        dialect = compiled.dialect
        if compiled.prefetch:
            raise TypeError(f"a default of {compiled.statement.table} is missing among the values")
        self.text = str(compiled)
        self.positional = compiled.positional
        by_name = {name: bind for bind, name in compiled.bind_names.items()}
        names = compiled.positiontup if compiled.positional else by_name
        self.binds = [_Bind.of(name, by_name[name], dialect) for name in names]

    def values(self, given: Mapping[str, Any]) -> Any:
        """What the driver takes. Raises KeyError for a name without a value."""
        if self.positional:
            return tuple([bind.value(given) for bind in self.binds])
        return {bind.name: bind.value(given) for bind in self.binds}


@functools.lru_cache(2000)
def _text(
    statement: Any, dialect: sa.Dialect, columns: tuple[str, ...] | None, many: bool
) -> _Text:
    return _Text(statement.compile(dialect=dialect, column_keys=columns, for_executemany=many))


def write(
    statement: Any, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> sa.CursorResult[Any]:
    """An INSERT, UPDATE or DELETE that is made once for all steps has run, as text that is kept.

    Several rows of values have the same names.
    """
    on = connection()
    many = not isinstance(given, Mapping)
    if many and len(given) == 1:
        many, given = False, given[0]
    first: Any = given[0] if many else given
    columns = tuple(first) if statement.is_insert else None
    text = _text(statement, on.dialect, columns, many)
    if many:
        return on.exec_driver_sql(text.text, [text.values(row) for row in given])
    return on.exec_driver_sql(text.text, text.values(given))


def insert(table: sa.Table, fields: dict[str, Any]) -> int:
    """A row is in the table; its number."""
    result = write(_inserts(table), fields)
    return result.scalar_one() if result.returns_rows else result.lastrowid


def insert_all(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """The rows are in the table. All have the same columns."""
    if rows:
        write(_inserts(table), rows)


_made: dict[sa.Table, sa.Insert] = {}


def _inserts(table: sa.Table) -> sa.Insert:
    if table not in _made:
        _made[table] = sa.insert(table)
    return _made[table]


def named(table: sa.Table, *columns: str) -> sa.ColumnElement[bool]:
    """`column = :the_column` for each, to be used in a statement that is made once."""
    return sa.and_(*(table.c[name] == sa.bindparam(f"the_{name}") for name in columns))
