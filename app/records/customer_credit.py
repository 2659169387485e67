"""Credit: a customer's limit, what is used of it, and every change of it (051-01-04)."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Entry, Record, Related, unique

LEVELS = ("NEW", "AAA", "AA", "A", "B", "C", "D")
CONTROLS = ("仅提示", "审批放行", "停止")
STATUS = ("正常", "关注", "冻结", "停止")


class CustomerCredit(Entity, db.Model):
    """The credit profile; its number is the customer's. Its state is the status light."""

    __tablename__ = "customer_credit"
    record = Record(
        "客户信用", title="number", icon="credit-card", sight="customer_id",
        columns=("number", "customer_id", "level", "limit", "temp_limit", "exposure", "term_days",
                 "control", "state"),
        filters=("state", "level", "control"), search=("number",),
        totals=("limit", "exposure"),
        states={status: tuple(other for other in STATUS if other != status) for status in STATUS},
        sections=(("信用", ("customer_id", "level", "limit", "temp_limit", "temp_until",
                            "exposure", "term_days", "control", "remark")),),
        related=(Related("credit_change", "credit_id"), Related("credit_release", "credit_id")),
        readers=("order_clerk", "warehouse_keeper"),
    )  # fmt: skip
    __rules__ = (unique("customer_id"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    level: Mapped[str] = fields.choice("信用等级", LEVELS, required=True, default="NEW")
    limit: Mapped[Decimal] = fields.money("信用额度", required=True, default=0, least=0)
    temp_limit: Mapped[Decimal] = fields.money("临时额度", required=True, default=0, least=0)
    temp_until: Mapped[dt.date | None] = fields.day("临时额度到期")
    term_days: Mapped[int] = fields.whole("账期", required=True, default=0, least=0)
    control: Mapped[str] = fields.choice("控制方式", CONTROLS, required=True, default="审批放行")
    exposure: Mapped[Decimal] = fields.money("信用占用", required=True, default=0, derived=True)

    @property
    def available(self) -> Decimal:
        """What is still free."""
        return self.limit + self.temp_limit - self.exposure


class CreditChange(Entity, db.Model):
    """A change of credit (CR), applied for, judged and made effective."""

    __tablename__ = "credit_change"
    record = Record(
        "信用变更", prefix="CR", title="number", icon="adjustments", sight="customer_id",
        columns=("number", "customer_id", "apply_type", "new_limit", "new_level", "new_control",
                 "created_by", "state"),
        filters=("state", "apply_type", "source"), search=("number",),
        states={"申请": ("评审", "已撤回", "已驳回", "审批中", "已生效"),
                "评审": ("审批中", "已生效", "已驳回", "已撤回", "申请"),
                "审批中": ("已生效", "已驳回", "已撤回", "评审"),
                "已生效": ("已过期",), "已驳回": (), "已撤回": (), "已过期": ()},
        sections=(("变更", ("customer_id", "source", "apply_type", "new_limit", "new_level",
                            "new_term_days", "new_control", "new_temp_limit", "temp_until",
                            "score", "reason")),),
        readers=("order_clerk",),
    )  # fmt: skip
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    credit_id: Mapped[int | None] = fields.ref("客户信用", "customer_credit")
    source: Mapped[str | None] = fields.text("来源", 20)
    apply_type: Mapped[str | None] = fields.choice(
        "申请类型", ("新授信", "调额", "临时额度", "账期调整", "解冻")
    )
    new_limit: Mapped[Decimal | None] = fields.money("新额度", least=0)
    new_level: Mapped[str | None] = fields.choice("新等级", LEVELS)
    new_temp_limit: Mapped[Decimal | None] = fields.money("新临时额度", least=0)
    new_term_days: Mapped[int | None] = fields.whole("新账期", least=0)
    new_control: Mapped[str | None] = fields.choice("新控制方式", CONTROLS)
    temp_until: Mapped[dt.date | None] = fields.day("临时到期")
    score: Mapped[int | None] = fields.whole("评分")
    reason: Mapped[str | None] = fields.text("理由", 500)
    old_values: Mapped[dict[str, Any] | None] = fields.json("变更前")


class CreditRelease(Entry, db.Model):
    """A document over the limit that was let pass."""

    __tablename__ = "credit_release"
    record = Record(
        "超限放行", title="doc_no", icon="lock-open", sight="customer_id",
        columns=("created_at", "customer_id", "doc_no", "amount", "decision", "created_by"),
        filters=("decision", "customer_id"), search=("doc_no",),
        readers=("order_clerk", "warehouse_keeper"),
    )  # fmt: skip
    __rules__ = (unique("doc_no", "valid_on"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    credit_id: Mapped[int | None] = fields.ref("客户信用", "customer_credit")
    doc_no: Mapped[str] = fields.text("单据", 60, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    decision: Mapped[str] = fields.text("决定", 20, required=True)
    valid_on: Mapped[dt.date] = fields.day("日期", required=True)
    reason: Mapped[str | None] = fields.text("理由", 500)
