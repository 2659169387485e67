"""Invariants 1-4, 6 and 18: quantities of orders and stock, campaign budgets."""

from collections.abc import Iterator
from decimal import Decimal

import sqlalchemy as sa

from app.db import db
from app.records.audit import Breach, invariant
from app.records.audit_money import sums
from app.records.campaign import Campaign
from app.records.campaign_task import CampaignTask
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from app.records.stock_move import StockMove
from app.records.warehouse_stock import WarehouseStock

NONE = Decimal(0)
Line = tuple[OrderLine, str, str, Decimal]


def _lines() -> Iterator[Line]:
    """(line, order number, invoice basis, over delivery rate) of every order."""
    query = (
        sa.select(OrderLine, SalesOrder.number, SalesOrder.invoice_basis,
                  Product.over_delivery_rate)
        .join(SalesOrder, SalesOrder.id == OrderLine.order_id)
        .join(Product, Product.id == OrderLine.product_id)
    )  # fmt: skip
    yield from db.session.execute(query)


def _breach(rule: str, line: OrderLine, number: str, text: str) -> Breach:
    return Breach(rule, "order_line", f"{number}/{line.seq}", text)


@invariant("01 shipped")
def shipped() -> Iterator[Breach]:
    """0 <= shipped - rejected <= (ordered - cancelled) x (1 + over delivery)."""
    for line, number, _basis, over in _lines():
        gone, allowed = line.q_shipped - line.q_rejected, line.q_ordered - line.q_cancelled
        if not 0 <= gone <= allowed * (1 + over):
            yield _breach("01", line, number, f"shipped {gone} of {allowed}")


@invariant("02 delivered")
def delivered() -> Iterator[Breach]:
    """delivered + rejected <= shipped."""
    for line, number, _basis, _over in _lines():
        if line.q_delivered + line.q_rejected > line.q_shipped:
            text = f"delivered {line.q_delivered}, rejected {line.q_rejected}, " \
                   f"shipped {line.q_shipped}"  # fmt: skip
            yield _breach("02", line, number, text)


@invariant("03 returned")
def returned() -> Iterator[Breach]:
    """0 <= returned <= delivered."""
    for line, number, _basis, _over in _lines():
        if not 0 <= line.q_returned <= line.q_delivered:
            yield _breach("03", line, number, f"{line.q_returned} of {line.q_delivered}")


@invariant("04 invoiced quantity")
def invoiced() -> Iterator[Breach]:
    """Not more is invoiced than was delivered (按交付) or ordered (按订单)."""
    for line, number, basis, _over in _lines():
        most = line.q_delivered if basis == "按交付" else line.q_ordered - line.q_cancelled
        if line.q_invoiced > most:
            yield _breach("04", line, number, f"invoiced {line.q_invoiced} of {most}")


@invariant("06 stock")
def stock() -> Iterator[Breach]:
    """On hand and reserved are what the moves say."""
    moved: dict[tuple[int, str, str, str], tuple[Decimal, Decimal]] = {}
    key = (StockMove.product_id, StockMove.warehouse, StockMove.bin, StockMove.batch)
    figures = (sa.func.sum(StockMove.on_hand_delta), sa.func.sum(StockMove.reserved_delta))
    for *place, on_hand, reserved in db.session.execute(sa.select(*key, *figures).group_by(*key)):
        moved[tuple(place)] = (on_hand, reserved)
    for row in db.session.scalars(sa.select(WarehouseStock)):
        place = (row.product_id, row.warehouse, row.bin, row.batch)
        if moved.pop(place, (NONE, NONE)) != (row.on_hand, row.reserved):
            yield Breach("06", "warehouse_stock", f"{row.warehouse}/{row.product_id}/{row.bin}",
                         f"on hand {row.on_hand}, reserved {row.reserved}")  # fmt: skip
    for place, (on_hand, reserved) in moved.items():
        if on_hand or reserved:
            yield Breach("06", "stock_move", f"{place[1]}/{place[0]}/{place[2]}",
                         f"moves without stock: {on_hand}, {reserved}")  # fmt: skip


@invariant("18 campaign budget")
def campaign_budget() -> Iterator[Breach]:
    """The tasks of a campaign do not plan more than its budget."""
    planned = sums(CampaignTask.task_budget, CampaignTask.campaign_id,
                   CampaignTask.state != "已取消")  # fmt: skip
    for campaign in db.session.scalars(sa.select(Campaign)):
        if planned.get(campaign.id, NONE) > campaign.budget_total:
            text = f"tasks {planned[campaign.id]} over {campaign.budget_total}"
            yield Breach("18", "campaign", campaign.number, text)


@invariant("21 one primary contact")
def primary_contact() -> Iterator[Breach]:
    """A company with contacts has exactly one primary contact, and he works there."""
    primary = sa.func.sum(sa.case((Contact.is_primary, 1), else_=0))
    query = (
        sa.select(Customer.number, primary)
        .join(Contact, Contact.customer_id == Customer.id)
        .where(Customer.customer_type == "企业", Customer.state.in_(("有效", "公海")),
               Contact.state == "在职")
        .group_by(Customer.number)
        .having(primary != 1)
    )  # fmt: skip
    for number, count in db.session.execute(query):
        yield Breach("21", "customer", number, f"{count} primary contacts")


@invariant("22 no cycle of parents")
def no_cycle() -> Iterator[Breach]:
    """A customer is not its own parent, at any distance."""
    rows = sa.select(Customer.id, Customer.parent_customer_id, Customer.number)
    parents, numbers = {}, {}
    for id, parent, number in db.session.execute(
        rows.where(Customer.parent_customer_id.is_not(None))
    ):
        parents[id], numbers[id] = parent, number
    for start in parents:
        seen, at = {start}, parents[start]
        while at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        if at == start:
            yield Breach("22", "customer", numbers[start], "its own parent")
