"""Statements (ST): what a customer owes at the end of a period, sent and confirmed."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Record, unique


class Statement(Entity, db.Model):
    """A statement of account."""

    __tablename__ = "statement"
    record = Record(
        "对账单", area="finance", prefix="ST", title="number", icon="file-invoice",
        sight="customer_id",
        columns=("number", "customer_id", "period", "balance", "confirmed_balance", "sent_at",
                 "state"),
        filters=("state", "period", "customer_id"), search=("number", "period"),
        totals=("balance",),
        states={"已发送": ("已确认", "有差异", "未对账"), "有差异": ("已调整", "未对账"),
                "未对账": ("已确认", "有差异"), "已确认": (), "已调整": ("已确认",)},
        sections=(("对账单", ("customer_id", "period", "balance", "confirmed_balance", "sent_at",
                              "dispute_lines", "cause", "adjust_amount", "value_date", "remark")),),
    )  # fmt: skip
    __rules__ = (unique("customer_id", "period"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    period: Mapped[str] = fields.text("期间", 7, required=True)
    balance: Mapped[Decimal] = fields.money("余额", required=True)
    confirmed_balance: Mapped[Decimal | None] = fields.money("确认余额")
    sent_at: Mapped[dt.datetime | None] = fields.moment("发送时间")
    dispute_lines: Mapped[list[Any] | None] = fields.json("差异明细")
    cause: Mapped[str | None] = fields.choice(
        "差异原因", ("漏记收款", "漏开发票", "退货未冲", "单价差异", "客户错误")
    )
    adjust_amount: Mapped[Decimal | None] = fields.money("调整金额")
    value_date: Mapped[dt.date | None] = fields.day("调整记账日")
    evidence: Mapped[list[Any] | None] = fields.json("依据")
