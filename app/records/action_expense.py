"""Expenses of actions (XF): what following up a lead, an opportunity or an activity cost."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.action import TARGETS
from app.records.record import Entity, Record, unique

PAID_BY = ("个人垫付", "公司支付")
COUNTED = ("已确认", "报销中", "已报销", "公司已付")  # what an object has cost


class ActionExpense(Entity, db.Model):
    """One expense; a line of an action comes once only (051-07 §8)."""

    __tablename__ = "action_expense"
    record = Record(
        "行动费用", area="sales", prefix="XF", title="category", icon="receipt",
        columns=("number", "spent_on", "target", "target_no", "category", "amount", "paid_by",
                 "owner_id", "state"),
        filters=("state", "target", "category", "owner_id", "spent_on"),
        search=("number", "target_no"), totals=("amount",), readers=("finance_clerk",),
        states={"已登记": ("待确认", "已确认", "已驳回", "已撤回"),
                "待确认": ("已确认", "已驳回", "已撤回"),
                "已确认": ("报销中", "公司已付", "已冲销"), "报销中": ("已报销", "已确认"),
                "已报销": (), "公司已付": (), "已驳回": (), "已撤回": (), "已冲销": ()},
        sections=(("费用", ("target", "target_no", "category", "amount", "spent_on", "paid_by",
                            "owner_id", "late", "over_reason", "remark")),),
    )  # fmt: skip
    __rules__ = (
        unique("action_id", "line_no", where="action_id IS NOT NULL"),
        sa.Index("ix_action_expense_target", "workspace_id", "target", "target_no"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    action_id: Mapped[int | None] = fields.ref("行动", "action")
    line_no: Mapped[int] = fields.whole("行", required=True, default=1)
    target: Mapped[str] = fields.choice("对象", TARGETS, required=True)
    target_no: Mapped[str] = fields.text("对象编号", 40, required=True)
    opportunity_id: Mapped[int | None] = fields.ref("机会", "opportunity")
    category: Mapped[str] = fields.text("费用类型", 40, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    spent_on: Mapped[dt.date] = fields.day("发生日期", required=True)
    paid_by: Mapped[str] = fields.choice("支付方式", PAID_BY, required=True, default="个人垫付")
    invoice: Mapped[list[Any] | None] = fields.json("发票", form="list")
    late: Mapped[bool] = fields.flag("逾期登记")
    over_reason: Mapped[str | None] = fields.text("超支批准", 500)
