"""Industries of customers, a code table."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Record
from app.records.region import USE


class Industry(Entity, db.Model):
    """A line of business; customers name it by its word."""

    __tablename__ = "industry"
    record = Record(
        "行业", area="base", title="name", columns=("number", "name", "state"),
        search=("number", "name"), states=USE, sight="open", icon="building-factory",
        sections=(("行业", ("name", "remark")),),
    )  # fmt: skip
    name: Mapped[str] = fields.text("名称", 40, required=True)
