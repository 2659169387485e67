"""Campaigns (MK): what is done in the market, planned, approved, released and measured."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Record, Related

MARKETING = ("marketing_specialist", "marketing_manager", "marketing_director")


class Campaign(Entity, db.Model):
    """A campaign. `baseline` is the copy of what was expected when it was approved."""

    __tablename__ = "campaign"
    record = Record(
        "市场活动", area="market", prefix="MK", title="name", icon="speakerphone",
        readers=MARKETING,
        columns=("name", "type", "start_on", "end_on", "budget_total", "spent", "owner_id",
                 "state"),
        filters=("state", "type", "owner_id", "start_on"), search=("name", "number"),
        totals=("budget_total", "spent"),
        states={"草稿": ("审批中", "已取消"), "审批中": ("已批准", "已驳回", "草稿"),
                "已批准": ("已下达", "已取消"), "已下达": ("执行中", "已取消"),
                "执行中": ("已结束", "已取消"), "已结束": ("已关闭",),
                "已关闭": (), "已驳回": (), "已取消": ()},
        sections=(
            ("活动", ("name", "type", "goal", "start_on", "end_on", "place", "target_segment",
                      "products", "owner_id", "department_id", "risk", "version")),
            ("预算与效果", ("budget_total", "spent", "expected_leads", "expected_customers",
                            "expected_opportunities", "expected_amount",
                            "expected_satisfaction", "result_text", "deviation_reason",
                            "lessons", "remark")),
        ),
        related=(Related("campaign_task", "campaign_id"), Related("target_list", "campaign_id"),
                 Related("lead", "campaign_id"), Related("opportunity", "campaign_id"),
                 Related("campaign_effect", "campaign_id"), Related("incentive", "campaign_id")),
    )  # fmt: skip
    __rules__ = (sa.CheckConstraint("end_on >= start_on", name="dates"),)
    name: Mapped[str] = fields.text("名称", 100, required=True)
    type: Mapped[str] = fields.text("类型", 20, required=True)
    goal: Mapped[str] = fields.long("目标", required=True)
    start_on: Mapped[dt.date] = fields.day("开始", required=True)
    end_on: Mapped[dt.date] = fields.day("结束", required=True)
    place: Mapped[str | None] = fields.text("地点", 200)
    products: Mapped[list[Any] | None] = fields.json("推广产品", form="list")
    target_segment: Mapped[str | None] = fields.long("目标客户")
    risk: Mapped[str | None] = fields.long("风险")
    post_survey: Mapped[bool] = fields.flag("活动后满意度调查")
    invite_text: Mapped[str | None] = fields.long("邀约内容")
    budget_total: Mapped[Decimal] = fields.money("预算", required=True, least=0)
    budget_lines: Mapped[list[Any] | None] = fields.json("预算明细")
    expected_leads: Mapped[int | None] = fields.whole("期望线索", least=0)
    expected_customers: Mapped[int | None] = fields.whole("期望客户", least=0)
    expected_opportunities: Mapped[int | None] = fields.whole("期望机会", least=0)
    expected_amount: Mapped[Decimal | None] = fields.money("期望订单额", least=0)
    expected_satisfaction: Mapped[Decimal | None] = fields.rate("期望满意度", least=0)
    expected: Mapped[dict[str, Any] | None] = fields.json("期望")
    baseline: Mapped[dict[str, Any] | None] = fields.json("基线", once=True)
    actual: Mapped[dict[str, Any] | None] = fields.json("实际", quiet=True)
    spent: Mapped[Decimal] = fields.money("已用", required=True, default=0, derived=True)
    result_text: Mapped[str | None] = fields.long("活动成果")
    deviation_reason: Mapped[str | None] = fields.long("偏差原因")
    lessons: Mapped[str | None] = fields.long("总结")
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
