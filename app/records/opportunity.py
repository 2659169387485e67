"""Opportunities (OP): a chance to sell, through its stages to won or lost (051-03-02)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Entry, Line, Record, Related, unique

STAGES = ("初步接触", "需求确认", "方案报价", "商务谈判", "签约")
LIVE = "state IN ('跟进中', '暂停') AND product_line IS NOT NULL AND NOT allow_parallel"


class Opportunity(Entity, db.Model):
    """An opportunity; `stage` moves only while 跟进中."""

    __tablename__ = "opportunity"
    record = Record(
        "销售机会", area="sales", prefix="OP", title="name", icon="trending-up",
        columns=("name", "customer_id", "stage", "amount", "probability", "weighted",
                 "close_date", "owner_id", "state"),
        filters=("state", "stage", "owner_id", "customer_id", "origin", "close_date"),
        search=("name", "number"), totals=("amount", "weighted"),
        states={"草稿": ("报备中",), "报备中": ("跟进中", "重复驳回"),
                "跟进中": ("赢单", "丢单", "暂停"), "暂停": ("跟进中", "丢单"),
                "赢单": (), "丢单": (), "重复驳回": ()},
        sections=(
            ("机会", ("name", "customer_id", "contact_id", "product_line", "stage", "amount",
                      "probability", "weighted", "close_date", "origin", "need", "need_doc")),
            ("来源与归属", ("source", "lead_id", "campaign_id", "discoverer_id", "owner_id",
                            "department_id", "protect_until", "last_action_at")),
            ("结果", ("won_quote_no", "lost_reason", "lost_competitor", "lost_price", "lesson",
                      "same_as", "cost", "remark")),
        ),
        related=(Related("opportunity_line", "opportunity_id"),
                 Related("quotation", "opportunity_id"),
                 Related("stage_history", "opportunity_id"),
                 Related("action_expense", "opportunity_id")),
    )  # fmt: skip
    __rules__ = (
        unique("customer_id", "product_line", where=LIVE),
        sa.Index("ix_opportunity_stage", "workspace_id", "state", "stage"),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
    )
    name: Mapped[str] = fields.text("名称", 100, required=True)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    contact_id: Mapped[int | None] = fields.ref("联系人", "contact")
    product_line: Mapped[str | None] = fields.text("产品线", 40)
    allow_parallel: Mapped[bool] = fields.flag("允许并行")
    stage: Mapped[str] = fields.choice("阶段", STAGES, required=True, default="初步接触")
    amount: Mapped[Decimal] = fields.money("金额", required=True, least=0)
    probability: Mapped[int] = fields.whole("把握", required=True, default=0, least=0, suffix="%")
    weighted: Mapped[Decimal] = fields.money("加权金额", required=True, default=0, derived=True,
                                             quiet=True)  # fmt: skip
    close_date: Mapped[dt.date] = fields.day("预计签约", required=True, index=True)
    origin: Mapped[str] = fields.choice("来源", ("自找", "委派"), required=True, default="自找")
    source: Mapped[str | None] = fields.text("机会来源", 20)
    lead_id: Mapped[int | None] = fields.ref("线索", "lead")
    campaign_id: Mapped[int | None] = fields.ref("市场活动", "campaign")
    discoverer_id: Mapped[str | None] = fields.person("第一发掘人", once=True)
    team: Mapped[list[Any] | None] = fields.json("团队", form="list")
    competitors: Mapped[list[Any] | None] = fields.json("竞争对手", form="list")
    protect_until: Mapped[dt.date | None] = fields.day("保护期至")
    cost: Mapped[Decimal] = fields.money("费用", required=True, default=0, derived=True)
    last_action_at: Mapped[dt.datetime | None] = fields.moment("最近跟进", derived=True, quiet=True)
    won_quote_no: Mapped[str | None] = fields.text("成交报价", 40, form="number",
                                                   target="quotation")  # fmt: skip
    need: Mapped[str | None] = fields.long("客户需求")
    need_doc: Mapped[str | None] = fields.long("确认的需求")
    decision_chain: Mapped[list[Any] | None] = fields.json("决策链")
    suspensions: Mapped[int] = fields.whole("暂停次数", required=True, default=0, derived=True)
    same_as: Mapped[str | None] = fields.text("重复于", 40, form="number", target="opportunity")
    lost_reason: Mapped[str | None] = fields.text("丢单原因", 200)
    lost_competitor: Mapped[str | None] = fields.text("输给", 100)
    lost_price: Mapped[Decimal | None] = fields.money("对手价格")
    lesson: Mapped[str | None] = fields.long("教训")


class OpportunityLine(Line, db.Model):
    """A product that the customer may buy."""

    __tablename__ = "opportunity_line"
    record = Record("机会明细", title="product_id", sight="opportunity_id", listed=False,
                    columns=("product_id", "qty", "est_price"))  # fmt: skip
    opportunity_id: Mapped[int] = fields.ref("机会", "opportunity", required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    qty: Mapped[Decimal] = fields.qty("数量", required=True, least=0)
    est_price: Mapped[Decimal | None] = fields.price("预估价", least=0)


class StageHistory(Entry, db.Model):
    """An opportunity went from one stage to the next; how many days it had stayed."""

    __tablename__ = "stage_history"
    record = Record("阶段历史", title="to_stage", sight="opportunity_id", listed=False,
                    columns=("created_at", "from_stage", "to_stage", "days", "created_by"))  # fmt: skip
    opportunity_id: Mapped[int] = fields.ref("机会", "opportunity", required=True)
    from_stage: Mapped[str | None] = fields.choice("原阶段", STAGES)
    to_stage: Mapped[str] = fields.choice("新阶段", STAGES, required=True)
    days: Mapped[int] = fields.whole("停留天数", required=True, default=0)


def weigh(_mapper: Any, _connection: Any, row: Opportunity) -> None:
    """weighted = amount x probability / 100, at every write."""
    row.weighted = Decimal(row.amount) * (row.probability or 0) / 100


for _moment in ("before_insert", "before_update"):
    sa.event.listen(Opportunity, _moment, weigh)
