"""Plain statements on the session's connection, past the ORM's machinery and that of statements:
each is compiled once, kept as text, and handed to the database's driver.

Only for statements that are made once, at the top of a module: every one is kept. Rows are not
filtered by workspace here, so the statements say it themselves. ORM objects that a session holds
do not hear of what is written, see `engine.memory.expire`.
"""

import collections
import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from app import pipelined
from app.db import UtcDateTime, db, driven

_KEPT, _LATER = "plain connection", "to be written"


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


def _is_sqlite(on: sa.Connection) -> bool:
    return on.dialect.name == "sqlite"


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

    def rows(self, found: list[Any], told: list[Any], dialect: sa.Dialect) -> list[Any]:
        """The rows, of whose columns the driver told these kinds."""
        if self.readers is None:  # some kinds of columns are told by the first answer only
            self.readers = self._readers(told, dialect)
        return [self._row(raw) for raw in found]

    def _readers(
        self, told: list[Any], dialect: sa.Dialect
    ) -> list[tuple[int, Callable[[Any], Any]]]:
        kinds = zip(self.types, told, strict=True)
        found = (kind.result_processor(dialect, number) for kind, number in kinds)
        return [(place, read) for place, read in enumerate(found) if read is not None]

    def _row(self, raw: Any) -> Any:
        values = list(raw)
        for place, read in self.readers or ():
            values[place] = read(values[place])
        return self.make(values)


@functools.cache
def _numbering(dialect: sa.Dialect) -> sa.Dialect:
    """The dialect whose texts number their values, as PostgreSQL itself does."""
    return dialect if dialect.name == "sqlite" else type(dialect)(paramstyle="numeric_dollar")


@functools.lru_cache(2000)
def _text(
    statement: Any, dialect: sa.Dialect, columns: tuple[str, ...] | None, many: bool
) -> _Text:
    dialect = _numbering(dialect)
    return _Text(statement.compile(dialect=dialect, column_keys=columns, for_executemany=many))


@functools.lru_cache(2000)
def _question(statement: Any, dialect: sa.Dialect) -> _Question:
    return _Question(statement.compile(dialect=_numbering(dialect)))


def read(statement: Any, given: Mapping[str, Any]) -> list[Any]:
    """The rows of a SELECT that is made once for all requests."""
    return reads((statement, given))[0]


def reads(*asked: tuple[Any, Mapping[str, Any]]) -> list[list[Any]]:
    """The rows of several such SELECTs, each of which sees what was so when the one before it was
    answered. PostgreSQL is asked once."""
    on = connection()
    questions = [_question(statement, on.dialect) for statement, _given in asked]
    todo = [(q.text, q.values(given)) for q, (_s, given) in zip(questions, asked, strict=True)]
    if _is_sqlite(on):
        return [_looked(on, q, values) for q, (_t, values) in zip(questions, todo, strict=True)]
    return [
        question.rows(pipelined.rows(on, result), pipelined.kinds(result), on.dialect)
        for question, result in zip(questions, _sent(on, todo), strict=True)
    ]


def _looked(on: sa.Connection, question: _Question, values: Any) -> list[Any]:
    cursor = driven(on, question.text, values)
    rows = question.rows(cursor.fetchall(), [told[1] for told in cursor.description], on.dialect)
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
    on = connection()
    many = not isinstance(given, Mapping)
    if many and len(given) == 1:
        many, given = False, given[0]
    first: Any = given[0] if many else given
    text = _text(statement, on.dialect, tuple(first) if statement.is_insert else None, many)
    values = [text.values(row) for row in given] if many else text.values(given)
    if not _is_sqlite(on):
        _send(on, [(text.text, row) for row in (values if many else [values])])
    else:
        driven(on, text.text, values, many).close()


def insert(into: sa.Table | sa.Insert, fields: dict[str, Any]) -> int:
    """A row is in the table, or the INSERT that is made once has run; the row's number."""
    on = connection()
    statement = _inserts(into) if isinstance(into, sa.Table) else into
    text = _text(statement, on.dialect, tuple(fields), False)
    values = text.values(fields)
    if not _is_sqlite(on):
        return pipelined.rows(on, _sent(on, [(text.text, values)])[0])[0][0]
    cursor = driven(on, text.text, values)
    number = cursor.lastrowid if cursor.description is None else cursor.fetchone()[0]
    cursor.close()
    return number


def insert_all(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """The rows are in the table, numbered in their order. All have the same columns."""
    if len(rows) > 1 and not _is_sqlite(on := connection()) and _is_text(table):
        made = _together(table, tuple(rows[0]), on.dialect)
        _send(on, [(made.text, made.values(rows))])
    elif rows:
        write(_inserts(table), rows)


# PostgreSQL: what is written goes together with what follows


@contextlib.contextmanager
def together() -> Iterator[None]:
    """What is written inside is there at its end, in its order, and for every other statement
    inside; PostgreSQL is asked as seldom as that allows."""
    on = connection()
    if _is_sqlite(on) or _LATER in on.info:
        yield
        return
    if not sa.event.contains(on.engine, "before_cursor_execute", _catch_up):
        sa.event.listen(on.engine, "before_cursor_execute", _catch_up)
    info = on.info  # that of a connection which is lost meanwhile cannot be asked for
    info[_LATER] = []
    try:
        yield
        _catch_up(on)
    finally:
        del info[_LATER]


def _send(on: sa.Connection, todo: list[pipelined.Statement]) -> None:
    later = on.info.get(_LATER)
    if later is None:
        _sent(on, todo)
    else:
        later += todo


def _sent(on: sa.Connection, todo: list[pipelined.Statement]) -> list[Any]:
    """The results of these statements; what was to come before them has come."""
    later = on.info.get(_LATER) or []
    said = len(later)
    todo = later + todo
    later.clear()
    for text, values in todo:  # who listens hears these, too
        for heard in on.engine.dispatch.before_cursor_execute:
            heard(on, None, text, values, None, False)
    try:
        return pipelined.run(on, todo)[said:]
    except on.dialect.loaded_dbapi.Error as error:
        # the one place that knows a lost connection from a wrong value, and what follows from it
        on._handle_dbapi_exception(error, todo[-1][0], (), None, None)
        raise


def _catch_up(on: sa.Connection, *_what: Any) -> None:
    """What was to come has come."""
    if on.info.get(_LATER):
        _sent(on, [])


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


@functools.cache
def _is_text(table: sa.Table) -> bool:
    """Can every value of a row be said in a text?"""
    return not any(isinstance(column.type, sa.LargeBinary) for column in table.c)


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
            f" SELECT {names} FROM json_to_recordset($1) AS given({typed})"
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
