"""How a customer's grade changed, and why; append-only."""

import datetime as dt

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record, unique


class GradeHistory(Entry, db.Model):
    """One review of one customer. An override lasts one review."""

    __tablename__ = "grade_history"
    record = Record(
        "等级历史", title="to_grade", icon="stairs-up", sight="customer_id",
        columns=("created_at", "customer_id", "from_grade", "to_grade", "score", "reason",
                 "created_by"),
        filters=("to_grade", "customer_id"), search=("reason",),
    )  # fmt: skip
    __rules__ = (unique("customer_id", "period", where="period IS NOT NULL"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    period: Mapped[str | None] = fields.text("期间", 7)
    from_grade: Mapped[str | None] = fields.text("原等级", 4)
    to_grade: Mapped[str] = fields.text("新等级", 4, required=True)
    score: Mapped[int | None] = fields.whole("评分")
    reason: Mapped[str | None] = fields.text("原因", 500)
    override_until: Mapped[dt.date | None] = fields.day("人工保留至")
