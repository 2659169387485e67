"""Lists: filters, order by any column, stable pages, totals of the filter."""

import pytest

from app import records, viewer
from app.accounts import people
from app.records import listing, record


@pytest.fixture
def boss(app):
    return viewer.of(people.get("zhouning"))


@pytest.fixture
def hundred(app, customer):
    for n in range(100):
        grade = "ABCD"[n % 4] if n % 5 else None
        customer(f"客户{n:03d}号", grade=grade, region=("华东", "华南")[n % 2], employees=n % 7)


def page(viewer_, **asking):
    return listing.page(listing.Ask("customer", **asking), viewer_)


def test_every_page_once_and_no_row_twice(hundred, boss):
    numbers = [r.number for n in range(1, 5) for r in page(boss, sort="grade", page=n).rows]
    assert len(numbers) == len(set(numbers)) == 100


def test_any_column_orders_the_list(hundred, boss):
    for name in record.columns(records.entity("customer")):
        for sort in (name, f"-{name}"):
            found = page(boss, sort=sort, per_page=200)
            assert found.total == len(found.rows) == 100, sort
            values = [getattr(row, name) for row in found.rows]
            if all(isinstance(value, int | str) for value in values) and name != "number":
                assert values == sorted(values, reverse=sort != name), sort


def test_empty_values_come_last_either_way(hundred, boss):
    for sort in ("grade", "-grade"):
        grades = [r.grade for r in page(boss, sort=sort, per_page=200).rows]
        assert grades[-20:] == [None] * 20


def test_filters_narrow_and_count(hundred, boss):
    found = page(boss, filters={"region": ["华东"], "grade": ["A", "C"]})
    assert found.total == 40
    assert page(boss, filters={"grade": ["-"]}).total == 20
    assert page(boss, filters={"grade": ["Z"]}).total == 0
    assert page(boss, filters={"employees.from": ["5"]}).total == 28
    assert page(boss, filters={"employees.to": ["x"]}).total == 0
    assert page(boss, filters={"unknown": ["1"]}).total == 100


def test_a_page_beyond_the_end_is_the_last(hundred, boss):
    found = page(boss, page=99)
    assert (found.ask.page, found.first, found.last) == (4, 76, 100)


def test_personal_data_can_be_neither_filter_nor_order(demo, boss):
    ask = listing.Ask("contact", filters={"birthday": ["1978-03-12"]}, sort="birthday")
    assert listing.page(ask, boss).total == 4


def test_totals_are_those_of_the_filter_not_of_the_page(app, boss, customer):
    row = customer("杭州启明精密有限公司")
    for n in range(30):
        records.create(
            "ar_entry",
            {"customer_id": row.id, "type": "adjust", "ledger": "应收" if n % 2 else "预收",
             "amount": "10.01", "doc_type": "t", "doc_no": str(n), "value_date": "2026-03-01"},
            by="chenjing",
        )  # fmt: skip
    found = listing.page(listing.Ask("ar_entry", filters={"ledger": ["应收"]}, per_page=3), boss)
    assert (found.total, str(found.sums["amount"])) == (15, "150.15")


def test_a_reference_orders_by_its_name(demo, boss):
    found = listing.page(listing.Ask("contact", sort="customer_id"), boss)
    names = [records.get("customer", row.customer_id).name for row in found.rows]
    assert names == sorted(names)
