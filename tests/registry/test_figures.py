"""The figures at the head of a customer's page come from the documents the reader may see."""

from app import records, viewer
from app.accounts import people
from app.db import db
from app.registry import figures


def values(login):
    row = records.need("customer", "CU-202501-0001")
    return {f.label: f.value for f in figures.of_customer(row, viewer.of(people.get(login)))}


def test_orders_receivable_credit_and_chances(demo):
    order = {"customer_id": "CU-202501-0001", "order_date": "2026-03-10",
             "sales_rep_id": "zhangwei", "total": 114000}  # fmt: skip
    row = records.create("sales_order", order, by="linyue")
    entry = {"customer_id": "CU-202501-0001", "type": "invoice", "ledger": "应收",
             "amount": "79800.00", "doc_type": "invoice", "doc_no": "IV-1",
             "value_date": "2026-03-10"}  # fmt: skip
    records.create("ar_entry", entry, by="chenjing")
    assert values("zhangwei")["今年签单额"] == "0.00"  # a draft is no order yet
    for state in ("审批中", "待签约", "已生效"):
        records.move(row, state, by="linyue")
    found = values("zhangwei")
    assert found["今年签单额"] == "114,000.00"
    assert found["应收余额"] == "79,800.00"
    assert found["信用额度 500,000.00"] == "0.00"
    assert found["在谈机会"] == "0"


def test_last_years_orders_do_not_count(demo):
    order = {"customer_id": "CU-202501-0001", "order_date": "2025-12-31",
             "sales_rep_id": "zhangwei", "total": 1}  # fmt: skip
    row = records.create("sales_order", order, by="linyue")
    for state in ("审批中", "待签约", "已生效"):
        records.move(row, state, by="linyue")
    assert values("zhangwei")["今年签单额"] == "0.00"


def test_who_only_shares_the_pool_sees_no_money(demo):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"owner_id": None}, by="wangqiang")
    records.move(row, "公海", by="wangqiang")
    db.session.flush()
    assert set(values("lina")) == {"今年签单额", "在谈机会"}
