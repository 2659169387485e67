"""Tasks of a campaign: who does what by when, with which part of the budget."""

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.campaign import MARKETING
from app.records.record import Entity, Record


class CampaignTask(Entity, db.Model):
    """One task; its number is the campaign's with -Tn."""

    __tablename__ = "campaign_task"
    record = Record(
        "活动任务", area="market", title="name", icon="checklist", readers=MARKETING,
        columns=("name", "campaign_id", "executor_id", "start_on", "due_on", "task_budget",
                 "progress", "state"),
        filters=("state", "executor_id", "campaign_id"), search=("name", "number"),
        totals=("task_budget", "spent"),
        states={"待接收": ("进行中", "已取消", "未完成"),
                "进行中": ("已完成", "逾期关闭", "未完成", "已取消"),
                "已完成": (), "逾期关闭": (), "未完成": (), "已取消": ()},
        sections=(("任务", ("name", "campaign_id", "executor_id", "start_on", "due_on",
                            "task_budget", "spent", "deliverable", "progress", "remark")),),
    )  # fmt: skip
    campaign_id: Mapped[int] = fields.ref("市场活动", "campaign", required=True)
    name: Mapped[str] = fields.text("任务名称", 100, required=True)
    executor_id: Mapped[str] = fields.person("执行人", required=True)
    start_on: Mapped[dt.date] = fields.day("开始", required=True)
    due_on: Mapped[dt.date] = fields.day("到期", required=True)
    task_budget: Mapped[Decimal] = fields.money("预算", required=True, default=0, least=0)
    spent: Mapped[Decimal] = fields.money("已用", required=True, default=0, derived=True)
    deliverable: Mapped[str | None] = fields.text("交付物", 500)
    progress: Mapped[Decimal] = fields.rate("进度", required=True, default=0, least=0)
