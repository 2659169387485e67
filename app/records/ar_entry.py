"""The sub-ledger: receivable, prepaid and refundable are always sums of these entries.

Append-only; a correction is a reversing entry with the exact negative amount (records_sales §3).
"""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record

TYPES = (
    "opening", "invoice", "red_invoice", "receipt", "prepay_in", "prepay_offset", "refund",
    "adjust", "write_off", "restock_fee", "reversal",
)  # fmt: skip
RECEIVABLE, PREPAID, REFUNDABLE = LEDGERS = ("应收", "预收", "应退")


class ArEntry(Entry, db.Model):
    """One posting; a positive amount raises its ledger."""

    __tablename__ = "ar_entry"
    record = Record(
        "应收明细", area="finance", title="doc_no", icon="list-details", sight="customer_id",
        columns=("value_date", "customer_id", "ledger", "type", "amount", "doc_no", "order_no",
                 "created_by"),
        filters=("ledger", "type", "customer_id", "value_date"),
        search=("doc_no", "order_no"), totals=("amount",),
        readers=("cashier", "order_clerk"),
    )  # fmt: skip
    __rules__ = (
        sa.UniqueConstraint("workspace_id", "doc_type", "doc_no", "type", "ledger", "line",
                            name="uq_ar_entry_doc"),
        sa.Index("ix_ar_entry_sum", "workspace_id", "customer_id", "ledger", "amount"),
        sa.Index("ix_ar_entry_order", "workspace_id", "order_no"),
    )  # fmt: skip
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    type: Mapped[str] = fields.choice("类型", TYPES, required=True)
    ledger: Mapped[str] = fields.choice("账本", LEDGERS, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    doc_type: Mapped[str] = fields.text("单据类型", 30, required=True)
    doc_no: Mapped[str] = fields.text("单据编号", 60, required=True)
    line: Mapped[int] = fields.whole("行", required=True, default=1)
    order_no: Mapped[str | None] = fields.text("订单", 40, form="number", target="sales_order")
    value_date: Mapped[dt.date] = fields.day("记账日", required=True, index=True)
    reverses_id: Mapped[int | None] = fields.ref("冲销", "ar_entry")


def balance(customer_id: int, ledger: str, until: dt.date | None = None) -> Decimal:
    """What a ledger of a customer stands at: the sum of its entries, up to a day if given."""
    query = sa.select(sa.func.sum(ArEntry.amount)).where(
        ArEntry.customer_id == customer_id, ArEntry.ledger == ledger
    )
    if until is not None:
        query = query.where(ArEntry.value_date <= until)
    return db.session.scalar(query) or Decimal("0.00")


def balances(customer_id: int) -> dict[str, Decimal]:
    """{ledger: balance} of the three ledgers, in one query."""
    query = (
        sa.select(ArEntry.ledger, sa.func.sum(ArEntry.amount))
        .where(ArEntry.customer_id == customer_id)
        .group_by(ArEntry.ledger)
    )
    found = dict(db.session.execute(query).all())
    return {ledger: found.get(ledger, Decimal("0.00")) for ledger in LEDGERS}
