"""联系人：保存，一家企业一位首要联系人（051-01-01）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.records import names, write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.errors import RecordError
from handlers import profile, steps

SAME_NAME = "重名联系人"


@handler()
def save(
    step: Step, *, contact: dict, customer_id: str, mode: str = "create",
    starter: str | None = None, intake: dict | None = None,
) -> None:  # fmt: skip
    """保存一位联系人；同一客户下手机或姓名相同的就是同一位。

    The contact is 在职 or 离职; a new one keeps who found it. A first contact replaces the one
    before. Raises E_CONTACT_INVALID (051-01-01 step 01.16).
    """
    if mode in ("deactivate", "reactivate"):
        return
    given = profile.cleaned(contact)
    wrong = profile.contact_problems(given)
    if wrong:
        raise BpmnError("E_CONTACT_INVALID", wrong[0], problems="\n".join(wrong))
    customer = write.need("customer", customer_id)
    try:
        finder = (intake or {}).get("discoverer") or starter or step.started_by
        keep(step, customer, given, finder)
    except (Invalid, RecordError) as error:
        raise steps.refusal(error, "E_CONTACT_INVALID") from error


def keep(
    step: Step, customer: Customer, given: Mapping[str, Any], finder: str | None, *,
    only_empty: bool = False,
) -> Contact:  # fmt: skip
    """The customer has this contact. `only_empty`: an existing one keeps what it has."""
    row = find(customer.id, given)
    values = {name: given.get(name) for name in profile.CONTACT_FIELDS if name in given}
    values["consent_file"] = _file(given.get("consent_file"))
    values["reports_to_id"] = _superior(customer.id, given.get("reports_to"))
    how = steps.writing(step)
    if row is None:
        values |= {"customer_id": customer.id, "owner_id": customer.owner_id,
                   "discoverer_id": finder, "department_id": customer.department_id}  # fmt: skip
        if _lives_elsewhere(customer.id, given):
            values["remark"] = SAME_NAME
        values["is_primary"] = _first(customer.id, bool(given.get("is_primary")), only_empty)
        if values["is_primary"]:
            _step_down(customer.id, None, how)
        row = write.create("contact", values, state=given.get("status") or "在职", **how)
        return row
    if only_empty:
        values = {name: value for name, value in values.items()
                  if value and not getattr(row, name) and name != "is_primary"}  # fmt: skip
    elif values.get("is_primary"):
        _step_down(customer.id, row.id, how)
    if values.get("consent_file") is None:
        values.pop("consent_file", None)
    if row.reports_to_id and not values.get("reports_to_id"):
        values.pop("reports_to_id", None)
    write.change(row, values, **how)
    if given.get("status") and not only_empty:
        write.move(row, given["status"], **how)
    return row


def find(customer_id: int, given: Mapping[str, Any]) -> Contact | None:
    """The contact that is meant: same number, else same mobile, else same name."""
    mine = Contact.customer_id == customer_id
    keys = [
        (Contact.number, given.get("number")),
        (Contact.mobile_key, names.phone_key(given.get("mobile")) or None),
        (Contact.name, names.half_width(given.get("name")) or None),
    ]
    for column, value in keys:
        if value is None:
            continue
        row = db.session.scalar(sa.select(Contact).where(mine, column == value).limit(1))
        if row is not None and _same_person(row, given):
            return row
    return None


def _same_person(row: Contact, given: Mapping[str, Any]) -> bool:
    """Two people of one name have two mobiles."""
    mobile = names.phone_key(given.get("mobile"))
    if given.get("number"):
        return row.number == given["number"] or row.mobile_key == mobile
    return not (mobile and row.mobile_key and row.mobile_key != mobile)


def _first(customer_id: int, wanted: bool, only_empty: bool) -> bool:
    query = sa.select(Contact.id).where(Contact.customer_id == customer_id, Contact.is_primary)
    has_one = db.session.scalar(query.limit(1)) is not None
    return not has_one if only_empty else wanted or not has_one


def _step_down(customer_id: int, keep_id: int | None, how: dict[str, Any]) -> None:
    query = sa.select(Contact).where(Contact.customer_id == customer_id, Contact.is_primary)
    for other in db.session.scalars(query):
        if other.id != keep_id:
            write.change(other, {"is_primary": False}, **how)


def _lives_elsewhere(customer_id: int, given: Mapping[str, Any]) -> bool:
    mobile = names.phone_key(given.get("mobile"))
    if not mobile:
        return False
    query = sa.select(Contact.id).where(
        Contact.mobile_key == mobile, Contact.customer_id != customer_id, Contact.state == "在职"
    )
    return db.session.scalar(query.limit(1)) is not None


def _superior(customer_id: int, name: str | None) -> int | None:
    if not name:
        return None
    query = sa.select(Contact.id).where(
        Contact.customer_id == customer_id, Contact.name == names.half_width(name)
    )
    found = db.session.scalar(query.limit(1))
    if found is None and name:
        return None
    return found


def _file(value: Any) -> str | None:
    """The uploaded consent as the name under which it is kept."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, Mapping):
        first = first.get("id") or first.get("key") or first.get("name")
    return str(first)[:200] if first else None
