"""Price lists (PL): versions of prices by customer, grade, salesperson or for all (051-01-05)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related, unique


class PriceList(Entity, db.Model):
    """One version of a list; its number ends in -vN. No edit after 待生效."""

    __tablename__ = "price_list"
    record = Record(
        "价格表", prefix="PL", title="name", sight="open", icon="tag",
        columns=("name", "number", "scope", "customer_id", "grade", "effective_from",
                 "effective_to", "state"),
        filters=("state", "scope", "grade", "customer_id"), search=("name", "number"),
        states={"草稿": ("审批中", "待生效"), "审批中": ("待生效", "已驳回", "草稿"),
                "待生效": ("已生效", "已撤回"), "已生效": ("已失效",), "已驳回": (), "已撤回": (),
                "已失效": ()},
        sections=(("价格表", ("name", "base_no", "version", "scope", "customer_id", "grade",
                              "salesperson_id", "currency", "effective_from", "effective_to",
                              "reason")),),
        related=(Related("price_list_line", "list_id"),),
    )  # fmt: skip
    __rules__ = (unique("base_no", "version"),)
    name: Mapped[str] = fields.text("名称", 100, required=True)
    base_no: Mapped[str | None] = fields.text("表号", 40)
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
    scope: Mapped[str] = fields.choice(
        "适用范围", ("标准", "客户等级", "客户", "业务员"), required=True
    )
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    grade: Mapped[str | None] = fields.choice("客户等级", ("A", "B", "C", "D"))
    salesperson_id: Mapped[str | None] = fields.person("业务员")
    currency: Mapped[str] = fields.text("币种", 3, required=True, default="CNY")
    effective_from: Mapped[dt.date] = fields.day("生效日", required=True)
    effective_to: Mapped[dt.date | None] = fields.day("失效日")
    reason: Mapped[str | None] = fields.text("调整原因", 500)
    renewal_on: Mapped[dt.date | None] = fields.day("提出续期", quiet=True)


class PriceListLine(Line, db.Model):
    """The price of one product from one quantity on, for one salesperson or all."""

    __tablename__ = "price_list_line"
    record = Record(
        "价格行", title="product_id", sight="list_id", listed=False,
        columns=("product_id", "min_qty", "salesperson_id", "unit_price", "floor_price",
                 "max_discount"),
    )  # fmt: skip
    __rules__ = (
        sa.UniqueConstraint("list_id", "product_id", "min_qty", "salesperson_id",
                            name="uq_price_list_line"),
        sa.Index("ix_price_list_line_find", "product_id", "min_qty"),
        sa.CheckConstraint("unit_price > 0", name="unit_price"),
        sa.CheckConstraint("floor_price IS NULL OR floor_price <= unit_price", name="floor"),
    )  # fmt: skip
    list_id: Mapped[int] = fields.ref("价格表", "price_list", required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    min_qty: Mapped[Decimal] = fields.qty("起订量", required=True, default=0, least=0)
    salesperson_id: Mapped[str | None] = fields.person("业务员")
    unit_price: Mapped[Decimal] = fields.price("单价", required=True)
    discount_rate: Mapped[Decimal | None] = fields.rate("折扣", least=0)
    floor_price: Mapped[Decimal | None] = fields.price("底价", least=0)
    max_discount: Mapped[Decimal | None] = fields.rate("最大折扣", least=0)
