"""Receipts (RC): money that came in; every bank line is booked once (051-03-08)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related, unique


class Receipt(Entity, db.Model):
    """A receipt; amount = allocations + to prepay + bank fee + unallocated (invariant 13)."""

    __tablename__ = "receipt"
    record = Record(
        "收款单", area="finance", prefix="RC", title="number", icon="cash",
        readers=("cashier", "order_clerk"),
        columns=("number", "customer_id", "payer", "amount", "unallocated", "method",
                 "received_at", "bank_txn_id", "state"),
        filters=("state", "method", "customer_id", "received_at"),
        search=("number", "payer", "bank_txn_id"), totals=("amount", "unallocated"),
        states={"待认领": ("待核销", "待查"), "待查": ("待认领", "待核销"),
                "待核销": ("审核中", "已入账", "待认领"), "审核中": ("已入账", "待核销"),
                "已入账": ("已冲销",), "已冲销": ()},
        sections=(("收款", ("customer_id", "payer", "amount", "unallocated", "to_prepay",
                            "bank_fee", "method", "received_at", "bank_txn_id", "remark")),),
        related=(Related("receipt_allocation", "receipt_id"),
                 Related("prepayment", "source_receipt_id")),
    )  # fmt: skip
    __rules__ = (
        unique("bank_txn_id", where="bank_txn_id IS NOT NULL"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("unallocated >= 0", name="unallocated"),
    )
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    received_at: Mapped[dt.datetime] = fields.moment("到账时间", required=True)
    method: Mapped[str] = fields.text("方式", 20, required=True)
    bank_txn_id: Mapped[str | None] = fields.text("银行流水号", 80)
    payer: Mapped[str] = fields.text("付款方", 100, required=True)
    unallocated: Mapped[Decimal] = fields.money("未核销", required=True, default=0, derived=True)
    to_prepay: Mapped[Decimal] = fields.money("转预收", required=True, default=0, least=0)
    bank_fee: Mapped[Decimal] = fields.money("手续费", required=True, default=0, least=0)


class ReceiptAllocation(Line, db.Model):
    """A part of a receipt that pays an invoice or a plan row."""

    __tablename__ = "receipt_allocation"
    record = Record(
        "核销明细", title="amount", sight="receipt_id", listed=False,
        columns=("receipt_id", "invoice_id", "plan_id", "amount", "write_off"),
    )  # fmt: skip
    __rules__ = (sa.CheckConstraint("amount > 0", name="amount"),)
    receipt_id: Mapped[int] = fields.ref("收款单", "receipt", required=True)
    invoice_id: Mapped[int | None] = fields.ref("发票", "invoice")
    plan_id: Mapped[int | None] = fields.ref("回款计划", "receipt_plan")
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    write_off: Mapped[Decimal] = fields.money("尾差核销", required=True, default=0, least=0)
    reversed: Mapped[bool] = fields.flag("已冲销")
