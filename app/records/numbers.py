"""Numbers of records: PREFIX-YYYYMM-nnnn, gapless per prefix and month (conventions §13)."""

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app import workspace
from app.db import db


class NumberSeq(db.Model):
    """The last number drawn; its row is locked until the drawing transaction ends."""

    __tablename__ = "number_seq"
    workspace_id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    period: Mapped[str] = mapped_column(sa.String(6), primary_key=True)
    last: Mapped[int]


def draw(prefix: str, on: dt.date | dt.datetime) -> str:
    """The next number of the month of `on`; five digits after 9999.

    It is given back if the transaction is rolled back, hence no gaps; two transactions that
    draw from one row wait for each other.
    """
    period = local_date(on).strftime("%Y%m")
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(NumberSeq).values(
        workspace_id=workspace.current(), prefix=prefix, period=period, last=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "prefix", "period"], set_={"last": NumberSeq.last + 1}
    )
    last = db.session.execute(statement.returning(NumberSeq.last)).scalar_one()
    return f"{prefix}-{period}-{last:04d}"


def skip_to(number: str) -> None:
    """Numbers up to this one count as used (imported and demo records)."""
    prefix, period, last = number.rsplit("-", 2)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(NumberSeq).values(
        workspace_id=workspace.current(), prefix=prefix, period=period, last=int(last)
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "prefix", "period"],
            set_={"last": int(last)},
            where=NumberSeq.last < int(last),
        )
    )


def local_date(on: dt.date | dt.datetime) -> dt.date:
    """The day in the company's zone; a business day does not change at UTC midnight."""
    if not isinstance(on, dt.datetime):
        return on
    return on.astimezone(ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])).date()
