"""What became of each customer in each assignment; append-only."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.assignment import MODES, REASONS
from app.records.record import Entry, Record, unique


class AssignmentHistory(Entry, db.Model):
    """A customer changed hands, or was offered and declined."""

    __tablename__ = "assignment_history"
    record = Record(
        "分配记录", title="customer_id", sight="customer_id", icon="history",
        columns=("created_at", "customer_id", "from_id", "to_id", "reason", "mode", "result",
                 "created_by"),
        filters=("reason", "mode", "result", "to_id"), search=(),
    )  # fmt: skip
    __rules__ = (unique("assignment_id", "customer_id", where="assignment_id IS NOT NULL"),)
    assignment_id: Mapped[int | None] = fields.ref("分配单", "assignment")
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    from_id: Mapped[str | None] = fields.person("原负责人")
    to_id: Mapped[str | None] = fields.person("新负责人")
    reason: Mapped[str] = fields.choice("分配原因", REASONS, required=True)
    mode: Mapped[str] = fields.choice("分配方式", MODES, required=True)
    decided_by: Mapped[str] = fields.person("决定人", required=True)
    handover_doc: Mapped[str | None] = fields.long("交接说明")
    declines: Mapped[int] = fields.whole("拒绝次数", required=True, default=0)
    result: Mapped[str] = fields.choice("结果", ("已接收", "拒绝", "超时", "入公海"), required=True)
