"""取价：客户、业务员、等级和数量决定用哪一行价格（051-01-05）。"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.customer import Customer
from app.records.grade_history import GradeHistory
from app.records.price_list import PriceList, PriceListLine
from app.records.product import Product
from handlers import steps

STANDARD = "标准"


class Found(NamedTuple):
    """A live line of a live list, with the rank that `price_precedence` gives it."""

    rank: int
    line: PriceListLine
    prices: PriceList


@handler(
    outputs=("price", "resolved_price", "list_price", "floor_price", "max_discount", "price_list_no",
             "price_rank", "problems"),
    pure=True,
)  # fmt: skip
def resolve(
    step: Step, *, product: str, qty: Decimal | int | None = 1, customer_id: str | None = None,
    salesperson: str | None = None, on: dt.date | None = None,
) -> dict[str, Any]:  # fmt: skip
    """取价：在今天有效的价格行里，先看优先级，再看起订量，再看最新版本。

    `resolved_price` is the price of one piece, `list_price` the standard one. Writes nothing.
    Raises E_NO_PRICE (051-01-05, price_precedence).
    """
    goods, day = write.need("product", product), on or steps.today(step)
    customer = write.find("customer", customer_id)
    best = find(step, goods, Decimal(qty or 0), customer, salesperson, day)
    if best is None:
        text = _("产品 %(name)s（%(number)s）在 %(day)s 没有适用的价格，请价格主管补上。",
                 name=goods.name, number=goods.number, day=day.isoformat())  # fmt: skip
        raise BpmnError("E_NO_PRICE", text, problems=text)
    standard = find(step, goods, Decimal(qty or 0), None, None, day)
    return {
        "price": best.line.unit_price, "resolved_price": best.line.unit_price,
        "list_price": standard.line.unit_price if standard else goods.std_price,
        "floor_price": best.line.floor_price or goods.floor_price,
        "max_discount": best.line.max_discount, "price_list_no": best.prices.number,
        "price_rank": best.rank, "problems": None,
    }  # fmt: skip


def find(
    step: Step, goods: Product, qty: Decimal, customer: Customer | None,
    salesperson: str | None, day: dt.date,
) -> Found | None:  # fmt: skip
    """The line that counts: lowest rank, then largest minimum quantity, then latest version."""
    if goods.state == "停售":
        return None
    grades = grades_of(customer, day)
    rows = _live(goods, qty, customer, grades, salesperson, day)
    ranks: dict[tuple[bool, bool, bool], int] = {}
    found = [Found(_rank(step, prices, line, ranks), line, prices) for line, prices in rows]
    return min(found, key=_order, default=None)


def _order(one: Found) -> tuple[Any, ...]:
    return (one.rank, -one.line.min_qty, -one.prices.effective_from.toordinal(),
            -one.prices.version, -one.line.id)  # fmt: skip


def _live(
    goods: Product, qty: Decimal, customer: Customer | None, grades: set[str],
    salesperson: str | None, day: dt.date,
) -> Iterator[tuple[PriceListLine, PriceList]]:  # fmt: skip
    """The lines that fit, at most a few per product."""
    line, prices = PriceListLine, PriceList
    seller = sa.func.coalesce(line.salesperson_id, prices.salesperson_id)
    scopes = [prices.scope == STANDARD, prices.scope == "业务员"]
    if customer is not None:
        scopes.append(sa.and_(prices.scope == "客户", prices.customer_id == customer.id))
    if grades:
        scopes.append(sa.and_(prices.scope == "客户等级", prices.grade.in_(grades)))
    query = (
        sa.select(line, prices)
        .join(prices, line.list_id == prices.id)
        .where(
            line.product_id == goods.id, line.min_qty <= qty, prices.state == "已生效",
            prices.effective_from <= day,
            sa.or_(prices.effective_to.is_(None), prices.effective_to >= day),
            sa.or_(seller.is_(None), seller == (salesperson or "")), sa.or_(*scopes),
        )
    )  # fmt: skip
    yield from (tuple(row) for row in db.session.execute(query))


def _rank(
    step: Step, prices: PriceList, line: PriceListLine, known: dict[tuple[bool, bool, bool], int]
) -> int:
    key = (prices.customer_id is not None,
           (line.salesperson_id or prices.salesperson_id) is not None,
           prices.grade is not None)  # fmt: skip
    if key not in known:
        names = ("has_customer", "has_salesperson", "has_grade")
        rules = step.decide("price_precedence", dict(zip(names, key, strict=True)))
        known[key] = int(rules[0]["rank"])
    return known[key]


def grades_of(customer: Customer | None, day: dt.date) -> set[str]:
    """The grades whose lists count: the customer's, and until the end of the month the better
    one that he lost in it (051-01-05, exceptions)."""
    if customer is None or not customer.grade:
        return set()
    since = dt.datetime.combine(day.replace(day=1), dt.time(), dt.UTC) - dt.timedelta(hours=12)
    lost = sa.select(GradeHistory.from_grade).where(
        GradeHistory.customer_id == customer.id, GradeHistory.created_at >= since,
        GradeHistory.from_grade < GradeHistory.to_grade,
    )  # fmt: skip
    return {customer.grade, *(grade for grade in db.session.scalars(lost) if grade)}
