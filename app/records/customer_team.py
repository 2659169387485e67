"""Who besides the owner works on a customer (共享)."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Line, Record, unique


class CustomerTeam(Line, db.Model):
    """One colleague with whom a customer is shared."""

    __tablename__ = "customer_team"
    record = Record(
        "共享成员",
        title="user_id",
        columns=("user_id", "access"),
        sight="customer_id",
        listed=False,
    )
    __rules__ = (unique("customer_id", "user_id"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    user_id: Mapped[str] = fields.person("成员", required=True)
    access: Mapped[str] = fields.choice("权限", ("只读", "读写"), required=True, default="只读")
