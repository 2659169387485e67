"""Reports of 051-02-04: prices of competing products, and who brings in what is known."""

from typing import Any

import sqlalchemy as sa

from app.accounts.models import User
from app.engine import durations
from app.i18n import _l
from app.records.competitor import CompetingProduct, Competitor
from app.records.product import Product
from app.reports import columns as c
from app.reports import spans
from app.reports.report import (
    MARKET,
    TRADE,
    Ask,
    Chart,
    Report,
    Row,
    count_if,
    over,
    share,
    to,
    within,
)

FLOW = "p_051_02_04"
BY = {"department": _l("部门"), "person": _l("上报人"), "month": _l("月份")}
PUBLISHED, DISCARDED = ("published",), ("discarded", "share_refused")


def prices(ask: Ask) -> sa.Select[Any]:
    """Products of competitors beside ours, and how far the prices are apart (R04-2)."""
    row, rival, goods = CompetingProduct, Competitor, Product
    return (
        sa.select(
            goods.name.label("product"), goods.number.label("product_no"),
            goods.std_price.label("ours"), rival.name.label("rival"),
            rival.number.label("rival_no"), row.name.label("theirs"),
            row.price.label("price"), row.compare.label("compare"),
        )
        .select_from(row)
        .join(rival, row.competitor_id == rival.id)
        .join(goods, row.product_id == goods.id)
        .where(*within(ask, row), rival.state == "已发布",
               *ask.found(goods.name, goods.number, rival.name, row.name))
        .order_by(goods.number, row.price, row.id)
    )  # fmt: skip


def rate_prices(row: Row) -> None:
    """Their price against ours; under 100 % they are cheaper."""
    row["rate"] = share(row.get("price"), row.get("ours"))


def brought(ask: Ask) -> sa.Select[Any]:
    """How many reports on competitors people handed in, and what became of them (R04-4)."""
    row = durations.cases(FLOW)
    key = {"department": User.department_id, "person": row.c.person,
           "month": spans.month(row.c.begun)}[ask.chosen["by"]]  # fmt: skip
    return (
        sa.select(
            key.label("key"), sa.func.count().label("count"),
            count_if(row.c.end_event.in_(PUBLISHED)).label("published"),
            count_if(row.c.end_event.in_(DISCARDED)).label("discarded"),
            count_if(row.c.ended.is_(None)).label("running"),
        )
        .select_from(row)
        .join(User, User.login == row.c.person)
        .where(*over(ask, row.c.person), *ask.period.moments(row.c.begun))
        .group_by(key)
        .order_by(sa.desc("count"), key)
    )  # fmt: skip


def rate_brought(row: Row) -> None:
    """Published of what is decided."""
    row["rate"] = share(row["published"], (row["published"] or 0) + (row["discarded"] or 0))


REPORTS = (
    Report("051-02/R04-2", _l("竞品价格对比"), _l("对手的产品卖多少，我们卖多少。"),
           (c.PRODUCT, c.price("ours", _l("我方价格")), c.text("rival", _l("竞争对手")),
            c.text("theirs", _l("对手产品")), c.price("price", _l("对手价格")),
            c.rate("rate", _l("对手价与我方")), c.text("compare", _l("对比"))),
           prices, TRADE | MARKET, Chart("plan", "theirs", ("ours", "price")), rate_prices,
           to("competitor", key="rival_no"), dated=False, finds=_l("产品、竞争对手")),
    Report("051-02/R04-4", _l("信息上报数"), _l("谁上报了多少竞争信息，多少被采纳。"),
           (c.KEY, c.count("count", _l("上报")), c.count("published", _l("已发布")),
            c.count("discarded", _l("不采纳")), c.count("running", _l("处理中")),
            c.rate("rate", _l("采纳率"))),
           brought, TRADE | MARKET, Chart("bars", "key", ("count",)), rate_brought,
           choices={"by": BY}),
)  # fmt: skip
