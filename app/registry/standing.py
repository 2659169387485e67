"""How a customer stands, on its page: the credit light with its reason, the prices made for it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import db
from app.i18n import _
from app.records import numbers, sight
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.price_list import PriceList
from app.registry.figures import TIGHT

LISTS = 6
STOPPED = ("停止", "冻结")


@dataclass(frozen=True)
class Light:
    """Green, amber or red, why, and the figures behind it."""

    tone: str
    word: str
    why: str
    credit: CustomerCredit
    free: Decimal


def light(row: Customer, viewer: sight.Viewer) -> Light | None:
    """The credit of the customer as a light; None for those who may not see it."""
    credit = db.session.scalar(sa.select(CustomerCredit).where(
        CustomerCredit.customer_id == row.id, sight.visible("customer_credit", viewer)
    ))  # fmt: skip
    if credit is None:
        return None
    limit = credit.limit + credit.temp_limit
    free = limit - credit.exposure
    if credit.state in STOPPED:
        return Light(
            "over", _("红灯"), _("信用已停止，新订单不能生效，已有订单暂停发货。"), credit, free
        )
    if free < 0:
        return Light("over", _("红灯"), _("已占用超过额度，新订单要审批放行。"), credit, free)
    if credit.state != "正常":
        return Light("due", _("黄灯"), _("信用在关注中，下单前先看逾期和账龄。"), credit, free)
    if limit and credit.exposure / limit > TIGHT:
        return Light("due", _("黄灯"), _("额度快用完了。"), credit, free)
    if not limit:
        return Light("due", _("黄灯"), _("没有额度，要先付款再发货。"), credit, free)
    return Light("done", _("绿灯"), _("额度够用，没有停发。"), credit, free)


def prices(row: Customer) -> list[Any]:
    """The lists in force that were made for this customer or its grade, the customer's first."""
    today = numbers.local_date(clock.now())
    own = sa.and_(PriceList.scope == "客户", PriceList.customer_id == row.id)
    graded = sa.and_(PriceList.scope == "客户等级", PriceList.grade == row.grade)
    query = (
        sa.select(PriceList)
        .where(
            sa.or_(own, graded),
            PriceList.state == "已生效",
            PriceList.effective_from <= today,
            sa.or_(PriceList.effective_to.is_(None), PriceList.effective_to >= today),
        )
        .order_by(PriceList.scope != "客户", PriceList.effective_from.desc())
        .limit(LISTS)
    )
    return list(db.session.scalars(query))
