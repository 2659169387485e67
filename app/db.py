"""The database: one session per request, exact column types, SQLite set up for durability."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

import flask_sqlalchemy.session
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app import gate, postgres, values

# a page that changes often is copied from the log to the file once for many changes: whoever commits
# when the log has grown that long (16 MB) does it for all, and everybody waits
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000",
           "wal_autocheckpoint=4000")  # fmt: skip
View = TypeVar("View", bound=Callable[..., Any])
_UNSURE = "unsure"
_writes: ContextVar[bool] = ContextVar("writes", default=True)


class Base(DeclarativeBase):
    """Every table; constraint names follow one convention so that Alembic can change them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Session(flask_sqlalchemy.session.Session):
    """A session that can be rolled back and closed although the database has gone: there is nothing
    to undo; and that knows when nobody can say whether a commit was done."""

    def rollback(self) -> None:
        while True:
            inside = self.in_nested_transaction()
            try:
                return super().rollback()
            except sa.exc.DBAPIError as error:
                # a full disk may end SQLite's whole transaction, and every savepoint with it; what
                # is around the savepoint is rolled back next
                if not (inside and away(error)):
                    raise

    def commit(self) -> None:
        try:
            super().commit()
        except sa.exc.DBAPIError as error:
            # what is flushed before has a statement; COMMIT itself has none
            vars(error)[_UNSURE] = error.statement is None and error.connection_invalidated
            raise

    def close(self) -> None:
        try:
            super().close()
        except sa.exc.DBAPIError as error:
            if not away(error):
                raise
            self.invalidate()


db = SQLAlchemy(model_class=Base, session_options={"class_": Session})


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware moment, stored in UTC. A naive one is refused: it would mean another moment."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"{value!r} has no time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal with fixed places, exact on SQLite too: a whole number of the last place there."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int = 18, scale: int = 2) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale
        self._step = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Any) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("a float is not an exact amount; use Decimal")
        value = Decimal(value).quantize(self._step, ROUND_HALF_UP)
        return int(value.scaleb(self.scale)) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            # an average of whole numbers comes back as a float; everything else is an int
            value = Decimal(str(value)).scaleb(-self.scale)
        return Decimal(value).quantize(self._step, ROUND_HALF_UP)


def Money() -> Exact:
    """CNY with two places."""
    return Exact(18, 2)


class Json(TypeDecorator[Any]):
    """Any storable value (see `app.values`) as JSON text. Replace it whole; it is not mutable."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else values.dumps(value)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return values.loads(value)


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside do not take SQLite's write lock."""
    token = _writes.set(False)
    try:
        yield
    finally:
        _writes.reset(token)


def set_reading(only_reads: bool) -> None:
    """Decide for this request whether its transaction takes SQLite's write lock at once."""
    _writes.set(not only_reads)


def writes() -> bool:
    """Does a transaction that begins now take SQLite's write lock?"""
    return _writes.get()


def reads_first(view: View) -> View:
    """The view looks before it writes: it calls `begin_writing` when it is about to."""
    view.reads_first = True  # type: ignore[attr-defined]
    return view


def end_reading() -> None:
    """Nobody who writes waits for what was only read; what was loaded stays as it was read.

    On PostgreSQL nobody would: there the transaction goes on.
    """
    if db.engine.dialect.name == "sqlite":
        commit_kept()


def begin_writing() -> None:
    """What was only read so far is done, and stays as it was read; this transaction may write.

    On SQLite it takes the turn now, on the connection that it has.
    """
    if _writes.get():
        return
    _writes.set(True)
    session = db.session()
    if db.engine.dialect.name == "sqlite" and session.in_transaction():
        on = session.connection()
        driven(on, "COMMIT")
        _begin_sqlite(on)


def driven(on: sa.Connection, text: str, values: Any = (), many: bool = False) -> Any:
    """The driver's cursor after the statement has run, past SQLAlchemy's; errors are SQLAlchemy's."""
    cursor = on.connection.cursor()
    for heard in on.engine.dispatch.before_cursor_execute:  # who listens hears these, too
        text, values = heard(on, cursor, text, values, None, many)
    try:
        (cursor.executemany if many else cursor.execute)(text, values)
    except on.dialect.loaded_dbapi.Error as error:
        # the one place that knows a lost connection from a wrong value, and what follows from it
        on._handle_dbapi_exception(error, text, values, cursor, None)
    return cursor


def commit_kept() -> None:
    """The transaction is committed; what it loaded is not read again."""
    session = db.session()
    kept, session.expire_on_commit = session.expire_on_commit, False
    try:
        session.commit()
    finally:
        session.expire_on_commit = kept


# the first letters of SQLSTATE: connection lost, deadlock, resources used up, shut down
_AWAY = ("08", "40", "53", "57P")
_SQLITE_AWAY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
     sqlite3.SQLITE_CANTOPEN}
)  # fmt: skip


# after an error that has ended the whole transaction
_SAVEPOINT_LOST = "no such savepoint"


def away(error: BaseException) -> bool:
    """Has the database itself failed: gone, locked or full? Then it was nobody's fault, nothing
    was written, and the same may work in a moment."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)  # no connection came free in time
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        lost = str(cause).startswith(_SAVEPOINT_LOST)
        return lost or getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    state = getattr(cause, "sqlstate", None)
    if state is None:  # the server said nothing any more
        return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    return error.connection_invalidated or state.startswith(_AWAY)


def unsure(error: BaseException) -> bool:
    """Was the connection lost while it committed? Then everything is written, or nothing is."""
    return bool(vars(error).get(_UNSURE))


def init_app(app: Flask) -> None:
    """Bind the database to the app; SQLite gets WAL, FULL synchronous and foreign keys."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if url.startswith("sqlite"):
        app.config.setdefault(
            "SQLALCHEMY_ENGINE_OPTIONS", {"connect_args": {"timeout": 15}, "hide_parameters": True}
        )
    else:
        options = postgres.options(app.config["SETTINGS"])
        app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            postgres.ping_the_quiet(db.engine)
        if db.engine.dialect.name == "sqlite":
            sa.event.listen(db.engine, "connect", _prepare_sqlite)
            file = db.engine.url.database
            if file and file != ":memory:":
                gate.before(db.engine, file)
            sa.event.listen(db.engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # a transaction that reads first and writes later could lose its place; writers queue at once
    if _writes.get():
        gate.enter(connection)
    driven(connection, "BEGIN IMMEDIATE" if _writes.get() else "BEGIN")
