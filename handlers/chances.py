"""机会的台账：相似机会、产品线、阶段历史、报价，供报备和跟进共用。"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.records import log, numbers, write
from app.records.customer import Customer
from app.records.opportunity import Opportunity, OpportunityLine, StageHistory
from app.records.product import Product
from app.records.quotation import Quotation
from handlers import steps

LIVE = ("报备中", "跟进中", "暂停")
CLOSED = ("赢单", "丢单", "重复驳回")
REMEMBERED = dt.timedelta(days=90)
MOST = 20


def product_lines(products: Iterable[Product]) -> list[str]:
    """The product lines (categories) of some products, sorted, each once."""
    return sorted({product.category or product.number for product in products})


def products_of(row: Opportunity) -> list[Product]:
    """What the customer may buy."""
    query = (
        sa.select(Product)
        .join(OpportunityLine, OpportunityLine.product_id == Product.id)
        .where(OpportunityLine.opportunity_id == row.id)
    )
    return list(db.session.scalars(query))


def _lines_by(ids: Iterable[int]) -> dict[int, set[str]]:
    query = (
        sa.select(OpportunityLine.opportunity_id, Product)
        .join(Product, Product.id == OpportunityLine.product_id)
        .where(OpportunityLine.opportunity_id.in_(list(ids)))
    )
    found: dict[int, set[str]] = {}
    for number, product in db.session.execute(query):
        found.setdefault(number, set()).update(product_lines([product]))
    return found


def live_twins(row: Opportunity) -> list[Opportunity]:
    """Running opportunities of the same customer that share a product line, without itself."""
    query = sa.select(Opportunity).where(
        Opportunity.customer_id == row.customer_id, Opportunity.id != row.id,
        Opportunity.state.in_(("跟进中", "暂停")),
    )  # fmt: skip
    found = list(db.session.scalars(query.order_by(Opportunity.id)))
    by, mine = _lines_by(one.id for one in found), set(product_lines(products_of(row)))
    return [one for one in found if by.get(one.id, set()) & mine]


def similar(row: Opportunity, today: dt.date) -> list[dict[str, Any]]:
    """Opportunities of the customer that run or closed within 90 days; same product line first.

    Rows for a table: what a manager needs to judge, nothing private.
    """
    customer = db.session.get_one(Customer, row.customer_id)
    related = sa.select(Customer.id).where(sa.or_(
        Customer.id == customer.id, Customer.parent_customer_id == customer.id,
        Customer.id == (customer.parent_customer_id or 0)))  # fmt: skip
    since = dt.datetime.combine(today - REMEMBERED, dt.time(), dt.UTC)
    query = sa.select(Opportunity, Customer.name).join(
        Customer, Customer.id == Opportunity.customer_id
    ).where(
        Opportunity.customer_id.in_(related), Opportunity.id != row.id,
        sa.or_(Opportunity.state.in_(LIVE),
               sa.and_(Opportunity.state.in_(CLOSED), Opportunity.updated_at >= since)),
    )  # fmt: skip
    found = db.session.execute(query.order_by(Opportunity.id).limit(MOST)).all()
    by = _lines_by(one.id for one, _name in found)
    mine = set(product_lines(products_of(row)))
    rows = [_shown(one, name, mine & by.get(one.id, set())) for one, name in found]
    return sorted(rows, key=lambda one: (not one["same_line"], one["state"] not in LIVE))


def _shown(row: Opportunity, customer: str, shared: set[str]) -> dict[str, Any]:
    return {
        "number": row.number, "name": row.name, "customer": customer, "state": row.state,
        "stage": row.stage, "owner": steps.name_of(row.owner_id), "same_line": bool(shared),
        "product_line": row.product_line, "amount": f"{row.amount:,.2f}",
        "reported_on": numbers.local_date(row.created_at).isoformat(),
        "protect_until": row.protect_until.isoformat() if row.protect_until else "—",
    }  # fmt: skip


def note_stage(step: Step, row: Opportunity, old: str | None, new: str) -> None:
    """One row of the stage history, with the days that the old stage lasted."""
    days = (step.now - stage_since(row)).days if old is not None else 0
    given = {"opportunity_id": row.id, "from_stage": old, "to_stage": new, "days": max(days, 0)}
    write.create("stage_history", given, by=steps.actor(step), at=step.now)


def stage_since(row: Opportunity) -> dt.datetime:
    """When the opportunity came into its present stage."""
    query = sa.select(StageHistory.created_at).where(StageHistory.opportunity_id == row.id)
    latest = query.order_by(StageHistory.id.desc()).limit(1)
    return db.session.scalar(latest) or row.created_at


def quotes_of(row: Opportunity, states: tuple[str, ...]) -> list[Quotation]:
    """The opportunity's quotations in these states, newest first."""
    query = sa.select(Quotation).where(
        Quotation.opportunity_id == row.id, Quotation.state.in_(states)
    )
    return list(db.session.scalars(query.order_by(Quotation.id.desc())))


def was_sent(row: Opportunity) -> bool:
    """Has any quotation of the opportunity gone out to the customer?"""
    query = (
        sa.select(log.StateHistory.id)
        .join(Quotation, Quotation.id == log.StateHistory.record_id)
        .where(log.StateHistory.entity == "quotation", log.StateHistory.new == "已发送",
               Quotation.opportunity_id == row.id)
        .limit(1)
    )  # fmt: skip
    return db.session.scalar(query) is not None
