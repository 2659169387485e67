"""Prepayments (PR): money taken before delivery, offset against invoices later (051-03-10)."""

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Entry, Line, Record, Related, unique


class Prepayment(Entity, db.Model):
    """A prepayment; `balance` is what has not been used yet."""

    __tablename__ = "prepayment"
    record = Record(
        "预收款", area="finance", prefix="PR", title="number", icon="pig-money",
        readers=("cashier", "order_clerk"),
        columns=("number", "customer_id", "order_id", "amount", "balance", "created_at", "state"),
        filters=("state", "customer_id", "order_id"), search=("number", "source_no"),
        totals=("amount", "balance"),
        states={"已登记": ("部分冲抵", "已用完", "已退款", "已转出"),
                "部分冲抵": ("部分冲抵", "已用完", "已退款", "已转出", "已登记"),
                "已用完": ("部分冲抵", "已登记"), "已退款": (), "已转出": ()},
        sections=(("预收", ("customer_id", "order_id", "source_receipt_id", "source_no",
                            "bank_txn_id", "amount", "balance", "remark")),),
        related=(Related("prepay_offset", "prepayment_id"),),
    )  # fmt: skip
    __rules__ = (
        unique("bank_txn_id", where="bank_txn_id IS NOT NULL"),
        sa.CheckConstraint("amount > 0 AND balance >= 0 AND balance <= amount", name="amounts"),
    )
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    order_id: Mapped[int | None] = fields.ref("订单", "sales_order")
    source_receipt_id: Mapped[int | None] = fields.ref("来源收款", "receipt")
    source_no: Mapped[str | None] = fields.text("来源单据", 60)
    bank_txn_id: Mapped[str | None] = fields.text("银行流水号", 80)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    balance: Mapped[Decimal] = fields.money("余额", required=True, derived=True)


class PrepayOffset(Line, db.Model):
    """A part of a prepayment that paid an invoice."""

    __tablename__ = "prepay_offset"
    record = Record("预收冲抵", title="amount", sight="prepayment_id", listed=False,
                    columns=("prepayment_id", "invoice_id", "amount", "reversed"))  # fmt: skip
    __rules__ = (
        unique("prepayment_id", "invoice_id", "proposal"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    prepayment_id: Mapped[int] = fields.ref("预收款", "prepayment", required=True)
    invoice_id: Mapped[int] = fields.ref("发票", "invoice", required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    proposal: Mapped[str] = fields.text("方案", 60, required=True, default="-")
    reversed: Mapped[bool] = fields.flag("已冲销")


class PrepayTransfer(Entry, db.Model):
    """A prepayment moved from one order to another of the same customer."""

    __tablename__ = "prepay_transfer"
    record = Record("预收转移", title="amount", sight="from_id", listed=False,
                    columns=("created_at", "from_id", "to_id", "amount", "created_by"))  # fmt: skip
    from_id: Mapped[int] = fields.ref("转出", "prepayment", required=True)
    to_id: Mapped[int] = fields.ref("转入", "prepayment", required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
