"""Invitations of a campaign: which contact was asked, what he answered, whether he came."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Line, Record, unique


class TargetList(Line, db.Model):
    """One invited contact of one campaign."""

    __tablename__ = "target_list"
    record = Record(
        "邀约名单", area="market", title="contact_id", icon="list-check", sight="campaign_id",
        columns=("contact_id", "campaign_id", "reply", "attended", "voided"),
        filters=("campaign_id", "reply", "attended"),
    )  # fmt: skip
    __rules__ = (
        unique("campaign_id", "contact_id"),
        unique("invite_token", where="invite_token IS NOT NULL"),
    )
    campaign_id: Mapped[int] = fields.ref("市场活动", "campaign", required=True)
    contact_id: Mapped[int] = fields.ref("联系人", "contact", required=True)
    invite_token: Mapped[str | None] = fields.text("邀请码", 60, private=True)
    reply: Mapped[str] = fields.choice(
        "答复", ("未复", "参加", "不参加"), required=True, default="未复"
    )
    attended: Mapped[bool] = fields.flag("到场")
    voided: Mapped[bool] = fields.flag("已作废")
