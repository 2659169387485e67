"""Invariants 5, 14-16, 19 and 20: what is seen only when several documents are held together."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.records import exposure, period
from app.records.account_snapshot import AccountSnapshot
from app.records.ar_entry import LEDGERS, ArEntry
from app.records.audit import Breach, invariant
from app.records.audit_money import BOOKED, ZERO, sums
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import ReceiptAllocation
from app.records.record import entities
from app.records.refund import Refund
from app.records.sales_order import OrderLine, SalesOrder
from app.records.sales_plan import SalesPlan, SalesPlanLine
from app.records.sales_return import ReturnLine
from app.records.stock_move import StockMove

FIXED = ("已锁定", "已归档")  # a plan whose targets are settled
AT_HAND = ("期初", "盘点")  # stock that was found and counted, without a document


@invariant("05 exchange")
def exchange() -> Iterator[Breach]:
    """Not more is still to be exchanged than came back for an exchange."""
    allowed = sums(ReturnLine.q_received, ReturnLine.order_line_id, ReturnLine.treatment == "换货")
    query = (
        sa.select(OrderLine, SalesOrder.number)
        .join(SalesOrder, SalesOrder.id == OrderLine.order_id)
        .where(OrderLine.exchange_due != 0)
    )
    for line, number in db.session.execute(query):
        most = allowed.get(line.id, ZERO)
        if not 0 <= line.exchange_due <= most:
            text = f"to exchange {line.exchange_due} of {most}"
            yield Breach("05", "order_line", f"{number}/{line.seq}", text)


@invariant("14 refunds of an order")
def refunds() -> Iterator[Breach]:
    """Not more is given back on an order than came in for it."""
    paid = sums(Refund.amount, Refund.order_id, Refund.state == "已退款",
                Refund.order_id.is_not(None))  # fmt: skip
    if not paid:
        return
    came = _received(list(paid))
    numbers = sa.select(SalesOrder.id, SalesOrder.number).where(SalesOrder.id.in_(paid))
    for id, number in db.session.execute(numbers):
        if paid[id] > came.get(id, ZERO):
            text = f"refunded {paid[id]}, received {came.get(id, ZERO)}"
            yield Breach("14", "sales_order", number, text)


def _received(orders: list[int]) -> dict[int, Decimal]:
    """{order: receipts, its own prepayments and what others' prepayments paid of it}."""
    mine = Invoice.order_id.in_(orders)
    cash = (
        sa.select(Invoice.order_id, sa.func.sum(ReceiptAllocation.amount))
        .join(Invoice, Invoice.id == ReceiptAllocation.invoice_id)
        .where(mine, sa.not_(ReceiptAllocation.reversed)).group_by(Invoice.order_id)
    )  # fmt: skip
    own = (
        sa.select(Prepayment.order_id, sa.func.sum(Prepayment.amount))
        .where(Prepayment.order_id.in_(orders)).group_by(Prepayment.order_id)
    )  # fmt: skip
    others = (
        sa.select(Invoice.order_id, sa.func.sum(PrepayOffset.amount))
        .join(Invoice, Invoice.id == PrepayOffset.invoice_id)
        .join(Prepayment, Prepayment.id == PrepayOffset.prepayment_id)
        .where(mine, sa.not_(PrepayOffset.reversed),
               Prepayment.order_id.is_distinct_from(Invoice.order_id))
        .group_by(Invoice.order_id)
    )  # fmt: skip
    found: dict[int, Decimal] = {}
    for query in (cash, own, others):
        for order, amount in db.session.execute(query):
            found[order] = found.get(order, ZERO) + amount
    return found


@invariant("15 net position")
def net_position() -> Iterator[Breach]:
    """A month's picture of an account shows what the ledger said when it was taken; entries of
    that very moment may be in it or not."""
    shot = AccountSnapshot
    newest = db.session.scalar(sa.select(sa.func.max(shot.period)))
    if newest is None:
        return
    before = sa.case((ArEntry.created_at < shot.taken_at, ArEntry.amount), else_=0)
    query = (
        sa.select(shot, Customer.number, ArEntry.ledger, sa.func.sum(before),
                  sa.func.sum(ArEntry.amount))
        .join(Customer, Customer.id == shot.customer_id)
        .outerjoin(ArEntry, sa.and_(ArEntry.customer_id == shot.customer_id,
                                    ArEntry.value_date <= period.last(newest),
                                    ArEntry.created_at <= shot.taken_at))
        .where(shot.period == newest).group_by(shot.id, Customer.number, ArEntry.ledger)
    )  # fmt: skip
    books: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
    shown: dict[str, AccountSnapshot] = {}
    for row, number, ledger, less, more in db.session.execute(query):
        shown[number] = row
        books.setdefault(number, {})[ledger] = (less or ZERO, more or ZERO)
    for number, row in shown.items():
        less, more = (
            [books[number].get(ledger, (ZERO, ZERO))[side] for ledger in LEDGERS] for side in (0, 1)
        )
        if [row.receivable, row.prepay, row.refundable] not in (less, more):
            text = f"{newest}: shown {row.receivable - row.prepay - row.refundable}, " \
                   f"ledger {more[0] - more[1] - more[2]}"  # fmt: skip
            yield Breach("15", "customer", number, text)


@invariant("16 exposure")
def exposure_of_documents() -> Iterator[Breach]:
    """The credit that is used, from the ledger, is what the open documents add up to."""
    unpaid = sums(Invoice.open, Invoice.customer_id, Invoice.color == "蓝",
                  Invoice.state.in_(BOOKED))  # fmt: skip
    loose = sums(ArEntry.amount, ArEntry.customer_id, ArEntry.ledger == "应收",
                 ArEntry.type.in_(("opening", "restock_fee", "adjust")))  # fmt: skip
    ahead = sums(Prepayment.balance, Prepayment.customer_id)
    goods = exposure.not_invoiced_by_customer()
    booked = exposure.net_by_customer()
    query = sa.select(Customer.id, Customer.number).join(
        CustomerCredit, CustomerCredit.customer_id == Customer.id
    )
    for id, number in db.session.execute(query):
        wanted = unpaid.get(id, ZERO) + loose.get(id, ZERO) + goods.get(id, ZERO)
        wanted -= ahead.get(id, ZERO)
        if booked.get(id, ZERO) != wanted:
            text = f"ledger {booked.get(id, ZERO)}, documents {wanted}"
            yield Breach("16", "customer", number, text)


@invariant("19 plan adds up")
def plan_adds_up() -> Iterator[Breach]:
    """A settled plan: people reach their department's target each month, departments the
    company's; a month that is over has the same target in every later version."""
    line, plan = SalesPlanLine, SalesPlan
    query = (
        sa.select(plan.id, plan.number, line.version, line.department_id, line.month,
                  sa.func.sum(sa.case((line.rep_id.is_(None), line.target), else_=0)),
                  sa.func.sum(sa.case((line.rep_id.is_not(None), line.target), else_=0)))
        .join(plan, plan.id == line.plan_id)
        .where(plan.state.in_(FIXED), line.version == plan.version)
        .group_by(plan.id, plan.number, line.version, line.department_id, line.month)
    )  # fmt: skip
    totals: dict[int, Decimal] = {}
    for id, number, _version, unit, month, wanted, made in db.session.execute(query):
        totals[id] = totals.get(id, ZERO) + wanted
        if made < wanted:
            text = f"{unit} month {month}: people {made}, department {wanted}"
            yield Breach("19", "sales_plan", number, text)
    for row in db.session.scalars(sa.select(plan).where(plan.id.in_(totals))):
        if totals[row.id] < row.company_target:
            text = f"departments {totals[row.id]}, company {row.company_target}"
            yield Breach("19", "sales_plan", row.number, text)
    yield from _changed_past()


def _changed_past() -> Iterator[Breach]:
    old, new = SalesPlanLine, aliased(SalesPlanLine)
    query = (
        sa.select(SalesPlan.number, old.month, old.rep_id, old.target, new.target)
        .join(SalesPlan, SalesPlan.id == old.plan_id)
        .join(new, sa.and_(new.plan_id == old.plan_id, new.version == old.version + 1,
                           new.month == old.month,
                           new.department_id.is_not_distinct_from(old.department_id),
                           new.rep_id.is_not_distinct_from(old.rep_id)))
        .where(old.rate.is_not(None), new.rate.is_not(None), old.target != new.target,
               SalesPlan.state.in_(FIXED))
    )  # fmt: skip
    for number, month, rep, before, after in db.session.execute(query):
        yield Breach("19", "sales_plan", number, f"{rep} month {month}: {before} became {after}")


@invariant("20 one document")
def documents() -> Iterator[Breach]:
    """Every entry and every stock move belongs to a document that exists."""
    models = entities()
    for kind in db.session.scalars(sa.select(ArEntry.doc_type).distinct()):
        model: Any = models.get("prepayment" if kind.startswith("prepay") else kind)
        if model is None:
            known: Any = sa.false()
        elif kind == "refund":  # one document per bank slip: RF-…/slip
            known = sa.exists().where(sa.or_(model.number == ArEntry.doc_no,
                                             ArEntry.doc_no.like(model.number + "/%")))  # fmt: skip
        else:
            known = sa.exists().where(model.number == ArEntry.doc_no)
        query = sa.select(ArEntry.doc_no).where(ArEntry.doc_type == kind, sa.not_(known)).distinct()
        for number in db.session.scalars(query):
            yield Breach("20", "ar_entry", number, f"no {kind} of this number")
    yield from _moves()


def _moves() -> Iterator[Breach]:
    by_prefix = {model.record.prefix: model for model in entities().values() if model.record.prefix}
    numbers = sa.select(StockMove.ref_doc).where(StockMove.ref_doc.not_in(AT_HAND)).distinct()
    wanted: dict[str, set[str]] = {}
    for number in db.session.scalars(numbers):
        wanted.setdefault(number.split("-")[0], set()).add(number)
    for prefix, found in wanted.items():
        model: Any = by_prefix.get(prefix)
        known = set(db.session.scalars(sa.select(model.number))) if model else set()
        for number in sorted(found - known):
            yield Breach("20", "stock_move", number, "no document of this number")
