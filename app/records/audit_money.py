"""Invariants 7-17: orders, invoices, receipts and the sub-ledger agree to the cent."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.records.ar_entry import ArEntry
from app.records.audit import Breach, invariant
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import Receipt, ReceiptAllocation
from app.records.refund import RefundableBalance
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder

BOOKED = ("已入账", "已结清", "已红冲")
UNSIGNED = ("草稿", "审批中", "待签约", "已驳回", "未签约")
ZERO = Decimal("0.00")


def sums(column: Any, key: Any, *conditions: Any) -> dict[int, Decimal]:
    """{key: sum of column}, in one query."""
    query = sa.select(key, sa.func.sum(column)).where(*conditions).group_by(key)
    return {owner: total or ZERO for owner, total in db.session.execute(query)}


@invariant("07 order total")
def order_total() -> Iterator[Breach]:
    """total = sum of line amounts - discount + freight."""
    lines = sums(OrderLine.amount, OrderLine.order_id)
    for order in db.session.scalars(sa.select(SalesOrder)):
        wanted = lines.get(order.id, ZERO) - order.discount + order.freight
        if order.total != wanted:
            yield Breach("07", "sales_order", order.number, f"total {order.total} ≠ {wanted}")


@invariant("08 invoiced amount")
def invoiced_amount() -> Iterator[Breach]:
    """invoiced = blue - red, between 0 and the total."""
    blue = sums(Invoice.gross, Invoice.order_id, Invoice.color == "蓝", Invoice.state.in_(BOOKED))
    red = sums(Invoice.gross, Invoice.order_id, Invoice.color == "红", Invoice.state.in_(BOOKED))
    for order in db.session.scalars(sa.select(SalesOrder)):
        wanted = blue.get(order.id, ZERO) - abs(red.get(order.id, ZERO))
        if order.invoiced_amount != wanted or not 0 <= wanted <= order.total:
            text = f"invoiced {order.invoiced_amount}, invoices {wanted}, total {order.total}"
            yield Breach("08", "sales_order", order.number, text)


@invariant("09 open amount of an invoice")
def invoice_open() -> Iterator[Breach]:
    """A blue invoice's open amount is what its entries leave; a red one is used up wholly."""
    paid = sums(
        ReceiptAllocation.amount + ReceiptAllocation.write_off,
        ReceiptAllocation.invoice_id,
        ReceiptAllocation.invoice_id.is_not(None),
        sa.not_(ReceiptAllocation.reversed),
    )
    offset = _offsets()
    written = _written_off()
    for invoice in db.session.scalars(sa.select(Invoice).where(Invoice.state.in_(BOOKED))):
        if invoice.color == "红":
            used = invoice.red_applied + invoice.to_refundable
            if abs(invoice.gross) != used:
                yield Breach("09", "invoice", invoice.number, f"red {invoice.gross}, used {used}")
            continue
        wanted = invoice.gross - paid.get(invoice.id, ZERO) - offset.get(invoice.id, ZERO)
        wanted -= written.get(invoice.number, ZERO) + invoice.red_applied
        if invoice.open != wanted or wanted < 0:
            yield Breach("09", "invoice", invoice.number, f"open {invoice.open} ≠ {wanted}")


def _offsets() -> dict[int, Decimal]:
    return sums(PrepayOffset.amount, PrepayOffset.invoice_id, sa.not_(PrepayOffset.reversed))


def _written_off() -> dict[str, Decimal]:
    query = (
        sa.select(ArEntry.doc_no, sa.func.sum(-ArEntry.amount))
        .where(ArEntry.type == "write_off", ArEntry.ledger == "应收")
        .group_by(ArEntry.doc_no)
    )
    return dict(db.session.execute(query).all())


@invariant("10 receivable")
def receivable() -> Iterator[Breach]:
    """The ledger 应收 of a customer = the open amounts of his invoices + open opening items."""
    yield from _ledger(
        "10",
        "应收",
        sums(Invoice.open, Invoice.customer_id, Invoice.color == "蓝", Invoice.state.in_(BOOKED)),
        ignore=("opening", "restock_fee", "adjust"),
    )


@invariant("11 prepayment")
def prepayment() -> Iterator[Breach]:
    """The ledger 预收 of a customer = the balances of his prepayments, never below 0."""
    yield from _ledger("11", "预收", sums(Prepayment.balance, Prepayment.customer_id))


@invariant("12 refundable")
def refundable() -> Iterator[Breach]:
    """The ledger 应退 of a customer = his refundable balances, never below 0."""
    yield from _ledger("12", "应退", sums(RefundableBalance.balance, RefundableBalance.customer_id))


def _ledger(
    rule: str, ledger: str, documents: dict[int, Decimal], ignore: tuple[str, ...] = ()
) -> Iterator[Breach]:
    booked = sums(
        ArEntry.amount, ArEntry.customer_id, ArEntry.ledger == ledger, ArEntry.type.not_in(ignore)
    )
    for customer_id in sorted({*booked, *documents}):
        found, wanted = booked.get(customer_id, ZERO), documents.get(customer_id, ZERO)
        if found != wanted or (found < 0 and not ignore):
            customer = db.session.get_one(Customer, customer_id)
            text = f"{ledger}: entries {found}, documents {wanted}"
            yield Breach(rule, "customer", customer.number, text)


@invariant("13 receipt parts")
def receipt_parts() -> Iterator[Breach]:
    """amount = allocations + to prepay + bank fee + unallocated; booked means nothing is left."""
    allocated = sums(
        ReceiptAllocation.amount, ReceiptAllocation.receipt_id, sa.not_(ReceiptAllocation.reversed)
    )
    live = sa.select(Receipt).where(Receipt.state.not_in(("已冲销",)))
    for receipt in db.session.scalars(live):
        parts = allocated.get(receipt.id, ZERO) + receipt.to_prepay + receipt.unallocated
        if parts + receipt.bank_fee != receipt.amount:
            text = f"amount {receipt.amount}, parts {parts + receipt.bank_fee}"
            yield Breach("13", "receipt", receipt.number, text)
        elif receipt.state == "已入账" and receipt.unallocated:
            yield Breach("13", "receipt", receipt.number, f"unallocated {receipt.unallocated}")


@invariant("17 receipt plan")
def receipt_plan() -> Iterator[Breach]:
    """The live plan rows of a signed order sum up to its total."""
    planned = sums(ReceiptPlan.amount, ReceiptPlan.order_id, ReceiptPlan.state != "作废")
    signed = sa.select(SalesOrder).where(SalesOrder.state.not_in((*UNSIGNED, "已取消")))
    for order in db.session.scalars(signed):
        found = planned.get(order.id)
        if found is not None and found != order.total:
            yield Breach("17", "sales_order", order.number, f"planned {found} ≠ {order.total}")


@invariant("20 reversals")
def reversals() -> Iterator[Breach]:
    """A reversing entry is the exact negative of the one it reverses."""
    first, second = ArEntry, aliased(ArEntry)
    query = sa.select(second.doc_no, first.amount, second.amount).join(
        second, second.reverses_id == first.id
    )
    for doc_no, amount, reversed_amount in db.session.execute(query):
        if amount + reversed_amount != 0:
            yield Breach("20", "ar_entry", doc_no, f"{amount} reversed by {reversed_amount}")
