"""/records/prices: which price counts for a customer, a product and a quantity, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from flask_login import current_user, login_required

from app import clock, errors, viewer
from app.accounts import people
from app.db import db
from app.engine import definitions
from app.engine.handlers import BpmnError
from app.i18n import _
from app.records import numbers, sight, write
from app.records.customer import Customer
from app.records.price_list import PriceList, PriceListLine
from app.records.product import Product
from app.registry import routes
from handlers import price

OFFERED = 300
HISTORY = 40  # price lines of one product, past and coming ones included


class Asking:
    """What `price.resolve` asks of a step, outside of any case: the time and the tables."""

    now = property(lambda self: clock.now())

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rule of the newest published table that hits; the table has one output."""
        row = definitions.decision(decision_id)
        found = row and definitions.model(row.file).find(decision_id)
        if not found or found.table is None:
            raise errors.Conflict(_("还没有发布决策表 %(id)s，暂时不能取价。", id=decision_id))
        name = found.table.outputs[0].name or decision_id
        return [{name: found.evaluate(dict(context))}]


@dataclass(frozen=True)
class Wanted:
    """What was typed: numbers of a product and a customer, a quantity, a salesperson."""

    product: str
    customer: str
    qty: Decimal
    seller: str


@routes.pages.get("/prices")
@login_required
def prices() -> str:
    """The price for what was asked; the question lives in the address."""
    here = viewer.here()
    if here.is_outside:
        raise errors.NotFound()
    wanted, found, problem, lines = _wanted(), None, "", []
    if wanted.product:
        found, problem = _found(wanted, here)
        lines = _lines(wanted.product, here)
    return render_template(
        "registry/prices.html", room="records", wanted=wanted, found=found, problem=problem,
        seller_names=people.names(
            {login for line, prices, _customer in lines
             if (login := line.salesperson_id or prices.salesperson_id)}
        ),
        lines=lines, today=numbers.local_date(clock.now()), fits=_fits,
        products=_offers(Product, sa.true()), customers=_customers(here),
        sellers=_sellers(here),
    )  # fmt: skip


def _wanted() -> Wanted:
    given = request.args
    try:
        qty = Decimal(given.get("qty", "1") or "1")
    except InvalidOperation:
        qty = Decimal(1)
    fits = qty.is_finite() and 0 < qty < 10**9
    seller = given.get("seller") or current_user.login
    return Wanted(given.get("product", "")[:40], given.get("customer", "")[:40],
                  qty if fits else Decimal(1), seller[:40])  # fmt: skip


def _found(wanted: Wanted, here: sight.Viewer) -> tuple[dict[str, Any] | None, str]:
    """(the price, ""), or (None, why there is none)."""
    if write.find("product", wanted.product) is None:
        return None, _("没有这个产品。请从列表中选择。")
    if wanted.customer and not _may_see(wanted.customer, here):
        return None, _("没有这个客户，或者您无权查看。请从列表中选择。")
    try:
        found = price.resolve(
            Asking(),  # type: ignore[arg-type]
            product=wanted.product, qty=wanted.qty, customer_id=wanted.customer or None,
            salesperson=wanted.seller,
        )  # fmt: skip
    except errors.Conflict as error:  # no table is published yet; the price lines still help
        return None, error.message
    except BpmnError as error:
        return None, str(error.variables.get("problems") or error)
    return found | {"list": write.need("price_list", found["price_list_no"])}, ""


def _lines(product: str, here: sight.Viewer) -> list[Any]:
    """(line, list, customer) of every price of the product that the viewer may see, those in
    force first; lists of customers that are not the viewer's are left out."""
    row = write.find("product", product)
    if row is None:
        return []
    line, prices = PriceListLine, PriceList
    own = sa.select(Customer.id).where(sight.visible("customer", here))
    query = (
        sa.select(line, prices, Customer)
        .join(prices, line.list_id == prices.id)
        .outerjoin(Customer, Customer.id == prices.customer_id)
        .where(line.product_id == row.id, prices.state != "草稿",
               sa.or_(prices.customer_id.is_(None), prices.customer_id.in_(own)))
        .order_by(prices.state != "已生效", prices.effective_from.desc(), line.min_qty, line.id)
        .limit(HISTORY)
    )  # fmt: skip
    return list(db.session.execute(query))


def _fits(found: dict[str, Any] | None, line: PriceListLine, prices: PriceList) -> bool:
    """Is this the line that the price comes from?"""
    return (
        found is not None
        and prices.number == found["price_list_no"]
        and line.unit_price == found["resolved_price"]
    )


def _may_see(number: str, here: sight.Viewer) -> bool:
    row = write.find("customer", number)
    return row is not None and sight.may_see(row, here)


def _offers(model: Any, condition: Any) -> list[tuple[str, str]]:
    query = sa.select(model.number, model.name).where(condition, model.state != "停售")
    return [(number, name) for number, name in
            db.session.execute(query.order_by(model.number).limit(OFFERED))]  # fmt: skip


def _customers(here: sight.Viewer) -> list[tuple[str, str]]:
    return _offers(Customer, sa.and_(sight.visible("customer", here), Customer.state == "有效"))


def _sellers(here: sight.Viewer) -> list[tuple[str, str]]:
    logins = sorted({here.login, *here.below})
    return sorted(people.names(logins).items())
