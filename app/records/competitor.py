"""Competitors (CP), their products, the orders they fought for, and who may read about them."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields, gram, names
from app.records.record import Entity, Line, Record, Related, unique


@gram.keep
class Competitor(Entity, db.Model):
    """A competitor; departments read it by a row of competitor_access."""

    __tablename__ = "competitor"
    record = Record(
        "竞争对手", area="market", prefix="CP", title="name", icon="swords", sight="access",
        readers=("competitive_analyst", "marketing_director", "sales_director"),
        columns=("name", "competitor_type", "region", "threat", "reliability", "state"),
        filters=("state", "threat", "competitor_type", "region", "reliability"),
        search=("name", "number", "pinyin"),
        states={"待核实": ("已发布", "停用", "已合并"), "已发布": ("已合并", "停用"),
                "停用": ("已发布",), "已合并": ()},
        sections=(("竞争对手", ("name", "competitor_type", "region", "product_line", "scale",
                                "capital", "threat", "reliability", "source", "completeness",
                                "strength", "weakness", "strategy", "remark")),),
        related=(Related("competing_product", "competitor_id"),
                 Related("competing_order", "competitor_id"),
                 Related("competitor_access", "competitor_id")),
    )  # fmt: skip
    __rules__ = (
        unique("name_key", where="state NOT IN ('已合并')"),
        unique("feedback_id", where="feedback_id IS NOT NULL"),
    )
    name: Mapped[str] = fields.text("名称", 100, required=True)
    name_key: Mapped[str | None] = fields.text("规范名称", 100, derived=True, quiet=True)
    pinyin: Mapped[str | None] = fields.text("拼音首字母", 60, derived=True, quiet=True)
    competitor_type: Mapped[str] = fields.text("类型", 20, required=True)
    region: Mapped[str | None] = fields.text("区域", 40, form="code", target="region")
    strength: Mapped[str | None] = fields.long("优势")
    weakness: Mapped[str | None] = fields.long("劣势")
    strategy: Mapped[str | None] = fields.long("策略")
    threat: Mapped[str | None] = fields.choice("威胁", ("高", "中", "低"), derived=True)
    reliability: Mapped[str] = fields.text("可信度", 20, required=True)
    product_line: Mapped[str | None] = fields.text("产品线", 40)
    scale: Mapped[str | None] = fields.text("规模", 20)
    capital: Mapped[str | None] = fields.text("资本背景", 200)
    source: Mapped[str | None] = fields.text("信息来源", 40)
    completeness: Mapped[Decimal | None] = fields.rate("完整度", derived=True)
    feedback_id: Mapped[str | None] = fields.text("反馈编号", 80, once=True, quiet=True)


class CompetitorAccess(Line, db.Model):
    """One department that may read about one competitor."""

    __tablename__ = "competitor_access"
    record = Record("可见部门", title="department_id", sight="competitor_id", listed=False,
                    columns=("department_id",))  # fmt: skip
    __rules__ = (unique("competitor_id", "department_id"),)
    competitor_id: Mapped[int] = fields.ref("竞争对手", "competitor", required=True)
    department_id: Mapped[str] = fields.department("部门", required=True)


class CompetingProduct(Line, db.Model):
    """A product of a competitor beside ours."""

    __tablename__ = "competing_product"
    record = Record(
        "竞争产品", area="market", title="name", sight="competitor_id", icon="package",
        columns=("name", "competitor_id", "product_id", "price", "compare"),
        filters=("competitor_id", "product_id"), search=("name",),
    )  # fmt: skip
    __rules__ = (unique("feedback_id", where="feedback_id IS NOT NULL"),)
    competitor_id: Mapped[int] = fields.ref("竞争对手", "competitor", required=True)
    name: Mapped[str] = fields.text("名称", 100, required=True)
    product_id: Mapped[int] = fields.ref("我方产品", "product", required=True)
    price: Mapped[Decimal | None] = fields.price("价格", least=0)
    features: Mapped[str | None] = fields.long("特点")
    feedback_id: Mapped[str | None] = fields.text("反馈编号", 80, quiet=True)
    compare: Mapped[str | None] = fields.long("对比")


class CompetingOrder(Line, db.Model):
    """An order that a competitor fought for."""

    __tablename__ = "competing_order"
    record = Record(
        "竞争订单", area="market", title="reason", sight="competitor_id", icon="swords",
        columns=("happened_on", "competitor_id", "customer_id", "opportunity_no", "amount",
                 "won_by", "reason"),
        filters=("competitor_id", "won_by", "customer_id", "happened_on"),
        search=("reason", "opportunity_no"), totals=("amount",),
    )  # fmt: skip
    __rules__ = (unique("feedback_id", where="feedback_id IS NOT NULL"),)
    competitor_id: Mapped[int] = fields.ref("竞争对手", "competitor", required=True)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    opportunity_no: Mapped[str | None] = fields.text("机会", 40, form="number",
                                                     target="opportunity")  # fmt: skip
    amount: Mapped[Decimal | None] = fields.money("金额", least=0)
    happened_on: Mapped[dt.date | None] = fields.day("日期", index=True)
    feedback_id: Mapped[str | None] = fields.text("反馈编号", 80, quiet=True)
    won_by: Mapped[str] = fields.text("谁赢", 20, required=True)
    reason: Mapped[str] = fields.text("原因", 500, required=True)


def normalise(_mapper: object, _connection: object, row: Competitor) -> None:
    """The keys follow from the name at every write."""
    row.name = names.half_width(row.name)
    row.name_key, row.pinyin = names.name_key(row.name), names.pinyin_key(row.name)


for _moment in ("before_insert", "before_update"):
    sa.event.listen(Competitor, _moment, normalise)
