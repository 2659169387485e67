"""What a campaign brought, day by day; append-only."""

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entry, Record, unique


class CampaignEffect(Entry, db.Model):
    """The figures of one campaign on one day."""

    __tablename__ = "campaign_effect"
    record = Record(
        "活动效果", area="market", title="run_date", icon="chart-line", sight="campaign_id",
        columns=("run_date", "campaign_id", "leads", "customers", "opportunities", "orders",
                 "order_amount", "spent"),
        filters=("campaign_id", "run_date"),
    )  # fmt: skip
    __rules__ = (unique("campaign_id", "run_date"),)
    campaign_id: Mapped[int] = fields.ref("市场活动", "campaign", required=True)
    run_date: Mapped[dt.date] = fields.day("日期", required=True)
    leads: Mapped[int] = fields.whole("线索", required=True, default=0)
    customers: Mapped[int] = fields.whole("客户", required=True, default=0)
    opportunities: Mapped[int] = fields.whole("机会", required=True, default=0)
    orders: Mapped[int] = fields.whole("订单", required=True, default=0)
    order_amount: Mapped[Decimal] = fields.money("订单额", required=True, default=0)
    spent: Mapped[Decimal] = fields.money("费用", required=True, default=0)
    satisfaction: Mapped[Decimal | None] = fields.rate("满意度")
