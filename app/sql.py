"""Plain statements on the session's connection, past the ORM's machinery and that of statements:
each is compiled once, kept as text, and handed to the database's driver.

Only for statements that are made once, at the top of a module: every one is kept. Rows are not
filtered by workspace here, so the statements say it themselves. ORM objects that a session holds
do not hear of what is written, see `engine.memory.expire`.
"""

import collections
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from app.db import UtcDateTime, db, driven

_KEPT = "plain connection"


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
    """Any statement has run in the transaction of the current session, the usual way."""
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
        if bind.expanding:
            raise TypeError(f"{name} is a list of values, its statement has no one text")
        write = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if write is not None and isinstance(bind.type, UtcDateTime):
            write = functools.lru_cache(64)(
                write
            )  # the moment of a step stands in many of its rows
        return cls(name, bind.required, bind.value, write)

    def value(self, given: Mapping[str, Any]) -> Any:
        """As the driver takes it."""
        value = given[self.name] if self.needed else given.get(self.name, self.fixed)
        return value if self.write is None else self.write(value)


class _Text:
    """A statement as one database reads it, and how its values are handed over."""

    def __init__(self, compiled: Any) -> None:
        dialect = compiled.dialect
        if getattr(compiled, "prefetch", None):
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


class _Question(_Text):
    """A SELECT, and how its rows are read: as named tuples; a name that is there already has none."""

    def __init__(self, compiled: Any) -> None:
        super().__init__(compiled)
        columns = list(compiled.statement.exported_columns)
        names = [column.name for column in columns]
        self.types = [column.type.dialect_impl(compiled.dialect) for column in columns]
        self.make = collections.namedtuple("Row", names, rename=True)._make  # type: ignore[misc]
        self.readers: list[tuple[int, Callable[[Any], Any]]] | None = None

    def rows(self, cursor: Any, dialect: sa.Dialect) -> list[Any]:
        """Everything that the cursor has."""
        if self.readers is None:  # some kinds of columns are told by the first answer only
            self.readers = self._readers(cursor.description, dialect)
        return [self._row(raw) for raw in cursor.fetchall()]

    def _readers(self, told: Any, dialect: sa.Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
        kinds = zip(self.types, told, strict=True)
        found = (kind.result_processor(dialect, column[1]) for kind, column in kinds)
        return [(place, read) for place, read in enumerate(found) if read is not None]

    def _row(self, raw: Any) -> Any:
        values = list(raw)
        for place, read in self.readers or ():
            values[place] = read(values[place])
        return self.make(values)


@functools.lru_cache(2000)
def _text(
    statement: Any, dialect: sa.Dialect, columns: tuple[str, ...] | None, many: bool
) -> _Text:
    return _Text(statement.compile(dialect=dialect, column_keys=columns, for_executemany=many))


@functools.lru_cache(2000)
def _question(statement: Any, dialect: sa.Dialect) -> _Question:
    return _Question(statement.compile(dialect=dialect))


def read(statement: Any, given: Mapping[str, Any]) -> list[Any]:
    """The rows of a SELECT that is made once for all requests."""
    on = connection()
    question = _question(statement, on.dialect)
    cursor = driven(on, question.text, question.values(given))
    rows = question.rows(cursor, on.dialect)
    cursor.close()
    return rows


def one(statement: Any, given: Mapping[str, Any]) -> Any | None:
    """The first row of such a SELECT, or None."""
    rows = read(statement, given)
    return rows[0] if rows else None


def write(statement: Any, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """An INSERT, UPDATE or DELETE that is made once for all steps has run.

    Several rows of values have the same names.
    """
    _write(statement, given).close()


def _write(statement: Any, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
    on = connection()
    many = not isinstance(given, Mapping)
    if many and len(given) == 1:
        many, given = False, given[0]
    first: Any = given[0] if many else given
    columns = tuple(first) if statement.is_insert else None
    text = _text(statement, on.dialect, columns, many)
    values = [text.values(row) for row in given] if many else text.values(given)
    return driven(on, text.text, values, many)


def insert(into: sa.Table | sa.Insert, fields: dict[str, Any]) -> int:
    """A row is in the table, or the INSERT that is made once has run; the row's number."""
    cursor = _write(_inserts(into) if isinstance(into, sa.Table) else into, fields)
    number = cursor.lastrowid if cursor.description is None else cursor.fetchone()[0]
    cursor.close()
    return number


def insert_all(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """The rows are in the table, numbered in their order. All have the same columns."""
    if len(rows) > 1 and locks_rows():
        _insert_together(table, rows)
    elif rows:
        write(_inserts(table), rows)


_made: dict[sa.Table, sa.Insert] = {}


def _inserts(table: sa.Table) -> sa.Insert:
    if table not in _made:
        _made[table] = sa.insert(table)
    return _made[table]


def named(table: sa.Table, *columns: str) -> sa.ColumnElement[bool]:
    """`column = :the_column` for each, to be used in a statement that is made once."""
    return sa.and_(*(table.c[name] == sa.bindparam(f"the_{name}") for name in columns))


def here(table: sa.Table, key: str = "id") -> sa.ColumnElement[bool]:
    """`key = :the_key`, and the row belongs to `:the_workspace_id`.

    Found by the key alone: PostgreSQL guesses that of a table which nobody has counted yet any
    index is as good as another, and would go through all rows of the workspace.
    """
    ours = table.c.workspace_id + sa.literal_column("0") == sa.bindparam("the_workspace_id")
    return sa.and_(named(table, key), ours)


class _Together:
    """An INSERT of any number of rows, handed to PostgreSQL as one text: every statement by itself
    costs both sides more than the row does."""

    def __init__(self, table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect) -> None:
        self.columns = columns
        kinds = [table.c[name].type.dialect_impl(dialect) for name in columns]
        self.writers = [kind.bind_processor(dialect) for kind in kinds]
        quoted = [dialect.identifier_preparer.quote(name) for name in columns]
        typed = ", ".join(
            f"{name} {dialect.type_compiler_instance.process(kind)}"
            for name, kind in zip(quoted, kinds, strict=True)
        )
        names = ", ".join(quoted)
        self.text = (
            f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({names})"
            f" SELECT {names} FROM json_to_recordset(%s) AS given({typed})"
        )

    def values(self, rows: list[dict[str, Any]]) -> tuple[str]:
        """What the driver takes."""
        made = [
            {
                name: row[name] if write is None else write(row[name])
                for name, write in zip(self.columns, self.writers, strict=True)
            }
            for row in rows
        ]
        return (orjson.dumps(made, default=str).decode(),)


@functools.lru_cache(200)
def _together(table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect) -> _Together:
    return _Together(table, columns, dialect)


def _insert_together(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    on = connection()
    made = _together(table, tuple(rows[0]), on.dialect)
    driven(on, made.text, made.values(rows)).close()
