"""Figures of a period as they were when they were taken; append-only."""

from typing import Any

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record, unique


class ReportSnapshot(Entry, db.Model):
    """One report of one period and scope (completeness of the week, statement run, …)."""

    __tablename__ = "report_snapshot"
    record = Record(
        "报表快照", area="base", title="report", sight="open", icon="camera",
        columns=("report", "period", "scope", "created_at", "created_by"),
        filters=("report", "period"), search=("report", "scope"),
        sections=(("快照", ("report", "period", "scope", "figures")),),
    )  # fmt: skip
    __rules__ = (unique("report", "period", "scope"),)
    report: Mapped[str] = fields.text("报表", 60, required=True)
    period: Mapped[str] = fields.text("期间", 20, required=True)
    scope: Mapped[str] = fields.text("范围", 60, required=True, default="全公司")
    figures: Mapped[dict[str, Any]] = fields.json("数据", required=True)
