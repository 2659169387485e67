"""Duplicate search: what it finds, by which trace, and that it tells nothing private."""

from decimal import Decimal

import pytest

from app import records
from app.records import duplicate

HENGYUAN = "CU-202501-0001"


def first(**given):
    return next(iter(duplicate.candidates(given)), None)


def test_brackets_around_the_legal_form_do_not_hide_a_double(demo):
    found = first(name="上海恒远机械（有限公司）", unified_code="91310115 MA1K0TYX07")
    assert (found["number"], found["name_sim"], found["tax_equal"]) == (HENGYUAN, 1, True)


def test_the_catalogues_similar_name_is_found_with_its_likeness(demo):
    found = first(name="苏州明达自动化科技", address="苏州工业园区星湖街 328 号")
    assert found["number"] == "CU-202502-0007"
    assert found["name_sim"] == Decimal("0.88")
    assert found["addr_sim"] >= Decimal("0.80")


def test_the_code_alone_finds_a_customer_of_another_name(demo):
    found = first(name="完全不同贸易", unified_code="91310115MA1K0TYX07")
    assert (found["number"], found["tax_equal"]) == (HENGYUAN, True)


@pytest.mark.parametrize("phone", ["021-59160001", "13800000101", "+86 138 0000 0101"])
def test_the_phone_of_company_or_contact_finds_it(demo, phone):
    found = duplicate.candidates({"name": "别的"}, [{"mobile": phone}])
    assert [row["number"] for row in found] == [HENGYUAN]
    assert found[0]["phone_equal"]


def test_the_domain_counts_only_with_a_similar_name(demo):
    site = "http://hengyuan-sh.example.cn"
    assert first(name="上海恒远设备", website=site)["domain_equal"]
    assert first(name="广州其他食品", website=site) is None


def test_a_new_company_has_no_candidates(demo):
    assert duplicate.candidates({"name": "杭州启明精密有限公司", "phone": "0571-1"}) == []


def test_the_record_itself_and_merged_ones_are_left_out(demo, customer):
    assert duplicate.candidates({"name": "上海恒远机械"}, exclude=HENGYUAN) == []
    records.move(records.need("customer", HENGYUAN), "已合并", by="sunli")
    assert duplicate.candidates({"name": "上海恒远机械"}) == []


def test_at_most_ten_come_the_most_alike_first(app, customer):
    for region in ("华东", "华南", "华北", "华中", "西南", "西北", "东北"):
        customer("上海恒远机械有限公司", region=region)
        customer("上海恒远机电有限公司", region=region)
    found = duplicate.candidates({"name": "上海恒远机械"})
    assert len(found) == 10
    likeness = [row["name_sim"] for row in found]
    assert likeness == sorted(likeness, reverse=True)


def test_no_private_facts_are_told(demo):
    keys = set(first(name="上海恒远机械"))
    assert not keys & {"phone", "email", "contacts", "remark", "grade", "birthday"}


@pytest.mark.parametrize("name", ["", None, "公司", "%", "'; DROP TABLE customer; --", "长" * 500])
def test_odd_names_do_no_harm(demo, name):
    assert isinstance(duplicate.candidates({"name": name}), list)
