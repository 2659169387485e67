"""计划的实际数：签单额、回款额、毛利、新客户数、新联系人数（051-03-01）。"""

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa

from app.db import db
from app.records.ar_entry import ArEntry
from app.records.counter import DevCounter
from app.records.customer import Customer
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder

NONE, CENT = Decimal(0), Decimal("0.01")
METRICS = ("签单额", "回款额", "毛利", "新客户数", "新联系人数")
COUNTED = {"新客户数": "new_customer", "新联系人数": "new_contact"}
SIGNED = ("已生效", "履约中", "挂起", "已完成")
Actuals = dict[tuple[str, int], Decimal]


def of_year(metric: str, year: int, upto: int = 12) -> Actuals:
    """{(person, month): actual} of the months 1 … `upto`; who is not there has nothing."""
    if metric in COUNTED:
        return _counted(COUNTED[metric], year, upto)
    if metric == "回款额":
        return _received(year, upto)
    return _signed(year, upto, profit=metric == "毛利")


def _span(year: int, upto: int) -> tuple[dt.date, dt.date]:
    return dt.date(year, 1, 1), dt.date(year, upto, monthrange(year, upto)[1])


def _signed(year: int, upto: int, *, profit: bool) -> Actuals:
    """Orders that run, by date, less what was cancelled or came back, credited to the order's
    representative; profit is without tax and less the standard cost."""
    query = (
        sa.select(SalesOrder.sales_rep_id, SalesOrder.order_date, OrderLine, Product)
        .join(OrderLine, OrderLine.order_id == SalesOrder.id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(SalesOrder.state.in_(SIGNED), SalesOrder.order_date.between(*_span(year, upto)))
    )
    found: Actuals = defaultdict(lambda: NONE)
    for rep, day, line, product in db.session.execute(query):
        amount = line.amount - (line.q_returned * line.price).quantize(CENT)
        if profit:
            kept = line.q_ordered - line.q_cancelled - line.q_returned
            amount = (amount / (1 + product.tax_rate) - kept * product.std_cost).quantize(CENT)
        found[rep, day.month] += amount
    return found


def _received(year: int, upto: int) -> Actuals:
    """Receipts and prepayments less refunds by value date, credited to the order's representative,
    else to the owner of the customer."""
    sign = {"receipt": -1, "prepay_in": 1}
    query = (
        sa.select(ArEntry.type, ArEntry.ledger, ArEntry.amount, ArEntry.value_date,
                  sa.func.coalesce(SalesOrder.sales_rep_id, Customer.owner_id))
        .join(Customer, Customer.id == ArEntry.customer_id)
        .outerjoin(SalesOrder, SalesOrder.number == ArEntry.order_no)
        .where(ArEntry.type.in_((*sign, "refund")),
               ArEntry.value_date.between(*_span(year, upto)))
    )  # fmt: skip
    found: Actuals = defaultdict(lambda: NONE)
    for kind, _ledger, amount, day, rep in db.session.execute(query):
        if rep is not None:
            found[rep, day.month] += -abs(amount) if kind == "refund" else sign[kind] * amount
    return found


def _counted(metric: str, year: int, upto: int) -> Actuals:
    query = sa.select(DevCounter.user_id, DevCounter.month, DevCounter.count).where(
        DevCounter.metric == metric, DevCounter.year == year, DevCounter.month <= upto
    )
    return {(who, month): Decimal(count) for who, month, count in db.session.execute(query)}
