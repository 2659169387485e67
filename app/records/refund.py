"""Refunds (RF) and what a customer is still to get back (051-03-09)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, unique


class Refund(Entity, db.Model):
    """A refund; one per bank slip."""

    __tablename__ = "refund"
    record = Record(
        "退款单", area="finance", prefix="RF", title="number", icon="receipt-refund",
        readers=("cashier", "order_clerk"),
        columns=("number", "customer_id", "source", "source_ref", "amount", "paid_at",
                 "bank_txn_id", "state"),
        filters=("state", "source", "customer_id", "paid_at"),
        search=("number", "source_ref", "bank_txn_id"), totals=("amount",),
        states={"申请": ("复核", "已驳回"), "复核": ("审批中", "待付款", "已驳回", "申请", "已转抵"),
                "审批中": ("待付款", "已驳回", "复核", "已转抵"), "待付款": ("付款中", "已转抵"),
                "付款中": ("已退款", "付款失败"), "付款失败": ("待付款", "已转抵"),
                "已退款": ("付款失败",), "已驳回": (), "已转抵": ()},
        sections=(("退款", ("customer_id", "order_id", "source", "source_ref", "amount",
                            "payee_account", "payee_name", "bank_txn_id", "paid_at", "reason",
                            "remark")),),
    )  # fmt: skip
    __rules__ = (
        unique("bank_txn_id", where="bank_txn_id IS NOT NULL"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    order_id: Mapped[int | None] = fields.ref("订单", "sales_order")
    source: Mapped[str] = fields.text("来源", 20, required=True)
    source_ref: Mapped[str] = fields.text("来源单据", 60, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    payee_account: Mapped[str] = fields.text("收款账号", 30, required=True)
    payee_name: Mapped[str | None] = fields.text("收款户名", 100)
    bank_txn_id: Mapped[str | None] = fields.text("银行流水号", 80)
    paid_at: Mapped[dt.datetime | None] = fields.moment("付款时间")
    reason: Mapped[str | None] = fields.text("原因", 500)


class RefundableBalance(Line, db.Model):
    """What one customer is to get back from one source."""

    __tablename__ = "refundable_balance"
    record = Record(
        "应退余额", area="finance", title="source", sight="customer_id", icon="arrow-back-up",
        readers=("cashier", "order_clerk"), columns=("customer_id", "source", "balance"),
        filters=("customer_id",), search=("source",), totals=("balance",),
    )  # fmt: skip
    __rules__ = (
        unique("customer_id", "source"),
        sa.CheckConstraint("balance >= 0", name="balance"),
    )
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    source: Mapped[str] = fields.text("来源单据", 60, required=True)
    balance: Mapped[Decimal] = fields.money("余额", required=True, default=0, least=0)
