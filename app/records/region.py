"""Regions: the sales areas of the company, a code table."""

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Record

USE = {"在用": ("停用",), "停用": ("在用",)}


class Region(Entity, db.Model):
    """A sales area; customers name it by its word."""

    __tablename__ = "region"
    record = Record(
        "区域", area="base", title="name", columns=("number", "name", "department_id", "state"),
        search=("number", "name"), states=USE, sight="open", icon="map",
        sections=(("区域", ("name", "department_id", "remark")),),
    )  # fmt: skip
    name: Mapped[str] = fields.text("名称", 40, required=True)
