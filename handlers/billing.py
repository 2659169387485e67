"""可开票：一张订单、退货或服务工单还能开多少，怎样拆成几张（051-03-07）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.i18n import _
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.invoice import Invoice, InvoiceLine
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from app.records.sales_return import ReturnLine, SalesReturn
from handlers import ledger

WAITING = ("审核中", "待开具")  # applications that will become invoices
THOUSANDTH = Decimal("0.001")
TAX = Decimal("0.13")


def account_of(customer: Customer) -> CustomerAccount | None:
    """The billing facts of a customer."""
    query = sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer.id)
    return db.session.scalar(query)


def lines_of(order: SalesOrder, own: Invoice | None = None) -> list[dict[str, Any]]:
    """Each line of the order with what can be invoiced of it, by its basis.

    What other applications ask for is taken off. Freight less discount is a line of its own on
    the first invoice, so that the invoices of an order sum up to its total.
    """
    query = (
        sa.select(OrderLine, Product).join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id == order.id).order_by(OrderLine.seq)
    )  # fmt: skip
    waiting = _waiting(order, own)
    rows = []
    for line, product in db.session.execute(query):
        most = line.q_ordered - line.q_cancelled
        if order.invoice_basis == "按交付":
            most = min(most, line.q_delivered)
        most -= line.q_returned
        qty = most - line.q_invoiced
        amount = ledger.money(qty * line.price) - waiting.get(line.id, ledger.ZERO)
        if amount > 0:
            rows.append(_line(line.seq, product.name, qty, amount, product_rate(product)))
    if rows and (order.freight or order.discount) and not _has_extra(order):
        extra = ledger.money(order.freight - order.discount)
        rows.append(_line(0, _("运费与折让"), Decimal(1), extra, TAX))
    return rows


def product_rate(product: Product) -> Decimal:
    """The tax rate of a product; 13 % unless it says otherwise."""
    rate = getattr(product, "tax_rate", None)
    return TAX if rate is None else Decimal(rate)


def _line(seq: int, text: str, qty: Decimal, amount: Decimal, rate: Decimal) -> dict[str, Any]:
    return {"seq": seq, "text": text, "qty": qty, "billable": amount, "amount": amount,
            "tax_rate": rate}  # fmt: skip


def _waiting(order: SalesOrder, own: Invoice | None) -> dict[int, Decimal]:
    query = (
        sa.select(InvoiceLine.order_line_id, sa.func.sum(InvoiceLine.amount))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.order_id == order.id, Invoice.state.in_(WAITING),
               Invoice.id != (own.id if own else 0), InvoiceLine.order_line_id.is_not(None),
               Invoice.color == "蓝")
        .group_by(InvoiceLine.order_line_id)
    )  # fmt: skip
    return dict(tuple(row) for row in db.session.execute(query))


def _has_extra(order: SalesOrder) -> bool:
    query = (
        sa.select(InvoiceLine.id).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.order_id == order.id, InvoiceLine.order_line_id.is_(None),
               Invoice.color == "蓝", Invoice.state.in_((*ledger.BOOKED, *WAITING)))
    )  # fmt: skip
    return db.session.scalar(query.limit(1)) is not None


def returned_lines(back: SalesReturn) -> list[dict[str, Any]]:
    """What a red invoice of this return takes back: pieces x the price that was paid."""
    query = (
        sa.select(ReturnLine, OrderLine, Product)
        .join(OrderLine, OrderLine.id == ReturnLine.order_line_id)
        .join(Product, Product.id == ReturnLine.product_id)
        .where(ReturnLine.return_id == back.id)
    )
    rows = []
    for line, sold, product in db.session.execute(query):
        qty = line.q_received or line.q_approved or line.q_requested
        if qty and line.treatment in (None, "退款"):
            amount = ledger.money(qty * sold.price)
            rows.append(_line(sold.seq, product.name, qty, amount, product_rate(product)))
    return rows


def lines_on(blue: Invoice) -> list[dict[str, Any]]:
    """What is left of a blue invoice, to be taken back wholly."""
    left = blue.gross - taken_back(blue)
    query = sa.select(InvoiceLine).where(InvoiceLine.invoice_id == blue.id)
    rows = []
    for line in db.session.scalars(query.order_by(InvoiceLine.id)):
        seq = 0
        if line.order_line_id:
            seq = db.session.get_one(OrderLine, line.order_line_id).seq
        part = min(left, line.amount)
        left -= part
        qty = line.qty if part == line.amount else share(line.qty, part, line.amount)
        if part:
            rows.append(_line(seq, line.text, qty, part, line.tax_rate))
    return rows


def taken_back(blue: Invoice) -> Decimal:
    """How much of a blue invoice red ones took back, or are about to."""
    query = sa.select(sa.func.sum(Invoice.gross)).where(
        Invoice.blue_invoice_id == blue.id, Invoice.state.in_(ledger.BOOKED)
    )
    return -(db.session.scalar(query) or ledger.ZERO)


def blue_of(order: SalesOrder, amount: Decimal) -> Invoice | None:
    """The blue invoice of an order that a red one of `amount` fits on; else the largest."""
    query = sa.select(Invoice).where(
        Invoice.order_id == order.id, Invoice.color == "蓝", Invoice.state.in_(("已入账", "已结清"))
    )
    found = sorted(db.session.scalars(query), key=lambda one: one.id)
    fits = [one for one in found if one.gross - taken_back(one) >= amount]
    return next(iter(fits), max(found, key=lambda one: one.gross, default=None))


def share(qty: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """The pieces that `part` of an amount stands for, three places."""
    return (qty * part / whole).quantize(THOUSANDTH) if whole else Decimal(0)


def split(amount: Decimal, most: Any) -> list[Decimal]:
    """Amounts of pieces, each at most `most`; one piece without a limit."""
    if not most or amount <= Decimal(most):
        return [amount]
    parts, rest = [], amount
    while rest > 0:
        parts.append(min(rest, Decimal(most)))
        rest -= parts[-1]
    return parts


def taxed(row: Invoice, parts: list[Decimal]) -> list[dict[str, Any]]:
    """tax_rate (in words), net and tax of each paper of an application, as they will be booked."""
    query = sa.select(InvoiceLine).where(InvoiceLine.invoice_id == row.id)
    sign = -1 if row.color == "红" else 1
    rest = [{"amount": sign * line.amount, "tax_rate": line.tax_rate}
            for line in db.session.scalars(query.order_by(InvoiceLine.id))]  # fmt: skip
    found = []
    for n, part in enumerate(parts, 1):
        mine, rest = (rest, []) if n == len(parts) else _first(rest, part)
        net = net_of(mine)
        rates = sorted({line["tax_rate"] for line in mine}, reverse=True)
        found.append({"tax_rate": "、".join(f"{(100 * one).normalize():f}%" for one in rates),
                      "net": net, "tax": sum((line["amount"] for line in mine), -net)})  # fmt: skip
    return found


def _first(lines: list[dict[str, Any]], most: Decimal) -> tuple[list[Any], list[Any]]:
    """(the first lines worth `most`, the last of them cut if need be; what is left)"""
    kept = []
    for at, line in enumerate(lines):
        if line["amount"] > most:
            cut = [line | {"amount": most}] if most > 0 else []
            left = line | {"amount": line["amount"] - max(most, ledger.ZERO)}
            return kept + cut, [left, *lines[at + 1 :]]
        kept.append(line)
        most -= line["amount"]
    return kept, []


def up_to(lines: list[dict[str, Any]], most: Decimal) -> list[dict[str, Any]]:
    """The same lines, worth `most` together: an invoice by instalment (按收款)."""
    rest, kept = most, []
    for line in lines:
        part = min(rest, line["amount"])
        rest -= part
        if part:
            kept.append(line | {"amount": part})
    return kept


def net_of(lines: list[Mapping[str, Any]]) -> Decimal:
    """The amount without tax; each rate is rounded once, half up, the cent goes to the tax."""
    by_rate: dict[Decimal, Decimal] = {}
    for line in lines:
        rate = Decimal(line["tax_rate"])
        by_rate[rate] = by_rate.get(rate, ledger.ZERO) + Decimal(line["amount"])
    return sum((ledger.money(total / (1 + rate)) for rate, total in by_rate.items()), ledger.ZERO)


def unbilled() -> list[dict[str, Any]]:
    """Orders with deliveries that are not invoiced, with their representative (R07-2)."""
    line, order = OrderLine, SalesOrder
    query = (
        sa.select(order, Customer, line.q_delivered, line.q_returned, line.q_invoiced, line.price)
        .join(line, line.order_id == order.id).join(Customer, Customer.id == order.customer_id)
        .where(order.state.in_(("已生效", "履约中", "挂起")), line.q_delivered > line.q_invoiced)
        .order_by(order.number).limit(500)
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for row, customer, delivered, returned, invoiced, price in db.session.execute(query):
        amount = ledger.money(max(delivered - returned - invoiced, Decimal(0)) * price)
        known = found.setdefault(row.number, {
            "order_no": row.number, "owner": row.sales_rep_id, "customer_id": customer.number,
            "customer": customer.name, "amount": ledger.ZERO,
        })  # fmt: skip
        known["amount"] += amount
    return [one for one in found.values() if one["amount"] > 0]
