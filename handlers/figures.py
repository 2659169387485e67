"""What a customer's account amounts to at the end of a month, derived from the ledger.

No handlers in here: the monthly run and the adjustments ask.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.i18n import _
from app.records import ar_entry, period
from app.records.ar_entry import ArEntry
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.errors import RecordError
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment
from app.records.refund import RefundableBalance
from app.records.sales_order import SalesOrder

ZERO = Decimal("0.00")
ORDERED = ("已生效", "履约中", "挂起", "已完成")
APART = ("opening", "restock_fee", "adjust")  # entries of 应收 that no invoice stands for
BUCKETS = ((30, "0-30"), (60, "31-60"), (90, "61-90"), (None, ">90"))


def of(customer: Customer, month: str) -> dict[str, Any]:
    """Every figure of the snapshot. Raises RecordError E_LEDGER_MISMATCH."""
    day = period.last(month)
    ledgers = {name: ar_entry.balance(customer.id, name, day) for name in ar_entry.LEDGERS}
    _agree(customer)
    items = _open_items(customer, day)
    overdue = [(due, amount) for due, amount in items if due < day]
    turnover, count = _turnover(customer.id, day)
    receipts = _receipts(customer.id, day)
    return {
        "receivable": ledgers["应收"], "prepay": ledgers["预收"], "refundable": ledgers["应退"],
        "overdue": sum((amount for _due, amount in overdue), ZERO),
        "max_overdue_days": max(((day - due).days for due, _amount in overdue), default=0),
        "ageing": _ageing(items, day), **turnover, **receipts, "order_count": count,
        "dso": _dso(ledgers["应收"], turnover["turnover_y"], day),
    }  # fmt: skip


def _agree(customer: Customer) -> None:
    """The three ledgers and their documents agree (records_sales §6, 10-12)."""
    of_invoices = sa.and_(Invoice.color == "蓝", Invoice.state.in_(("已入账", "已结清", "已红冲")))
    pairs = (
        ("应收", APART, _sum(Invoice.open, Invoice.customer_id == customer.id, of_invoices)),
        ("预收", (), _sum(Prepayment.balance, Prepayment.customer_id == customer.id)),
        ("应退", (), _sum(RefundableBalance.balance, RefundableBalance.customer_id == customer.id)),
    )
    for ledger, apart, wanted in pairs:
        mine = (ArEntry.customer_id == customer.id, ArEntry.ledger == ledger)
        found = _sum(ArEntry.amount, *mine, ArEntry.type.not_in(apart))
        if found != wanted:
            text = _("%(customer)s 的%(ledger)s明细 %(found)s 与单据 %(wanted)s 不符。",
                     customer=customer.name, ledger=ledger, found=found, wanted=wanted)  # fmt: skip
            raise RecordError("E_LEDGER_MISMATCH", text)


def _sum(column: Any, *conditions: Any) -> Decimal:
    return db.session.scalar(sa.select(sa.func.sum(column)).where(*conditions)) or ZERO


def _open_items(customer: Customer, day: dt.date) -> list[tuple[dt.date, Decimal]]:
    """(due day, amount) of what is unpaid: invoices, and what no invoice stands for."""
    query = sa.select(Invoice.due_date, Invoice.invoice_date, Invoice.open).where(
        Invoice.customer_id == customer.id, Invoice.color == "蓝", Invoice.open > 0,
        Invoice.state == "已入账",
    )  # fmt: skip
    items = [(due or on or day, amount) for due, on, amount in db.session.execute(query)]
    apart = _sum(
        ArEntry.amount, ArEntry.customer_id == customer.id, ArEntry.ledger == "应收",
        ArEntry.type.in_(APART), ArEntry.value_date <= day,
    )  # fmt: skip
    if apart > 0:
        items.append((_opening_due(customer.id, day), apart))
    return items


def _opening_due(customer_id: int, day: dt.date) -> dt.date:
    query = sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer_id)
    account = db.session.scalar(query)
    if account is None or account.opening_date is None:
        return day
    return account.opening_date + dt.timedelta(days=account.term_days)


def _ageing(items: Iterable[tuple[dt.date, Decimal]], day: dt.date) -> dict[str, Decimal]:
    """{bucket: amount}; the age counts from the due day, what is not due is in the first."""
    found = {name: ZERO for _limit, name in BUCKETS}
    for due, amount in items:
        age = max((day - due).days, 0)
        found[next(name for limit, name in BUCKETS if limit is None or age <= limit)] += amount
    return found


def _starts(day: dt.date) -> dict[str, dt.date]:
    """Where the month, the quarter and the year of a day begin."""
    return {
        "m": day.replace(day=1), "q": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "y": day.replace(month=1, day=1),
    }  # fmt: skip


def _turnover(customer_id: int, day: dt.date) -> tuple[dict[str, Decimal], int]:
    starts, order = _starts(day), SalesOrder
    parts = [sa.func.sum(sa.case((order.order_date >= start, order.total))) for start in
             starts.values()]  # fmt: skip
    query = sa.select(sa.func.count(), *parts).where(
        order.customer_id == customer_id, order.state.in_(ORDERED),
        order.order_date >= starts["y"], order.order_date <= day,
    )  # fmt: skip
    count, *sums = db.session.execute(query).one()
    return {
        f"turnover_{name}": total or ZERO for name, total in zip(starts, sums, strict=True)
    }, count


def _receipts(customer_id: int, day: dt.date) -> dict[str, Decimal]:
    """What was received less what was reversed: receipts lower 应收, prepayments raise 预收."""
    starts, reversed_one = _starts(day), aliased(ArEntry)
    kind = sa.func.coalesce(reversed_one.type, ArEntry.type)
    query = (
        sa.select(ArEntry.value_date, kind, ArEntry.amount)
        .outerjoin(reversed_one, ArEntry.reverses_id == reversed_one.id)
        .where(
            ArEntry.customer_id == customer_id, ArEntry.value_date >= starts["y"],
            ArEntry.value_date <= day,
            sa.or_(
                sa.and_(ArEntry.ledger == "应收", kind == "receipt"),
                sa.and_(ArEntry.ledger == "预收", kind == "prepay_in"),
            ),
        )
    )  # fmt: skip
    found = {f"receipts_{name}": ZERO for name in starts}
    for on, what, amount in db.session.execute(query):
        for name, start in starts.items():
            if on >= start:
                found[f"receipts_{name}"] += -amount if what == "receipt" else amount
    return found


def _dso(receivable: Decimal, turnover: Decimal, day: dt.date) -> Decimal | None:
    """Days that the receivable stands for, at this year's pace; None without an order."""
    if not turnover:
        return None
    days = (day - day.replace(month=1, day=1)).days + 1
    return (receivable / turnover * days).quantize(Decimal("0.1"))
