"""What a customer's profile must be like: the rules of form F1 as plain functions (051-01-01).

No handlers in here: `customer.py` and `completeness.py` ask.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.i18n import _, label
from app.records import fields, names, record, write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.industry import Industry
from app.records.region import Region

FIELDS = (
    "name", "customer_type", "unified_code", "industry", "region", "province", "city", "address",
    "zip", "phone", "fax", "website", "email", "source", "campaign_id", "legal_rep",
    "registered_capital", "employees", "ownership", "parent_customer_id", "life_stage",
    "partner_status", "blacklist", "blacklist_reason", "remark",
)  # fmt: skip
KEY_FIELDS = ("name", "unified_code", "region", "parent_customer_id", "blacklist")
CONTACT_FIELDS = (
    "name", "title_text", "department_text", "decision_role", "mobile", "phone", "email",
    "consent", "consent_file", "birthday", "hobby", "is_primary", "care_optout",
)  # fmt: skip
PRIVATE = ("birthday", "hobby")
REGIONS = ("华东", "华南", "华北", "华中", "西南", "西北", "东北", "港澳台及海外")
INDUSTRIES = ("机械制造", "汽车零部件", "电子电气", "自动化", "船舶与游艇", "地产置业", "能源化工",
              "医疗器械", "教育科研", "政府", "贸易流通", "其他")  # fmt: skip
# what `profile_required` names, in the words of the form
DUE = {
    "name": "客户名称", "industry": "行业", "region": "区域", "address": "地址",
    "contact": "联系人", "decision_maker": "决策者联系人", "mobile": "手机",
    "unified_code": "统一社会信用代码", "invoice_title": "发票抬头",
}  # fmt: skip


def choices() -> dict[str, list[str]]:
    """The regions and industries to choose from: the code tables, else the usual ones."""
    return {"regions": _codes(Region, REGIONS), "industries": _codes(Industry, INDUSTRIES)}


def _codes(model: Any, usual: Sequence[str]) -> list[str]:
    query = sa.select(model.name).where(model.state == "在用").order_by(model.id)
    return list(db.session.scalars(query)) or list(usual)


def of(customer: Customer) -> dict[str, Any]:
    """The customer as form F1 shows it."""
    found = {name: getattr(customer, name) for name in FIELDS}
    parent = customer.parent_customer_id
    found["parent_customer_id"] = write.get("customer", parent).number if parent else None
    found["invoice_title"] = invoice_title(customer.id)
    return found


def invoice_title(customer_id: int) -> str | None:
    """The title that invoices carry, once the customer has an account."""
    account: Any = record.entities().get("customer_account")
    if account is None:
        return None
    query = sa.select(account.invoice_title).where(account.customer_id == customer_id)
    return db.session.scalar(query)


def contacts_of(customer_id: int) -> list[Contact]:
    """The customer's contacts, the first one first."""
    query = sa.select(Contact).where(Contact.customer_id == customer_id)
    return list(db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.id)))


def contact_rows(customer_id: int) -> list[dict[str, Any]]:
    """The customer's contacts as the form's list shows them."""
    rows = contacts_of(customer_id)
    known = {row.id: row.name for row in rows}
    return [
        {name: getattr(row, name) for name in CONTACT_FIELDS if name != "consent_file"}
        | {"status": row.state, "reports_to": known.get(row.reports_to_id), "number": row.number}
        for row in rows
    ]


