"""Customers (CU): who the company sells to, each entered once (records_sales §3)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields, gram, names
from app.records.record import Entity, Record, Related, unique

TYPES = ("企业", "个人", "经销商")
SOURCES = ("自行开发", "市场活动", "线索转化", "客户介绍", "网站", "导入")
STAGES = ("潜在", "意向", "成交", "流失")
LIVE = "state NOT IN ('草稿', '已合并')"  # what the unique keys protect


@gram.keep
class Customer(Entity, db.Model):
    """A customer. name_key, pinyin, phone_key and domain follow from what is typed."""

    __tablename__ = "customer"
    record = Record(
        "客户", prefix="CU", title="name", icon="building-community", readers=("pricing_manager", "cashier"),
        columns=(
            "name", "grade", "life_stage", "owner_id", "region", "industry", "phone",
            "completeness", "last_action_at", "state",
        ),
        filters=(
            "state", "life_stage", "grade", "owner_id", "region", "industry", "customer_type",
            "source", "blacklist", "department_id",
        ),
        search=("name", "number", "unified_code", "phone_key", "pinyin"),
        states={
            "草稿": ("有效", "已合并"),
            "有效": ("公海", "停用", "已合并"),
            "公海": ("有效", "停用", "已合并"),
            "停用": ("有效", "已合并"),
            "已合并": (),
        },
        sections=(
            ("资料", ("name", "former_names", "customer_type", "unified_code", "industry", "region",
                      "province", "city", "address", "zip", "phone", "fax", "website", "email")),
            ("来源与归属", ("source", "campaign_id", "lead_id", "owner_id", "department_id",
                            "discoverer_id", "previous_owner_id", "pool_at", "last_action_at")),
            ("经营", ("legal_rep", "registered_capital", "employees", "ownership",
                      "parent_customer_id", "partner_status")),
            ("等级与阶段", ("life_stage", "grade", "service_level", "price_policy",
                            "completeness", "blacklist", "blacklist_reason", "merged_into_id",
                            "remark")),
        ),
        related=(
            Related("contact", "customer_id"),
            Related("customer_team", "customer_id"),
            Related("customer_account", "customer_id"),
            Related("customer_credit", "customer_id"),
            Related("opportunity", "customer_id"),
            Related("quotation", "customer_id"),
            Related("sales_order", "customer_id"),
            Related("invoice", "customer_id"),
            Related("receipt", "customer_id"),
            Related("action", "customer_id"),
            Related("assignment_history", "customer_id"),
            Related("grade_history", "customer_id"),
            Related("customer", "parent_customer_id", "下级单位"),
        ),
    )  # fmt: skip
    __rules__ = (
        unique("unified_code", where=LIVE),
        unique("name_key", "region", where=LIVE),
        sa.Index("ix_customer_name_key", "workspace_id", "name_key"),
        sa.Index("ix_customer_pinyin", "workspace_id", "pinyin"),
        sa.Index("ix_customer_phone_key", "workspace_id", "phone_key"),
        sa.Index("ix_customer_domain", "workspace_id", "domain"),
        sa.Index("ix_customer_name", "workspace_id", "name"),
    )
    name: Mapped[str] = fields.text("客户名称", 100, required=True)
    name_key: Mapped[str | None] = fields.text("规范名称", 100, derived=True, quiet=True)
    pinyin: Mapped[str | None] = fields.text("拼音首字母", 60, derived=True, quiet=True)
    former_names: Mapped[list[Any] | None] = fields.json("曾用名", form="list")
    customer_type: Mapped[str] = fields.choice("客户类型", TYPES, required=True)
    unified_code: Mapped[str | None] = fields.text("统一社会信用代码", 18)
    industry: Mapped[str | None] = fields.text("行业", 40, form="code", target="industry")
    region: Mapped[str | None] = fields.text("区域", 40, form="code", target="region")
    province: Mapped[str | None] = fields.text("省份", 40)
    city: Mapped[str | None] = fields.text("城市", 40)
    address: Mapped[str | None] = fields.text("地址", 200)
    zip: Mapped[str | None] = fields.text("邮编", 6)
    phone: Mapped[str | None] = fields.text("电话", 40, form="phone")
    phone_key: Mapped[str | None] = fields.text("电话号码", 40, derived=True, quiet=True)
    fax: Mapped[str | None] = fields.text("传真", 40)
    website: Mapped[str | None] = fields.text("网址", 200, form="url")
    email: Mapped[str | None] = fields.text("邮箱", 200, form="email")
    domain: Mapped[str | None] = fields.text("域名", 100, derived=True, quiet=True)
    source: Mapped[str] = fields.choice("来源", SOURCES, required=True)
    campaign_id: Mapped[str | None] = fields.text("来源活动", 40, form="number", target="campaign")
    lead_id: Mapped[str | None] = fields.text("来源线索", 40, form="number", target="lead")
    legal_rep: Mapped[str | None] = fields.text("法定代表人", 40)
    registered_capital: Mapped[Decimal | None] = fields.money("注册资金", least=0)
    employees: Mapped[int | None] = fields.whole("员工人数", least=0)
    ownership: Mapped[str | None] = fields.choice("经营组织", ("股份", "有限责任", "个体", "合资"))
    parent_customer_id: Mapped[int | None] = fields.ref("上级单位", "customer")
    life_stage: Mapped[str] = fields.choice("客户阶段", STAGES, required=True, default="潜在")
    partner_status: Mapped[str | None] = fields.choice("同行地位", ("领先", "居中", "末流"))
    grade: Mapped[str | None] = fields.choice("客户等级", ("A", "B", "C", "D"), derived=True)
    service_level: Mapped[str | None] = fields.text("服务级别", 20, derived=True)
    price_policy: Mapped[str | None] = fields.text("价格政策", 40, derived=True)
    discoverer_id: Mapped[str | None] = fields.person("第一发掘人", once=True)
    previous_owner_id: Mapped[str | None] = fields.person("上一负责人", index=False)
    pool_at: Mapped[dt.datetime | None] = fields.moment("进入公海时间")
    last_action_at: Mapped[dt.datetime | None] = fields.moment("最近跟进", derived=True, quiet=True)
    merged_into_id: Mapped[int | None] = fields.ref("已并入", "customer")
    blacklist: Mapped[bool] = fields.flag("黑名单")
    blacklist_reason: Mapped[str | None] = fields.text("黑名单原因", 500)
    completeness: Mapped[Decimal | None] = fields.rate("资料完整率", derived=True, quiet=True)
    intake_id: Mapped[str | None] = fields.text("转入编号", 80, once=True, quiet=True)
    locked_by: Mapped[str | None] = fields.text("分配中", 40, form="number", target="assignment",
                                                quiet=True)  # fmt: skip


def normalise(_mapper: Any, _connection: Any, row: Customer) -> None:
    """The keys follow from the name, phone, website and mail at every write."""
    row.name = names.half_width(row.name)
    row.unified_code = names.code_key(row.unified_code) or None
    key, pinyin = names.name_key(row.name), names.pinyin_key(row.name)
    if row.name_key != key:
        row.name_key, row.pinyin = key, pinyin
    row.phone_key = names.phone_key(row.phone) or None
    row.domain = names.domain_key(row.website, row.email) or None


for _moment in ("before_insert", "before_update"):
    sa.event.listen(Customer, _moment, normalise)
