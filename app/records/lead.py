"""Leads (LD): somebody who may become a customer (051-02-01)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields, gram, names
from app.records.opportunity import Opportunity
from app.records.record import Entity, Record, Related, unique


@gram.keep
class Lead(Entity, db.Model):
    """A lead; who found it is written once."""

    __tablename__ = "lead"
    record = Record(
        "线索", area="market", prefix="LD", title="title_text", icon="bulb",
        columns=("title_text", "company", "contact_name", "level", "score", "source", "region",
                 "owner_id", "last_action_at", "state"),
        filters=("state", "level", "source", "region", "owner_id", "campaign_id"),
        search=("title_text", "number", "company", "contact_name", "mobile_key", "pinyin"),
        states={"新建": ("待接收", "已合并", "无效", "线索池", "培育中"),
                "待接收": ("跟进中", "线索池", "培育中"),
                "跟进中": ("待接收", "已转化", "无效", "培育中", "线索池"),
                "培育中": ("待接收", "线索池", "无效"), "线索池": ("待接收", "培育中", "无效"),
                "已转化": (), "无效": (), "已合并": ()},
        sections=(
            ("线索", ("title_text", "company", "contact_name", "mobile", "phone", "email",
                      "region", "industry", "source", "campaign_id")),
            ("需求", ("need", "product_interest", "budget", "timeframe", "authority")),
            ("跟进", ("score", "level", "owner_id", "discoverer_id", "rounds", "revisit_at",
                      "last_action_at", "customer_id", "contact_id", "opportunity_no",
                      "close_reason", "remark")),
        ),
        related=(Related("opportunity", "lead_id"),),
    )  # fmt: skip
    __rules__ = (
        unique("external_id", where="external_id IS NOT NULL"),
        sa.Index("ix_lead_mobile_key", "workspace_id", "mobile_key"),
        sa.Index("ix_lead_name_key", "workspace_id", "name_key"),
    )
    title_text: Mapped[str] = fields.text("标题", 100, required=True)
    company: Mapped[str | None] = fields.text("公司", 100)
    name_key: Mapped[str | None] = fields.text("规范名称", 100, derived=True, quiet=True)
    pinyin: Mapped[str | None] = fields.text("拼音首字母", 60, derived=True, quiet=True)
    contact_name: Mapped[str] = fields.text("联系人", 60, required=True)
    mobile: Mapped[str | None] = fields.text("手机", 20, form="phone")
    mobile_key: Mapped[str | None] = fields.text("手机号码", 20, derived=True, quiet=True)
    phone: Mapped[str | None] = fields.text("电话", 40, form="phone")
    email: Mapped[str | None] = fields.text("邮箱", 200, form="email")
    region: Mapped[str | None] = fields.text("区域", 40, form="code", target="region")
    industry: Mapped[str | None] = fields.text("行业", 40, form="code", target="industry")
    source: Mapped[str] = fields.text("来源", 20, required=True)
    campaign_id: Mapped[int | None] = fields.ref("来源活动", "campaign")
    need: Mapped[str] = fields.long("需求", required=True)
    product_interest: Mapped[str | None] = fields.text("意向产品", 100)
    budget: Mapped[Decimal | None] = fields.money("预算", least=0)
    timeframe: Mapped[str | None] = fields.text("时间计划", 40)
    authority: Mapped[str | None] = fields.text("决策权", 40)
    score: Mapped[int | None] = fields.whole("评分", derived=True)
    level: Mapped[str | None] = fields.choice("级别", ("热", "温", "冷"), derived=True)
    discoverer_id: Mapped[str | None] = fields.person("第一发掘人", once=True)
    rounds: Mapped[int] = fields.whole("派发轮次", required=True, default=0)
    revisit_at: Mapped[dt.date | None] = fields.day("回访日期", index=True)
    last_action_at: Mapped[dt.datetime | None] = fields.moment("最近跟进", derived=True, quiet=True)
    customer_id: Mapped[int | None] = fields.ref("客户", "customer")
    contact_id: Mapped[int | None] = fields.ref("联系人档案", "contact")
    opportunity_no: Mapped[str | None] = fields.text("机会", 40, form="number",
                                                     target="opportunity")  # fmt: skip
    touches: Mapped[list[Any] | None] = fields.json("接触")
    close_reason: Mapped[str | None] = fields.text("无效原因", 500)
    merged_into_id: Mapped[int | None] = fields.ref("已并入", "lead")
    external_id: Mapped[str | None] = fields.text("外部编号", 80, once=True, quiet=True)


def normalise(_mapper: Any, _connection: Any, row: Lead) -> None:
    """The keys follow from company (else the person's name) and phones at every write."""
    row.name_key = names.name_key(row.company or row.contact_name)
    row.pinyin = names.pinyin_key(row.company or row.contact_name)
    row.mobile_key = names.phone_key(row.mobile or row.phone)[:20] or None


def link(_mapper: Any, connection: sa.Connection, made: Opportunity) -> None:
    """The lead knows the first opportunity that was made of it, whichever flow made it."""
    if made.lead_id is not None:
        lead = Lead.__table__
        connection.execute(
            sa.update(lead)
            .where(lead.c.id == made.lead_id, lead.c.opportunity_no.is_(None))
            .values(opportunity_no=made.number)
        )


sa.event.listen(Opportunity, "after_insert", link)
for _moment in ("before_insert", "before_update"):
    sa.event.listen(Lead, _moment, normalise)
