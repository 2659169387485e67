"""Expense budgets (FB): what may be spent on an object, and what of it is lent, bound and spent."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.audit import Breach, invariant
from app.records.record import Entity, Entry, Record, Related, unique

DEPARTMENT, CAMPAIGN = "年度部门", "市场活动"
TYPES = (DEPARTMENT, CAMPAIGN, "项目", "机会", "拜访", "工单")
LIVE = "state NOT IN ('已决算', '已作废')"


class ExpenseBudget(Entity, db.Model):
    """One budget. A campaign's budget is lent by its department's (`upper_id`, its `reserved`).

    available = approved + adjusted - reserved - committed - spent (051-07 §1).
    """

    __tablename__ = "expense_budget"
    record = Record(
        "费用预算", area="market", prefix="FB", title="name", icon="coin",
        readers=("finance_clerk", "finance_manager", "marketing_manager", "marketing_director"),
        columns=("name", "type", "object_no", "approved", "adjusted", "reserved", "committed",
                 "spent", "state"),
        filters=("state", "type", "department_id", "control"), search=("name", "object_no"),
        totals=("approved", "reserved", "committed", "spent"),
        states={"编制中": ("审批中", "已生效", "已作废"), "审批中": ("已生效", "编制中", "已作废"),
                "已生效": ("已决算",), "已决算": (), "已作废": ()},
        sections=(
            ("预算", ("name", "type", "object_no", "upper_id", "period_start", "period_end",
                      "control", "owner_id", "department_id", "remark")),
            ("金额", ("approved", "adjusted", "reserved", "committed", "spent")),
        ),
        related=(Related("expense_budget", "upper_id"), Related("budget_excess", "budget_id")),
    )  # fmt: skip
    __rules__ = (
        unique("type", "object_no", "period_start", where=LIVE),
        sa.CheckConstraint("period_end >= period_start", name="period"),
    )
    name: Mapped[str] = fields.text("名称", 100, required=True)
    type: Mapped[str] = fields.choice("类型", TYPES, required=True)
    object_no: Mapped[str] = fields.text("对象", 40, required=True, index=True)
    upper_id: Mapped[int | None] = fields.ref("上级预算", "expense_budget")
    period_start: Mapped[dt.date] = fields.day("开始", required=True)
    period_end: Mapped[dt.date] = fields.day("结束", required=True)
    control: Mapped[str] = fields.choice("控制", ("强", "弱"), required=True, default="强")
    lines: Mapped[list[Any] | None] = fields.json("明细", form="list")
    approved: Mapped[Decimal] = fields.money("批准", required=True, default=0, least=0)
    adjusted: Mapped[Decimal] = fields.money("调整", required=True, default=0)
    reserved: Mapped[Decimal] = fields.money("已借出", required=True, default=0, derived=True)
    committed: Mapped[Decimal] = fields.money("已承诺", required=True, default=0, derived=True)
    spent: Mapped[Decimal] = fields.money("已支出", required=True, default=0, derived=True)

    @property
    def total(self) -> Decimal:
        """What it was given in all."""
        return self.approved + self.adjusted

    @property
    def available(self) -> Decimal:
        """What may still be lent or spent; negative only after an approved excess."""
        return self.total - self.reserved - self.committed - self.spent


class BudgetExcess(Entry, db.Model):
    """Somebody approved that a budget goes below zero."""

    __tablename__ = "budget_excess"
    record = Record(
        "超支批准", title="created_at", icon="alert-triangle", sight="budget_id", listed=False,
        columns=("created_at", "budget_id", "amount", "object_no", "reason", "created_by"),
    )  # fmt: skip
    budget_id: Mapped[int] = fields.ref("预算", "expense_budget", required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    object_no: Mapped[str] = fields.text("对象编号", 60, required=True)
    reason: Mapped[str | None] = fields.text("说明", 500)


@invariant("18 budget")
def available_budget() -> Iterator[Breach]:
    """A strictly controlled budget is not below zero unless an excess was approved."""
    excess = dict(
        tuple(row) for row in db.session.execute(
            sa.select(BudgetExcess.budget_id, sa.func.sum(BudgetExcess.amount))
            .group_by(BudgetExcess.budget_id)
        )
    )  # fmt: skip
    for row in db.session.scalars(sa.select(ExpenseBudget).filter_by(control="强")):
        if row.available + (excess.get(row.id) or 0) < 0:
            yield Breach("18", "expense_budget", row.number, f"available {row.available}")
