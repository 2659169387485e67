"""退款的来源：退货、订单取消、预收、多收各还能退多少（051-03-09）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.ar_entry import ArEntry
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment
from app.records.refund import Refund, RefundableBalance
from app.records.sales_order import SalesOrder
from handlers import ledger, plan_rows, prepay_use, steps

SOURCES = {"退货": "sales_return", "订单取消": "sales_order", "预收": "prepayment",
           "多收": "receipt"}  # fmt: skip
ON_THE_WAY = ("复核", "审批中", "待付款", "付款中", "付款失败")


def find(source: str, ref: str) -> tuple[Customer, SalesOrder | None] | None:
    """The customer and the order of a source document; None if there is no such document."""
    entity = SOURCES.get(source)
    row: Any = write.find(entity, ref) if entity else None
    if row is None and source == "退货":
        row = write.find("invoice", ref)  # a red invoice without a return
    if row is None:
        return None
    order_id = row.id if source == "订单取消" else getattr(row, "order_id", None)
    order = db.session.get(SalesOrder, order_id) if order_id else None
    if row.customer_id is None:
        return None
    return db.session.get_one(Customer, row.customer_id), order


def order_of(row: Refund) -> SalesOrder | None:
    """The order of a refund."""
    return db.session.get(SalesOrder, row.order_id) if row.order_id else None


def left(source: str, ref: str, customer_id: int | None) -> Decimal:
    """What can still be given back from this source document."""
    total = sum((row.balance for row in prepayments(source, ref)), ledger.ZERO)
    for row in _refundables(source, ref, customer_id):
        total += row.balance
    return total


def prepayments(source: str, ref: str) -> list[Prepayment]:
    """The prepayments that a refund of this source is taken from, the oldest first."""
    if source == "退货":
        return []
    column = {
        "预收": Prepayment.number == ref,
        "订单取消": Prepayment.order_id == sa.select(SalesOrder.id)
        .where(SalesOrder.number == ref).scalar_subquery(),
        "多收": Prepayment.source_no == ref,
    }.get(source)  # fmt: skip
    if column is None:
        return []
    query = sa.select(Prepayment).where(column, Prepayment.balance > 0)
    return list(db.session.scalars(query.order_by(Prepayment.id).with_for_update()))


def _refundables(source: str, ref: str, customer_id: int | None) -> list[RefundableBalance]:
    if source not in ("退货", "订单取消"):
        return []
    query = sa.select(RefundableBalance).where(
        RefundableBalance.source == ref, RefundableBalance.balance > 0
    )
    if customer_id is not None:
        query = query.where(RefundableBalance.customer_id == customer_id)
    return list(db.session.scalars(query))


def pending(source: str, ref: str, but: str | None) -> Decimal:
    """What other refunds of this source are about to give back."""
    return _sum(Refund.source == source, Refund.source_ref == ref, Refund.number != (but or ""))


def pending_on(order: SalesOrder, but: str | None) -> Decimal:
    """What other refunds of this order are about to give back."""
    return _sum(Refund.order_id == order.id, Refund.number != (but or ""))


def _sum(*conditions: Any) -> Decimal:
    query = sa.select(sa.func.sum(Refund.amount)).where(Refund.state.in_(ON_THE_WAY), *conditions)
    return db.session.scalar(query) or ledger.ZERO


def paid_on(order: SalesOrder) -> Decimal:
    """Receipts and prepayments of an order (invariant 14)."""
    balances = sa.select(sa.func.sum(Prepayment.balance)).where(Prepayment.order_id == order.id)
    given = sa.select(sa.func.sum(Refund.amount)).where(
        Refund.order_id == order.id, Refund.state == "已退款", Refund.source != "退货"
    )
    kept = (db.session.scalar(balances) or ledger.ZERO) + (db.session.scalar(given) or ledger.ZERO)
    return order.received_amount + order.prepay_used + kept


def give_back(step: Step, row: Refund) -> None:
    """The sources of the refund fall by its amount, and so do their ledgers."""
    rest, order = row.amount, order_of(row)
    for number, source in enumerate(_refundables(row.source, row.source_ref, row.customer_id), 1):
        part = min(rest, source.balance)
        rest -= part
        ledger.refundable(
            step, "refund", -part, customer_id=row.customer_id, source=source.source,
            doc_type="refund", doc_no=_doc(row), line=number,
            order_no=order.number if order else None,
        )  # fmt: skip
    for prepay in prepayments(row.source, row.source_ref):
        part = min(rest, prepay.balance)
        rest -= part
        if part:
            prepay_use.take(step, prepay, part, "已退款")
            ledger.book(step, "预收", "refund", -part, customer_id=row.customer_id,
                        doc_type="refund", doc_no=_doc(row), line=1000 + prepay.id,
                        order_no=order.number if order else None)  # fmt: skip
    if rest:
        raise Invalid(_("应退余额不足，还差 %(rest)s。", rest=ledger.shown(rest)))
    plan_rows.settle(step, order)


def _doc(row: Refund) -> str:
    """One document per bank slip, so that a repeated payment has entries of its own."""
    return f"{row.number}/{row.bank_txn_id}"[:60]


def take_back(step: Step, row: Refund) -> None:
    """Everything that `give_back` took is there again: balances and entries."""
    query = sa.select(ArEntry).where(
        ArEntry.doc_type == "refund", ArEntry.doc_no == _doc(row), ArEntry.type == "refund"
    )
    for entry in db.session.scalars(query):
        if entry.ledger == "应退":
            source = ledger.refundable_row(row.customer_id, row.source_ref)
            if source is not None:
                source.balance -= entry.amount
        else:
            _restore(step, db.session.get_one(Prepayment, entry.line - 1000), -entry.amount)
    ledger.reverse(step, "refund", _doc(row))
    plan_rows.settle(step, order_of(row))


def _restore(step: Step, prepay: Prepayment, amount: Decimal) -> None:
    """A prepayment that was given back is final: its money comes back as a new one."""
    if prepay.state != "已退款":
        prepay_use.take(step, prepay, -amount, "已用完")
        return
    given = {
        "customer_id": prepay.customer_id, "order_id": prepay.order_id, "amount": amount,
        "balance": amount, "source_no": prepay.number, "owner_id": prepay.owner_id,
        "department_id": prepay.department_id,
    }  # fmt: skip
    write.create("prepayment", given, **steps.writing(step))


def offset_oldest(step: Step, made: list[Prepayment], amount: Decimal, proposal: str) -> Decimal:
    """The prepayments pay the customer's invoices, the oldest first; what was used up."""
    rest = amount
    for prepay in made:
        query = sa.select(Invoice).where(
            Invoice.customer_id == prepay.customer_id, Invoice.open > 0, Invoice.color == "蓝",
            Invoice.state == "已入账",
        ).order_by(Invoice.due_date, Invoice.id)  # fmt: skip
        for invoice in list(db.session.scalars(query)):
            part = min(rest, prepay.balance, invoice.open)
            if part <= 0:
                break
            prepay_use.apply(step, prepay, invoice, part, proposal)
            rest -= part
            order = db.session.get(SalesOrder, invoice.order_id) if invoice.order_id else None
            ledger.note_order(step, order)
            for plan_row in plan_rows.cleared(plan_rows.settle(step, order)):
                step.send("msg_receivable_cleared", plan_row, {"plan_row": plan_row})
    return amount - rest


def contact_of(customer: Customer) -> list[dict[str, Any]]:
    """The customer's first contact, as somebody to be told."""
    query = sa.select(Contact).where(
        Contact.customer_id == customer.id, Contact.state == "在职", Contact.is_primary
    )
    found = db.session.scalar(query)
    if found is None:
        return []
    return [{"name": found.name, "email": found.email, "mobile": found.mobile,
             "is_customer": True, "consent": found.consent == "已取得"}]  # fmt: skip
