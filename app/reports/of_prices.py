"""Reports of 051-01-05: the prices in force and how they changed."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import workspace
from app.i18n import _l
from app.records.customer import Customer
from app.records.price_list import PriceList, PriceListLine
from app.records.product import Product
from app.reports import columns as c
from app.reports.report import MONEY, Ask, Chart, Report, Row, to, within

SCOPES = {"": _l("全部"), "标准": _l("标准"), "客户等级": _l("客户等级"), "客户": _l("客户"),
          "业务员": _l("业务员")}  # fmt: skip


def in_force(ask: Ask) -> sa.Select[Any]:
    """Every price that holds today: standard, of a grade, a customer or a salesperson (R05-1)."""
    line, sheet, goods, buyer = PriceListLine, PriceList, Product, Customer
    return (
        sa.select(
            goods.name.label("product"), goods.number.label("product_no"),
            sheet.scope.label("scope"),
            sa.func.coalesce(buyer.name, sheet.grade).label("whom"),
            sa.func.coalesce(line.salesperson_id, sheet.salesperson_id).label("person"),
            line.min_qty.label("qty"), line.unit_price.label("price"),
            line.floor_price.label("floor"), line.max_discount.label("discount"),
            sheet.effective_from.label("since"), sheet.effective_to.label("until"),
            sheet.number.label("list_no"),
        )
        .select_from(line)
        .join(sheet, line.list_id == sheet.id)
        .join(goods, line.product_id == goods.id)
        .outerjoin(buyer, sheet.customer_id == buyer.id)
        .where(*_mine(ask, sheet, line), sheet.state == "已生效",
               sheet.effective_from <= ask.today,
               sa.or_(sheet.effective_to.is_(None), sheet.effective_to >= ask.today),
               *ask.only("scope", sheet.scope), *ask.found(goods.name, goods.number, buyer.name))
        .order_by(goods.number, sheet.scope, line.min_qty, line.id)
    )  # fmt: skip


def _mine(ask: Ask, sheet: Any, line: Any) -> list[sa.ColumnElement[bool]]:
    whose = sa.func.coalesce(line.salesperson_id, sheet.salesperson_id)
    return within(ask, sheet, person=whose)


def history(ask: Ask) -> sa.Select[Any]:
    """Each price of a version beside the one of the version before (R05-2)."""
    line, sheet, goods = PriceListLine, PriceList, Product
    old_line, old_sheet = aliased(PriceListLine), aliased(PriceList)
    same = (
        (old_line.list_id == old_sheet.id) & (old_line.product_id == line.product_id)
        & (old_line.min_qty == line.min_qty)
        & old_line.salesperson_id.is_not_distinct_from(line.salesperson_id)
    )  # fmt: skip
    return (
        sa.select(
            goods.name.label("product"), goods.number.label("product_no"),
            sheet.name.label("list_name"), sheet.number.label("list_no"),
            sheet.effective_from.label("since"), line.min_qty.label("qty"),
            old_line.unit_price.label("before"), line.unit_price.label("after"),
            sheet.created_by.label("person"), sheet.reason.label("reason"),
            sheet.state.label("state"),
        )
        .select_from(line)
        .join(sheet, line.list_id == sheet.id)
        .join(goods, line.product_id == goods.id)
        .outerjoin(old_sheet, (old_sheet.workspace_id == workspace.current())
                   & (old_sheet.base_no == sheet.base_no)
                   & (old_sheet.version == sheet.version - 1))
        .outerjoin(old_line, same)
        .where(*within(ask, sheet, person=sheet.created_by),
               sheet.state.in_(("待生效", "已生效", "已失效")),
               *ask.period.days(sheet.effective_from),
               *ask.found(goods.name, goods.number, sheet.name),
               sa.or_(old_line.id.is_(None), old_line.unit_price != line.unit_price))
        .order_by(sheet.effective_from.desc(), sheet.id.desc(), goods.number, line.min_qty)
    )  # fmt: skip


def rate_history(row: Row) -> None:
    """By how much the price changed."""
    before = row.get("before")
    row["rate"] = (row["after"] - before) / before if before else None


REPORTS = (
    Report("051-01/R05-1", _l("现行价格表"), _l("今天有效的每一个价格，给谁，从多少件起。"),
           (c.PRODUCT, c.text("product_no", _l("编号")), c.word("scope", _l("适用范围")),
            c.text("whom", _l("客户或等级")), c.SELLER, c.qty("qty", _l("起订量"), total=False),
            c.price("price", _l("单价")), c.price("floor", _l("底价")),
            c.rate("discount", _l("最大折扣")), c.day("since", _l("生效日")),
            c.day("until", _l("失效日"))),
           in_force, MONEY, link=to("price_list", key="list_no"), choices={"scope": SCOPES}, dated=False,
           finds=_l("产品、客户")),
    Report("051-01/R05-2", _l("价格变更历史"), _l("每个新版本把哪些价格改了多少。"),
           (c.PRODUCT, c.text("list_name", _l("价格表")), c.day("since", _l("生效日")),
            c.qty("qty", _l("起订量"), total=False), c.price("before", _l("原价")),
            c.price("after", _l("新价")), c.rate("rate", _l("变化")),
            c.person("person", _l("编制人")), c.text("reason", _l("调整原因")), c.STATE),
           history, MONEY, Chart("bars", "product", ("after",)), rate_history,
           to("price_list", key="list_no"),
           finds=_l("产品、价格表")),
)  # fmt: skip
