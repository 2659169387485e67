"""Credit exposure: what a customer uses of his credit now (records_sales §6, invariant 16).

Derived from the ledger and the open orders at every question, so it is never stale.
"""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa

from app.db import db
from app.records import ar_entry
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.invoice import Invoice
from app.records.sales_order import OrderLine, SalesOrder

RUNNING = ("已生效", "履约中")  # what is confirmed and will be delivered
STANDING = (*RUNNING, "挂起", "已完成")  # what may have been delivered without an invoice
ZERO = Decimal("0.00")
CENT = Decimal("0.01")
DEEPEST = 10  # levels of a group of companies


def credit_of(customer_id: int) -> CustomerCredit | None:
    """The credit that trade with this customer uses: his own, or the nearest parent company's
    when he has no limit of his own (051-01-04, 集团客户)."""
    own = _profile(customer_id)
    if own is None or own.limit > 0 or own.temp_limit > 0:
        return own
    above = db.session.get(Customer, customer_id)
    for _level in range(DEEPEST):
        if above is None or above.parent_customer_id is None:
            return own
        above = db.session.get(Customer, above.parent_customer_id)
        credit = _profile(above.id) if above is not None else None
        if credit is not None and credit.limit > 0:
            return credit
    return own


def _profile(customer_id: int) -> CustomerCredit | None:
    query = sa.select(CustomerCredit).where(CustomerCredit.customer_id == customer_id)
    return db.session.scalar(query)


def sharers(credit: CustomerCredit) -> list[int]:
    """The customers whose trade uses this credit: its own, and those below without a limit."""
    found, level = [credit.customer_id], [credit.customer_id]
    if credit.limit <= 0:
        return found
    limited = sa.select(CustomerCredit.customer_id).where(CustomerCredit.limit > 0)
    for _level in range(DEEPEST):
        below = sa.select(Customer.id).where(
            Customer.parent_customer_id.in_(level), Customer.id.not_in(limited)
        )
        level = [one for one in db.session.scalars(below) if one not in found]
        if not level:
            break
        found += level
    return found


def net(customer_ids: list[int]) -> Decimal:
    """receivable + not yet invoiced - prepaid; below 0 while prepaid money waits for an order."""
    ledger = _ledgers(customer_ids)
    return ledger[ar_entry.RECEIVABLE] + _not_invoiced(customer_ids) - ledger[ar_entry.PREPAID]


def of(customer_ids: list[int]) -> Decimal:
    """The exposure, never below 0."""
    return max(net(customer_ids), ZERO)


def _ledgers(customer_ids: list[int]) -> dict[str, Decimal]:
    entry = ar_entry.ArEntry
    query = (
        sa.select(entry.ledger, sa.func.sum(entry.amount))
        .where(entry.customer_id.in_(customer_ids))
        .group_by(entry.ledger)
    )
    found = dict(db.session.execute(query).all())
    return {ledger: found.get(ledger) or ZERO for ledger in ar_entry.LEDGERS}


def _not_invoiced(customer_ids: list[int]) -> Decimal:
    return sum(not_invoiced_by_customer(customer_ids).values(), ZERO)


def not_invoiced_by_customer(only: list[int] | None = None) -> dict[int, Decimal]:
    """{customer: confirmed orders as far as they are not invoiced}; of held and finished ones only
    what was delivered. Goods that came back are not counted. `only`: these customers."""
    line, order = OrderLine, SalesOrder
    mine = [] if only is None else [order.customer_id.in_(only)]
    query = (
        sa.select(order.customer_id, order.state, line.price, line.q_ordered, line.q_cancelled,
                  line.q_delivered, line.q_returned, line.q_invoiced)
        .join(order, line.order_id == order.id)
        .where(order.state.in_(STANDING), order.invoice_status != "全部", *mine)
    )  # fmt: skip
    found = _extras(mine)
    for (
        owner,
        state,
        price,
        ordered,
        cancelled,
        delivered,
        returned,
        invoiced,
    ) in db.session.execute(query):
        due = ordered - cancelled if state in RUNNING else delivered
        open_value = max(due - returned - invoiced, Decimal(0)) * price
        found[owner] = found.get(owner, ZERO) + open_value
    return {owner: value.quantize(CENT) for owner, value in found.items()}


def _extras(mine: list[sa.ColumnElement[bool]]) -> dict[int, Decimal]:
    """Freight less discount of running orders without any invoice."""
    order = SalesOrder
    query = (
        sa.select(order.customer_id, sa.func.sum(order.freight - order.discount))
        .where(order.state.in_(RUNNING), order.invoiced_amount == 0, *mine)
        .group_by(order.customer_id)
    )
    return {owner: value or ZERO for owner, value in db.session.execute(query)}


def net_by_customer() -> dict[int, Decimal]:
    """{customer: `net`} of everybody who has entries or open orders; the nightly check's view."""
    entry = ar_entry.ArEntry
    query = (
        sa.select(entry.customer_id, entry.ledger, sa.func.sum(entry.amount))
        .where(entry.ledger.in_((ar_entry.RECEIVABLE, ar_entry.PREPAID)))
        .group_by(entry.customer_id, entry.ledger)
    )
    found = not_invoiced_by_customer()
    for owner, ledger, amount in db.session.execute(query):
        sign = 1 if ledger == ar_entry.RECEIVABLE else -1
        found[owner] = found.get(owner, ZERO) + sign * amount
    return found


def is_counted(order_no: str | None) -> bool:
    """Does the exposure contain this order already?"""
    if not order_no:
        return False
    query = sa.select(SalesOrder.state).where(SalesOrder.number == order_no)
    return db.session.scalar(query) in RUNNING


def overdue_days(customer_ids: list[int], on: dt.date) -> int:
    """How long the oldest unpaid invoice is overdue on a day; 0 if none is."""
    query = sa.select(sa.func.min(Invoice.due_date)).where(
        Invoice.customer_id.in_(customer_ids), Invoice.open > 0, Invoice.color == "蓝",
        Invoice.state == "已入账",
    )  # fmt: skip
    oldest = db.session.scalar(query)
    return max((on - oldest).days, 0) if oldest else 0
