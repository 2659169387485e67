"""Incentives (IC): what somebody earns by a campaign; may be negative when taken back."""

from decimal import Decimal

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.campaign import MARKETING
from app.records.record import Entity, Record, unique


class Incentive(Entity, db.Model):
    """One incentive for one object of one campaign."""

    __tablename__ = "incentive"
    record = Record(
        "激励", area="market", prefix="IC", title="number", icon="gift", readers=MARKETING,
        columns=("number", "campaign_id", "payee_id", "kind", "object_no", "amount", "state"),
        filters=("state", "kind", "payee_id", "campaign_id"), search=("number", "object_no"),
        totals=("amount",),
        states={"待批": ("已批", "已冲回"), "已批": ("已发", "已冲回"), "已发": ("已冲回",),
                "已冲回": ()},
        sections=(("激励", ("campaign_id", "payee_id", "kind", "object", "object_no", "amount",
                            "reason", "remark")),),
    )  # fmt: skip
    __rules__ = (unique("campaign_id", "object", "object_no", "kind"),)
    campaign_id: Mapped[int] = fields.ref("市场活动", "campaign", required=True)
    payee_id: Mapped[str] = fields.person("受奖人", required=True)
    object: Mapped[str] = fields.text("对象", 20, required=True)
    object_no: Mapped[str] = fields.text("对象编号", 60, required=True)
    kind: Mapped[str] = fields.text("种类", 20, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    reason: Mapped[str | None] = fields.text("说明", 500)
