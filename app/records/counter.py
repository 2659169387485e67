"""Development counters: how many new customers and contacts a person found, month by month."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from app import workspace
from app.db import db
from app.records import fields, numbers
from app.records.record import Line, Record


class DevCounter(Line, db.Model):
    """The count of one person, metric and month; quarter and year are sums."""

    __tablename__ = "dev_counter"
    record = Record(
        "开发指标实绩", area="base", title="metric", sight="user_id", icon="target",
        columns=("user_id", "metric", "year", "month", "count"),
        filters=("user_id", "metric", "year", "month"), totals=("count",),
    )  # fmt: skip
    __rules__ = (
        sa.UniqueConstraint("workspace_id", "user_id", "metric", "year", "month",
                            name="uq_dev_counter"),
        sa.CheckConstraint("count >= 0", name="count"),
    )  # fmt: skip
    user_id: Mapped[str] = fields.person("人员", required=True)
    metric: Mapped[str] = fields.text("指标", 40, required=True)
    year: Mapped[int] = fields.whole("年", required=True)
    month: Mapped[int] = fields.whole("月", required=True)
    count: Mapped[int] = fields.whole("数量", required=True, default=0)


def add(user: str, metric: str, on: dt.date | dt.datetime, count: int = 1) -> None:
    """The person's count of that month is `count` higher."""
    day = numbers.local_date(on)
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(DevCounter).values(
        workspace_id=workspace.current(), user_id=user, metric=metric,
        year=day.year, month=day.month, count=count,
    )  # fmt: skip
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "user_id", "metric", "year", "month"],
            set_={"count": DevCounter.count + count},
        )
    )


def total(user: str, metric: str, year: int, months: tuple[int, ...] = ()) -> int:
    """The sum of a year, or of the given months of it."""
    query = sa.select(sa.func.coalesce(sa.func.sum(DevCounter.count), 0)).where(
        DevCounter.user_id == user, DevCounter.metric == metric, DevCounter.year == year
    )
    if months:
        query = query.where(DevCounter.month.in_(months))
    return int(db.session.scalar(query) or 0)
