"""Contacts: one primary per company, who is the same person, consent."""

import pytest

from app.db import db
from app.engine.handlers import BpmnError, Step
from app.records import write
from app.records.contact import Contact
from handlers import contact

HENGYUAN = "CU-202501-0001"


def all_of(number: str) -> dict[str, Contact]:
    customer = write.need("customer", number)
    rows = db.session.scalars(db.select(Contact).filter_by(customer_id=customer.id))
    return {row.name: row for row in rows}


def keep(step: Step, **given: object) -> Contact:
    contact.save(step, contact={"name": "钱进", **given}, customer_id=HENGYUAN)
    return all_of(HENGYUAN)[str(given.get("name", "钱进"))]


def test_a_new_primary_contact_replaces_the_one_before(step: Step):
    keep(step, mobile="13900000001", is_primary=True)
    assert [one.name for one in all_of(HENGYUAN).values() if one.is_primary] == ["钱进"]


def test_the_same_mobile_is_the_same_person(step: Step):
    keep(step, mobile="13900000001")
    keep(step, name="钱大进", mobile="139-0000-0001")
    assert "钱进" not in all_of(HENGYUAN)
    assert len(all_of(HENGYUAN)) == 3


def test_two_people_of_one_name_have_two_mobiles(step: Step):
    keep(step, mobile="13900000001")
    contact.save(step, contact={"name": "钱进", "mobile": "13900000002"}, customer_id=HENGYUAN)
    customer = write.need("customer", HENGYUAN)
    rows = db.session.scalars(db.select(Contact).filter_by(customer_id=customer.id, name="钱进"))
    assert len(list(rows)) == 2


def test_a_birthday_without_consent_is_refused(step: Step):
    with pytest.raises(BpmnError) as refused:
        keep(step, mobile="13900000001", birthday="1980-01-01")
    assert refused.value.code == "E_CONTACT_INVALID"
    assert "同意" in refused.value.message


def test_who_left_stays_on_record_and_cannot_be_primary(step: Step):
    with pytest.raises(BpmnError):
        keep(step, mobile="13900000001", status="离职", is_primary=True)
    keep(step, name="何平", mobile="13800000102", status="离职")
    assert all_of(HENGYUAN)["何平"].state == "离职"


def test_a_person_at_two_companies_is_marked(step: Step):
    assert keep(step, mobile="13800000301").remark == "重名联系人"


def test_who_found_a_contact_is_never_overwritten(step: Step):
    found = keep(step, mobile="13900000001")
    step.by = step.started_by = "lina"
    keep(step, mobile="13900000001", title_text="经理")
    assert (found.discoverer_id, found.title_text) == ("zhangwei", "经理")
