"""Statements on their way to PostgreSQL and back, several at once where nobody waits for an answer.

To send a statement, wait for the other process and take its answer costs this one more than the
statement does, so those of a step go together. Each is prepared once for each connection, under a
name of ours: psycopg forgets its own at every ROLLBACK, with which each page ends.
"""

import contextlib
import select
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import Error
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

NAMES, COUNT = "shunliu.prepared", "shunliu.prepared.count"
BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"
Statement = tuple[str, Sequence[Any]]  # $1, $2, … stand for its values


def run(on: sa.Connection, todo: Sequence[Statement]) -> list[Any]:
    """All have run in their order in the connection's transaction; psycopg's result of each.

    Raises psycopg's error of the first that the database refused; what came after it did not run.
    """
    raw = on.connection.driver_connection
    line, info = raw.pgconn, on.info
    known, made = info.setdefault(NAMES, {}), []
    transformer = Transformer(raw)
    given = [_dumped(transformer, values) for _text, values in todo]
    line.enter_pipeline_mode()
    try:
        leading = _begin(raw, line)
        wanted = []  # places of the answers among all results
        for (text, _values), dumped in zip(todo, given, strict=True):
            if text not in known:
                info[COUNT] = info.get(COUNT, 0) + 1
                known[text] = b"shunliu_%d" % info[COUNT]
                made.append(text)
                line.send_prepare(known[text], text.encode())
                leading += 1
            wanted.append(leading + len(wanted))
            line.send_query_prepared(known[text], *dumped)
        line.pipeline_sync()
        results = _results(line)
        return [results[place] for place in wanted]
    except Error as error:
        for text in made:
            known.pop(text, None)
        if _is_stale(error):
            known.clear()
        raise
    finally:
        with contextlib.suppress(Error):  # the connection has gone
            line.exit_pipeline_mode()


def _dumped(transformer: Transformer, values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The values as they are sent, and in which format: as text, but bytes as they are."""
    wanted = [PyFormat.BINARY if isinstance(one, bytes) else PyFormat.TEXT for one in values]
    return list(transformer.dump_sequence(values, wanted)), list(transformer.formats or ())


def rows(on: sa.Connection, result: Any) -> list[list[Any]]:
    """The values of a result's rows, as psycopg reads them."""
    transformer = Transformer(on.connection.driver_connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, list)


def kinds(result: Any) -> list[int]:
    """PostgreSQL's numbers of the columns' types."""
    return [result.ftype(place) for place in range(result.nfields)]


def _begin(raw: Any, line: Any) -> int:
    """The transaction has begun; how many results that has."""
    if raw.autocommit or line.transaction_status != TransactionStatus.IDLE:
        return 0
    line.send_query_params(BEGIN, None)
    return 1


def _results(line: Any) -> list[Any]:
    """What comes until all is said. Raises the first refusal."""
    found, refused = [], None
    while True:
        _wait(line)
        result = line.get_result()
        if result is None:
            continue
        if result.status == ExecStatus.PIPELINE_SYNC:
            break
        if result.status == ExecStatus.FATAL_ERROR and refused is None:
            refused = result
            if line.status != ConnStatus.OK:  # nothing more will come
                break
        found.append(result)
    if refused is not None:
        raise error_from_result(refused)
    return found


def _wait(line: Any) -> None:
    """The next result is here; other threads run meanwhile."""
    unsent = line.flush()
    ear = select.poll()
    while unsent or line.is_busy():
        ear.register(line.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        ear.poll()
        line.consume_input()
        unsent = unsent and line.flush()


def _is_stale(error: Any) -> bool:
    """Does the database know a statement no more, or has a table changed under it?"""
    return getattr(error, "sqlstate", None) in ("26000", "0A000")
