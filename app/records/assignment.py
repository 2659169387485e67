"""Assignments (AS): a plan that gives customers to new owners (051-01-02)."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related

REASONS = ("新客户", "申请领取", "超期未跟进", "人员离岗", "业务调整")
MODES = ("指定", "轮询", "公海", "共享")


class Assignment(Entity, db.Model):
    """An assignment plan; it locks its customers until it ends."""

    __tablename__ = "assignment"
    record = Record(
        "分配单", prefix="AS", title="number", icon="users-group",
        columns=("number", "reason", "owner_id", "created_at", "state"),
        filters=("state", "reason", "owner_id"), search=("number",),
        states={
            "拟定": ("审批中", "执行中", "已取消"),
            "审批中": ("拟定", "执行中", "已驳回", "已取消"),
            "执行中": ("已完成", "已取消"),
            "已完成": (), "已驳回": (), "已取消": (),
        },
        sections=(("分配单", ("reason", "owner_id", "department_id", "remark")),),
        related=(Related("assignment_row", "assignment_id"),
                 Related("assignment_history", "assignment_id")),
    )  # fmt: skip
    reason: Mapped[str] = fields.choice("分配原因", REASONS, required=True)


class AssignmentRow(Line, db.Model):
    """One customer of a plan."""

    __tablename__ = "assignment_row"
    record = Record(
        "分配明细", title="customer_id", sight="assignment_id", listed=False,
        columns=("customer_id", "mode", "old_owner_id", "new_owner_id", "result"),
    )  # fmt: skip
    assignment_id: Mapped[int] = fields.ref("分配单", "assignment", required=True)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    mode: Mapped[str | None] = fields.choice("分配方式", MODES)
    old_owner_id: Mapped[str | None] = fields.person("原负责人")
    new_owner_id: Mapped[str | None] = fields.person("新负责人")
    result: Mapped[str | None] = fields.text("结果", 20)
