"""The few figures at the head of a customer's page: each from one indexed query."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import format_decimal

from app import clock
from app.db import db
from app.i18n import _
from app.records import ar_entry, numbers, record, sight

SIGNED = ("已生效", "履约中", "挂起", "已完成")
TIGHT = Decimal("0.9")  # from here on the limit deserves a look


@dataclass(frozen=True)
class Figure:
    """One figure; `share` draws a bar below it."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    share: float | None = None
    tone: str = ""


def of_customer(row: Any, viewer: sight.Viewer) -> list[Figure]:
    """Orders of the year, receivable, credit, open opportunities; only what the viewer may see."""
    found = [_orders(row, viewer), _opportunities(row, viewer)]
    if sight.may_see_contacts(row, viewer):
        found[1:1] = [_receivable(row), _credit(row)]
    return [figure for figure in found if figure is not None]


def _money(amount: Decimal) -> str:
    return format_decimal(amount, "#,##0.00")


def _orders(row: Any, viewer: sight.Viewer) -> Figure:
    order: Any = record.entity("sales_order")
    year = numbers.local_date(clock.now()).year
    query = sa.select(sa.func.count(), sa.func.sum(order.total)).where(
        order.customer_id == row.id, order.state.in_(SIGNED), order.order_date >= dt.date(year, 1, 1),
        sight.visible("sales_order", viewer),
    )  # fmt: skip
    count, total = db.session.execute(query).one()
    return Figure(
        _("今年签单额"), _money(total or Decimal(0)), note=_("%(count)s 张订单", count=count)
    )


def _receivable(row: Any) -> Figure:
    balances = ar_entry.balances(row.id)
    note = _("预收 %(prepaid)s，应退 %(refundable)s", prepaid=_money(balances["预收"]),
             refundable=_money(balances["应退"]))  # fmt: skip
    return Figure(_("应收余额"), _money(balances["应收"]), note=note)


def _credit(row: Any) -> Figure | None:
    credit: Any = record.entity("customer_credit")
    found = db.session.scalar(sa.select(credit).where(credit.customer_id == row.id))
    if found is None:
        return None
    limit = found.limit + found.temp_limit
    used = found.exposure / limit if limit else Decimal(found.exposure > 0)
    tone = "over" if used > 1 else "due" if used > TIGHT else ""
    return Figure(
        _("信用额度 %(limit)s", limit=_money(limit)), _money(found.exposure), _("已占用"),
        share=float(used), tone=tone,
    )  # fmt: skip


def _opportunities(row: Any, viewer: sight.Viewer) -> Figure:
    chance: Any = record.entity("opportunity")
    query = sa.select(sa.func.count(), sa.func.sum(chance.weighted)).where(
        chance.customer_id == row.id, chance.state == "跟进中",
        sight.visible("opportunity", viewer),
    )  # fmt: skip
    count, weighted = db.session.execute(query).one()
    return Figure(
        _("在谈机会"), str(count), note=_("加权 %(sum)s", sum=_money(weighted or Decimal(0)))
    )
