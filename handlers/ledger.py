"""账本：应收、预收、应退的每一笔过账，供发票、收款、退款、预收各流程共用。"""

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.ar_entry import ArEntry
from app.records.invoice import Invoice
from app.records.prepayment import PrepayOffset
from app.records.receipt import ReceiptAllocation
from app.records.refund import Refund, RefundableBalance
from app.records.sales_order import SalesOrder
from handlers import steps

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
BOOKED = ("已入账", "已结清", "已红冲")


def money(value: Any) -> Decimal:
    """Half up to the cent; nothing is 0.00."""
    return Decimal(value or 0).quantize(CENT, ROUND_HALF_UP)


def day(value: Any, step: Step) -> dt.date:
    """A date of a form, of a moment, or of an ISO text; the step's day if there is none."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return write.numbers.local_date(aware)
    return value if isinstance(value, dt.date) else steps.today(step)


def moment(value: Any, step: Step) -> dt.datetime:
    """A moment of a form or an ISO text; the step's if there is none."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(4), dt.UTC)  # noon in the company's zone
    return step.now


def order_of(number: str | None) -> SalesOrder | None:
    """The order with this number, if one is named. Raises NotFound for a wrong number."""
    found: SalesOrder | None = write.need("sales_order", number) if number else None
    return found


def book(
    step: Step, ledger: str, kind: str, amount: Decimal, *, customer_id: int, doc_type: str,
    doc_no: str, order_no: str | None = None, line: int = 1, on: dt.date | None = None,
    reverses: int | None = None,
) -> None:  # fmt: skip
    """One entry; a positive amount raises the ledger. Nothing is written for 0.

    The same line of the same document is refused by the database (records_sales §3).
    """
    if not amount:
        return
    given = {
        "customer_id": customer_id, "type": kind, "ledger": ledger, "amount": money(amount),
        "doc_type": doc_type, "doc_no": doc_no, "line": line, "order_no": order_no,
        "value_date": on or steps.today(step), "reverses_id": reverses,
    }  # fmt: skip
    write.create("ar_entry", given, by=steps.actor(step), at=step.now)


def reverse(step: Step, doc_type: str, doc_no: str, lines: Iterable[int] | None = None) -> Decimal:
    """Each entry of the document has its exact negative; returns what was taken back.

    An entry that was reversed before is left alone (invariant 20).
    """
    done = sa.select(ArEntry.reverses_id).where(ArEntry.reverses_id.is_not(None))
    query = sa.select(ArEntry).where(
        ArEntry.doc_type == doc_type, ArEntry.doc_no == doc_no, ArEntry.type != "reversal",
        ArEntry.id.not_in(done),
    )  # fmt: skip
    if lines is not None:
        query = query.where(ArEntry.line.in_(list(lines)))
    total = ZERO
    for entry in list(db.session.scalars(query)):
        total += entry.amount
        book(step, entry.ledger, "reversal", -entry.amount, customer_id=entry.customer_id,
             doc_type=doc_type, doc_no=doc_no, order_no=entry.order_no, line=entry.id,
             reverses=entry.id)  # fmt: skip
    return total


def refundable(
    step: Step, kind: str, amount: Decimal, *, customer_id: int, source: str, doc_type: str,
    doc_no: str, order_no: str | None = None, line: int = 1,
) -> Decimal:  # fmt: skip
    """The customer is to get back `amount` more (less when negative) from `source`.

    Returns the balance; raises Invalid when it would fall below 0.
    """
    row = refundable_row(customer_id, source)
    if row is None:
        given = {"customer_id": customer_id, "source": source, "balance": ZERO}
        row = write.create("refundable_balance", given, by=steps.actor(step), at=step.now)
    after = money(row.balance + amount)
    if after < 0:
        raise Invalid(
            _("%(source)s 的应退余额只有 %(left)s。", source=source, left=shown(row.balance))
        )
    row.balance = after
    write.flush(row)
    book(step, "应退", kind, amount, customer_id=customer_id, doc_type=doc_type, doc_no=doc_no,
         order_no=order_no, line=line)  # fmt: skip
    return after


def refundable_row(customer_id: int, source: str) -> RefundableBalance | None:
    """What the customer is to get back from this source, locked until the transaction ends."""
    query = sa.select(RefundableBalance).where(
        RefundableBalance.customer_id == customer_id, RefundableBalance.source == source
    )
    return db.session.scalar(query.with_for_update())


def locked_invoice(number: str | None) -> Invoice:
    """The invoice with this number, locked until the transaction ends. Raises NotFound."""
    found = write.need("invoice", number)
    db.session.refresh(found, with_for_update=True)
    return found


def pay(step: Step, invoice: Invoice, amount: Decimal) -> None:
    """`amount` of the invoice is paid (taken back when negative); its state follows."""
    how = steps.writing(step)
    write.change(invoice, {"open": money(invoice.open - amount)}, **how)
    if invoice.state == "已入账" and invoice.open == 0:
        write.move(invoice, "已结清", **how)
    elif invoice.state == "已结清" and invoice.open > 0:
        write.move(invoice, "已入账", **how)


def note_order(step: Step, order: SalesOrder | None) -> None:
    """What was invoiced, received, offset and refunded of an order follows from its documents."""
    if order is None:
        return
    mine = Invoice.order_id == order.id
    booked = Invoice.state.in_(BOOKED)
    blue = _sum(Invoice.gross, mine, booked, Invoice.color == "蓝")
    unpaid = _sum(Invoice.open, mine, booked, Invoice.color == "蓝")
    red = _sum(Invoice.gross, mine, booked, Invoice.color == "红")
    corrected = _sum(
        Invoice.gross, mine, booked, Invoice.color == "红", Invoice.return_id.is_(None)
    )
    ids = sa.select(Invoice.id).where(mine)
    received = _sum(
        ReceiptAllocation.amount, ReceiptAllocation.invoice_id.in_(ids),
        sa.not_(ReceiptAllocation.reversed),
    )  # fmt: skip
    used = _sum(PrepayOffset.amount, PrepayOffset.invoice_id.in_(ids),
                sa.not_(PrepayOffset.reversed))  # fmt: skip
    refunded = _sum(Refund.amount, Refund.order_id == order.id, Refund.state == "已退款")
    given = {
        "invoiced_amount": blue + red, "received_amount": received, "prepay_used": used,
        "refunded_amount": refunded,
        "invoice_status": _part(blue + corrected, order.total, "未开票"),
        "receipt_status": _part(blue - unpaid, order.total, "未收款"),
    }  # fmt: skip
    write.change(order, given, **steps.writing(step))


def _part(done: Decimal, total: Decimal, nothing: str) -> str:
    if done <= 0:
        return nothing
    return "全部" if done >= total else "部分"


def _sum(column: Any, *conditions: Any) -> Decimal:
    return db.session.scalar(sa.select(sa.func.sum(column)).where(*conditions)) or ZERO


def shown(amount: Any) -> str:
    """The amount as people read it: 12,345.60."""
    return f"{money(amount):,.2f}"


def fact(label: str, value: Any) -> dict[str, str]:
    """One line of what an approver is shown."""
    text = shown(value) if isinstance(value, Decimal) else str(value if value is not None else "—")
    return {"label": label, "value": text}
