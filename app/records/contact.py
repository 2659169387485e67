"""Contacts (CT): the people at a customer. Personal data needs their recorded consent."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields, names
from app.records.record import Entity, Record

DECISION_ROLES = ("决策者", "影响者", "使用者", "把关人", "信息提供者")


class Contact(Entity, db.Model):
    """A person at a customer; one of a company's contacts is the first."""

    __tablename__ = "contact"
    record = Record(
        "联系人", prefix="CT", title="name", icon="user", sight="customer_id",
        columns=("name", "customer_id", "title_text", "decision_role", "mobile", "email",
                 "is_primary", "state"),
        filters=("state", "decision_role", "is_primary", "consent"),
        search=("name", "number", "mobile_key", "phone_key", "email", "pinyin"),
        states={"在职": ("离职",), "离职": ("在职",)},
        sections=(
            ("联系人", ("customer_id", "name", "title_text", "department_text", "decision_role",
                        "is_primary", "reports_to_id")),
            ("联系方式", ("mobile", "phone", "email", "care_optout")),
            ("个人信息", ("consent", "consent_file", "birthday", "hobby", "family")),
            ("归属", ("owner_id", "discoverer_id", "remark")),
        ),
    )  # fmt: skip
    __rules__ = (
        sa.Index("ix_contact_customer_primary", "customer_id", "is_primary"),
        sa.Index("ix_contact_mobile_key", "workspace_id", "mobile_key"),
        sa.Index("ix_contact_phone_key", "workspace_id", "phone_key"),
        sa.Index("ix_contact_name", "workspace_id", "name"),
    )
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    name: Mapped[str] = fields.text("姓名", 60, required=True)
    pinyin: Mapped[str | None] = fields.text("拼音首字母", 60, derived=True, quiet=True)
    title_text: Mapped[str | None] = fields.text("职务", 60)
    department_text: Mapped[str | None] = fields.text("所在部门", 60)
    decision_role: Mapped[str | None] = fields.choice("决策角色", DECISION_ROLES)
    mobile: Mapped[str | None] = fields.text("手机", 20, form="phone")
    mobile_key: Mapped[str | None] = fields.text("手机号码", 20, derived=True, quiet=True)
    phone: Mapped[str | None] = fields.text("电话", 40, form="phone")
    phone_key: Mapped[str | None] = fields.text("电话号码", 40, derived=True, quiet=True)
    email: Mapped[str | None] = fields.text("邮箱", 200, form="email")
    consent: Mapped[str] = fields.choice(
        "个人信息同意", ("未取得", "已取得"), required=True, default="未取得"
    )
    consent_file: Mapped[str | None] = fields.text("同意书", 200, private=True)
    birthday: Mapped[dt.date | None] = fields.day("生日", private=True)
    hobby: Mapped[str | None] = fields.text("爱好", 200, private=True)
    family: Mapped[str | None] = fields.text("家庭", 200, private=True)
    reports_to_id: Mapped[int | None] = fields.ref("汇报对象", "contact")
    is_primary: Mapped[bool] = fields.flag("首要联系人")
    discoverer_id: Mapped[str | None] = fields.person("第一发掘人", once=True)
    care_optout: Mapped[bool] = fields.flag("拒收关怀")


def normalise(_mapper: Any, _connection: Any, row: Contact) -> None:
    """The keys follow from name and phones at every write."""
    row.name = names.half_width(row.name)
    row.pinyin = names.pinyin_key(row.name)
    row.mobile_key = names.phone_key(row.mobile) or None
    row.phone_key = names.phone_key(row.phone) or None


for _moment in ("before_insert", "before_update"):
    sa.event.listen(Contact, _moment, normalise)