def cleaned(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Typed texts in half width without stray blanks; codes and numbers in one form."""
    found = {
        name: names.half_width(value) or None if isinstance(value, str) and name != "remark"
        else value
        for name, value in (given or {}).items()
    }  # fmt: skip
    if found.get("unified_code"):
        found["unified_code"] = names.code_key(found["unified_code"])
    return found


def problems(customer: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that forbids saving this profile, in sentences."""
    found = _customer_problems(customer)
    company = customer.get("customer_type") == "企业"
    if company and not contacts:
        found.append(_("企业客户至少要有一位联系人。"))
    if not customer.get("phone") and not any(_reachable(c, "mobile", "phone") for c in contacts):
        found.append(_("请填写客户电话，或者至少一位联系人的手机或电话。"))
    if company and sum(bool(c.get("is_primary")) for c in contacts) > 1:
        found.append(_("首要联系人只能有一位。"))
    for contact in contacts:
        found += contact_problems(contact)
    return found


def _customer_problems(customer: Mapping[str, Any]) -> list[str]:
    found = []
    if not 2 <= len(customer.get("name") or "") <= 100:
        found.append(_("客户名称要有 2 到 100 个字。"))
    code = customer.get("unified_code")
    if code and not names.is_code(code):
        found.append(_("统一社会信用代码 %(code)s 的校验位不对，请核对执照。", code=code))
    deal = customer.get("customer_type") == "企业" and customer.get("life_stage") == "成交"
    if deal and not code:
        found.append(_("成交的企业客户必须填写统一社会信用代码。"))
    if customer.get("source") == "市场活动" and not customer.get("campaign_id"):
        found.append(_("来源是市场活动时，请填写来源活动。"))
    if customer.get("blacklist") and not customer.get("blacklist_reason"):
        found.append(_("列入黑名单必须写明原因。"))
    return found


def contact_problems(contact: Mapping[str, Any]) -> list[str]:
    """Everything that forbids saving this contact, in sentences."""
    who = contact.get("name") or _("联系人")
    found = []
    if not contact.get("name"):
        found.append(_("联系人的姓名没有填写。"))
    if not _reachable(contact, "mobile", "phone", "email"):
        found.append(_("%(who)s：手机、电话、邮箱至少填一项。", who=who))
    if contact.get("consent") != "已取得" and any(contact.get(name) for name in PRIVATE):
        found.append(_("%(who)s：没有取得个人信息同意，不能登记生日和爱好。", who=who))
    if contact.get("status") == "离职" and contact.get("is_primary"):
        found.append(_("%(who)s已离职，不能是首要联系人。", who=who))
    return found


def _reachable(contact: Mapping[str, Any], *ways: str) -> bool:
    return any(contact.get(way) for way in ways)


def with_primary(
    customer: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The contacts, the first one at work marked as primary if nobody is."""
    rows = [dict(contact) for contact in contacts]
    working = [row for row in rows if row.get("status") != "离职"]
    if working and not any(row.get("is_primary") for row in rows):
        working[0]["is_primary"] = True
    return rows


def filled(customer: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which of the fields that `profile_required` may ask for are there."""
    found = [name for name in DUE if customer.get(name)]
    if contacts:
        found.append("contact")
    if any(contact.get("decision_role") == "决策者" for contact in contacts):
        found.append("decision_maker")
    if any(contact.get("mobile") for contact in contacts):
        found.append("mobile")
    return found


def due_text(missing: Sequence[str]) -> str:
    """The missing fields in a sentence."""
    listed = "、".join(label(DUE.get(name, name)) for name in missing)
    return _("资料还不完整，请补充：%(fields)s。", fields=listed)


def has_cycle(number: str | None, parent: str | None) -> bool:
    """Would the customer stand above itself with this parent?"""
    seen = {number}
    while parent:
        if parent in seen:
            return True
        seen.add(parent)
        above = write.find("customer", parent)
        next_id = above.parent_customer_id if above else None
        parent = write.get("customer", next_id).number if next_id else None
    return False


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{label, old, new}] of every field that differs; nothing private is in it."""
    known = record.columns(Customer)
    found = []
    for name in FIELDS:
        old, new = (before or {}).get(name), after.get(name)
        if (old or None) != (new or None):
            title = fields.shown_name(known[name])
            found.append({"field": name, "label": title, "old": shown(old), "new": shown(new)})
    return found


def shown(value: Any) -> str:
    """A value as a table cell."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return f"{value:,}" if isinstance(value, Decimal) else str(value)


def department_name(department_id: str | None) -> str:
    """The name of a department, a dash if there is none."""
    found = db.session.get(Department, department_id) if department_id else None
    return found.name if found else "—"


def owner_department(login: str | None) -> str | None:
    """The department that a customer of this owner belongs to."""
    person = people.get(login)
    return person.department_id if person else None
