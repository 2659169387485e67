"""Spans of time and months inside the database, the same on SQLite and PostgreSQL."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app import clock
from app.records import calendar


class days(FunctionElement[Any]):
    """From one day or moment to a later one, in days with a fraction."""

    type = sa.Float()
    inherit_cache = True
    name = "span_days"


@compiles(days)
def _days(element: days, compiler: Any, **options: Any) -> str:
    begin, end = (compiler.process(clause, **options) for clause in element.clauses)
    span = f"cast({end} as timestamp) - cast({begin} as timestamp)"
    return f"(cast(extract(epoch from ({span})) as double precision) / 86400.0)"


@compiles(days, "sqlite")
def _julian(element: days, compiler: Any, **options: Any) -> str:
    begin, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(julianday({end}) - julianday({begin}))"


class _month(FunctionElement[Any]):
    type = sa.Integer()
    inherit_cache = True
    name = "span_month"


@compiles(_month)
def _to_char(element: _month, compiler: Any, **options: Any) -> str:
    moment, minutes = (compiler.process(clause, **options) for clause in element.clauses)
    shifted = f"({moment} at time zone 'UTC') + make_interval(mins => cast({minutes} as integer))"
    return f"cast(to_char({shifted}, 'YYYYMM') as integer)"


@compiles(_month, "sqlite")
def _strftime(element: _month, compiler: Any, **options: Any) -> str:
    moment, minutes = (compiler.process(clause, **options) for clause in element.clauses)
    return f"cast(strftime('%Y%m', {moment}, {minutes} || ' minutes') as integer)"


def month(moment: Any) -> Any:
    """202603 of a moment, in the company's zone as it is today."""
    offset = clock.now().astimezone(calendar.zone()).utcoffset() or dt.timedelta()
    return _month(moment, sa.literal(int(offset.total_seconds() // 60)))


class month_of(FunctionElement[Any]):
    """202603 of a day."""

    type = sa.Integer()
    inherit_cache = True
    name = "span_month_of"


@compiles(month_of)
def _extracted(element: month_of, compiler: Any, **options: Any) -> str:
    (day,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"cast(extract(year from {day}) * 100 + extract(month from {day}) as integer)"


@compiles(month_of, "sqlite")
def _cut(element: month_of, compiler: Any, **options: Any) -> str:
    # a day is text there; to cut it is much quicker than to read it
    (day,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"cast(substr({day}, 1, 4) || substr({day}, 6, 2) as integer)"


def bounds(month: Any) -> tuple[str, str]:
    """First and last day of 202603, as a list's filter wants them."""
    year, number = divmod(int(month), 100)
    after = dt.date(year + number // 12, number % 12 + 1, 1)
    return f"{year}-{number:02d}-01", str(after - dt.timedelta(days=1))
