"""Actions: calls, visits and other contacts with a customer, lead or opportunity; append-only."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record, unique

TARGETS = ("线索", "客户", "机会", "活动任务")


class Action(Entry, db.Model):
    """Somebody did something for the target; `client_key` stops the same row coming twice."""

    __tablename__ = "action"
    record = Record(
        "行动记录", title="action_type", icon="phone", sight="owner",
        columns=("at", "action_type", "target", "target_no", "content", "result", "next_date",
                 "owner_id"),
        filters=("target", "action_type", "owner_id"), search=("content", "target_no"),
    )  # fmt: skip
    __rules__ = (
        unique("client_key", where="client_key IS NOT NULL"),
        sa.Index("ix_action_target", "workspace_id", "target", "target_no"),
        sa.Index("ix_action_owner", "workspace_id", "owner_id"),
    )
    target: Mapped[str] = fields.choice("对象", TARGETS, required=True)
    target_no: Mapped[str] = fields.text("对象编号", 40, required=True)
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    action_type: Mapped[str] = fields.text("方式", 20, required=True)
    at: Mapped[dt.datetime] = fields.moment("时间", required=True)
    content: Mapped[str] = fields.long("行动内容", required=True)
    result: Mapped[str] = fields.text("结果", 200, required=True)
    next_date: Mapped[dt.date | None] = fields.day("下次跟进")
    owner_id: Mapped[str] = fields.person("执行人", required=True, index=False)
    department_id: Mapped[str | None] = fields.department("部门")
    location: Mapped[str | None] = fields.text("地点", 200)
    client_key: Mapped[str | None] = fields.text("行号", 80, quiet=True)
