"""Customers: what a profile must be like, stopping, merging."""

from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError, Step
from app.records import log, write
from app.records.contact import Contact
from handlers import customer, merging, profile

HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"


def given(**other: Any) -> dict[str, Any]:
    return {"name": "杭州启明精密有限公司", "customer_type": "企业", "source": "自行开发",
            "life_stage": "潜在", "region": "华东", **other}  # fmt: skip


def problems(contacts: list[dict[str, Any]] | None = None, **other: Any) -> list[str]:
    people = [{"name": "钱进", "mobile": "13800000001"}] if contacts is None else contacts
    return profile.problems(given(**other), people)


def test_a_good_profile_has_no_problem():
    assert problems() == []


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "杭"}, "2 到 100"),
        ({"unified_code": "91330100MA2B0QMX00"}, "校验位"),
        ({"life_stage": "成交"}, "统一社会信用代码"),
        ({"source": "市场活动"}, "来源活动"),
        ({"blacklist": True}, "原因"),
        ({"contacts": []}, "至少要有一位"),
        ({"contacts": [{"name": "甲"}]}, "至少填一项"),
    ],
)
def test_what_is_wrong_is_said(app: Any, other: dict[str, Any], words: str):
    with app.test_request_context():
        assert any(words in text for text in problems(**other))


def test_a_person_needs_no_contact(app: Any):
    with app.test_request_context():
        assert problems(contacts=[], customer_type="个人", phone="0571-88880000") == []


def test_the_owner_is_the_finder_only_for_own_development(step: Step):
    own = customer.save(step, customer=given(), starter="zhangwei")
    web = customer.save(step, customer=given(name="宁波海川", source="网站"), starter="zhangwei")
    assert (own["owner_id"], web["owner_id"]) == ("zhangwei", None)
    assert write.need("customer", web["customer_id"]).discoverer_id == "zhangwei"


def test_the_same_intake_is_saved_once(step: Step):
    first = customer.save(step, customer=given(), intake_id="WEB-1")
    again = customer.save(step, customer=given(), intake_id="WEB-1")
    assert first["customer_id"] == again["customer_id"]


def test_the_same_name_in_the_same_region_is_refused(step: Step):
    customer.save(step, customer=given())
    with pytest.raises(BpmnError) as refused:
        customer.save(step, customer=given(name="杭州启明精密"))
    assert refused.value.code == "E_DUPLICATE_CUSTOMER"
    assert refused.value.variables["protected"]["name"] == "杭州启明精密有限公司"


def test_a_customer_with_money_open_is_not_stopped(step: Step):
    row = write.need("customer", HENGYUAN)
    write.create(
        "ar_entry",
        {"customer_id": row.id, "type": "opening", "ledger": "应收", "amount": 100,
         "doc_type": "opening", "doc_no": "X", "value_date": step.now.date()},
        by="chenjing",
    )  # fmt: skip
    with pytest.raises(BpmnError) as refused:
        customer.save(step, mode="deactivate", customer_id=HENGYUAN)
    assert refused.value.code == "E_CUSTOMER_IN_USE"
    assert "100" in refused.value.message
    assert write.need("customer", HENGYUAN).state == "有效"


def test_merging_a_record_moves_its_contacts_and_ends_it(step: Step):
    source = customer.save(step, customer=given(fax="0571-1"))["customer_id"]
    row = write.need("customer", source)
    write.create("contact", {"customer_id": row.id, "name": "钱进", "mobile": "13900000001"},
                 by="zhangwei")  # fmt: skip
    merging.merge_into(step, mode="change", customer_id=source, target_customer=MINGDA,
                       customer=given(fax="0571-1"))  # fmt: skip
    db.session.expire_all()
    target = write.need("customer", MINGDA)
    assert (row.state, row.merged_into_id) == ("已合并", target.id)
    assert target.fax == "0571-1"
    names = db.session.scalars(db.select(Contact.name).filter_by(customer_id=target.id))
    assert "钱进" in set(names)


def test_birthday_and_hobby_reach_no_log(step: Step):
    from handlers import contact

    person = {"name": "钱进", "mobile": "13900000001", "consent": "已取得",
              "birthday": "1980-02-03", "hobby": "钓鱼"}  # fmt: skip
    contact.save(step, contact=person, customer_id=HENGYUAN)
    contact.save(step, contact={**person, "hobby": "围棋"}, customer_id=HENGYUAN)
    lines = db.session.scalars(db.select(log.ChangeLog).where(log.ChangeLog.field == "hobby"))
    assert [(line.old, line.new) for line in lines] == [(None, None)]
