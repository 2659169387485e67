"""Search as one types: name, number, code, phone, initials; nothing the reader may not see."""

import pytest

from app import records, viewer
from app.accounts import people


def who(login):
    return viewer.of(people.get(login))


@pytest.mark.parametrize(
    "text",
    ["恒远", "上海恒远机械有限公司", "恒远机械", "CU-202501-0001", "cu-202501", "91310115", "02159160001",
     "shhy", "hyjx", "SHHYJX"],
)  # fmt: skip
def test_a_customer_is_found_by_everything_it_is_known_by(demo, text):
    assert "CU-202501-0001" in [row.number for row in records.search("customer", text)]


@pytest.mark.parametrize("text", ["%", "_", "'", "不存在的", "x" * 5000, "\x00"])
def test_signs_of_the_query_language_mean_nothing(demo, text):
    assert records.search("customer", text) == []


def test_nothing_typed_gives_the_newest(demo):
    found = records.search("customer", "", 2)
    assert [row.id for row in found] == sorted((row.id for row in found), reverse=True)
    assert len(found) == 2


def test_only_what_the_reader_may_see_is_found(demo):
    assert records.search("customer", "恒远", viewer=who("lina")) == []
    assert len(records.search("customer", "恒远", viewer=who("wangqiang"))) == 1
    assert records.search("customer", "恒远", viewer=who("baijie")) == []


def test_states_narrow_it(demo):
    assert records.search("customer", "恒远", states=("公海",)) == []


def test_contacts_are_found_by_name_and_mobile(demo):
    assert [row.name for row in records.search("contact", "王海")] == ["王海"]
    assert [row.name for row in records.search("contact", "13800000301")] == ["王海"]


def test_products_are_found_by_code(demo):
    assert [row.number for row in records.search("product", "p-100")] == ["P-1002", "P-1001"]


def test_many_of_one_kind_are_still_narrowed(app, customer):
    for n in range(120):
        customer(f"苏州{chr(0x4E00 + n)}科技有限公司")
    assert len(records.search("customer", "科技", 500)) == 120
    assert len(records.search("customer", f"{chr(0x4E05)}科技")) == 1
