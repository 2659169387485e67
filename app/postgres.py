"""How the product talks to PostgreSQL: its pool, its patience, and what its refusals mean.

Transactions are READ COMMITTED. What must not change under a transaction is locked by it: the
row of the case, then the rows of the records it changes; records carry a version besides.
"""

import math
import select
import time
from typing import Any

import sqlalchemy as sa

from config import BadSetting, Settings

CONNECT_SECONDS = 5
# a server whose machine vanished must not hold locks until TCP notices, hours later
IDLE_SECONDS = 300
QUIET_SECONDS = 1.0  # a connection that was used later than that ago need not answer first
# compiling a statement takes longer than any of ours runs: 230 of the 270 ms of a search
NO_JIT = "-c jit=off"
_USED = "shunliu.used"
# deadlock, serialization failure, lock timeout, statement timeout
_BUSY = frozenset({"40P01", "40001", "55P03", "57014"})


def options(settings: Settings) -> dict[str, Any]:
    """What SQLAlchemy's engine is made with."""
    patience = {
        "lock_timeout": settings.lock_wait_seconds,
        "statement_timeout": settings.statement_seconds,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_extra,
        "pool_timeout": settings.pool_wait_seconds,
        "pool_use_lifo": True,  # what is not needed any more is let go
        "isolation_level": "READ COMMITTED",
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": CONNECT_SECONDS,
            # `app.pipelined` prepares what is asked often; psycopg would forget all of it, ours
            # included, at every ROLLBACK
            "prepare_threshold": None,
            "application_name": "shunliu",
            "options": " ".join([f"-c {name}={s}s" for name, s in patience.items()] + [NO_JIT]),
        },
    }


def ping_the_quiet(engine: sa.Engine) -> None:
    """No request meets a connection that had died in the pool: it and all others are made anew.

    One that lay there for a while is asked, which costs a way to the server and back. One that was
    just used is asked only if the server said something unasked, as it does when it ends; to look
    costs a few microseconds. What vanished within that second without a word fails once.
    """

    def put_back(_raw: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    def take(raw: Any, record: Any, _lent: Any) -> None:
        just_used = time.monotonic() - record.info.get(_USED, math.inf) <= QUIET_SECONDS
        try:
            if just_used and not _has_spoken(raw):
                return
            alive = engine.dialect.do_ping(raw)
        except engine.dialect.dbapi.Error:
            alive = False
        if not alive:
            raise sa.exc.InvalidatePoolError()

    sa.event.listen(engine, "checkin", put_back)
    sa.event.listen(engine, "checkout", take)


def _has_spoken(raw: Any) -> bool:
    """Is there something to read that nobody asked for: a farewell, or the end of the line?"""
    ear = select.poll()
    ear.register(raw.fileno(), select.POLLIN)
    return bool(ear.poll(0))


def check(engine: sa.Engine) -> None:
    """The server answers, and the database compares texts as the product's searches expect.

    Raises BadSetting with the remedy.
    """
    try:
        with engine.connect() as connection:
            fits = connection.exec_driver_sql(
                "SELECT 'B' < 'a' AND current_setting('server_encoding') = 'UTF8'"
            ).scalar_one()
    except sa.exc.OperationalError as error:
        raise BadSetting(f"SHUNLIU_DATABASE_URL cannot be reached: {error.orig}") from error
    if not fits:
        raise BadSetting(
            "The database must be UTF-8 and compare by code: make it by"
            f" createdb -T template0 -E UTF8 --locale=C.UTF-8 {engine.url.database}"
        )


def busy(error: BaseException) -> bool:
    """Did others hold what this transaction needs? It was rolled back; trying again may help."""
    return isinstance(error, sa.exc.DBAPIError) and getattr(error.orig, "sqlstate", "") in _BUSY
