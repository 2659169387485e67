"""The invariants: silent on good records, and each names its breach."""

import pytest
import sqlalchemy as sa

from app import records
from app.db import db
from app.records import ar_entry, audit


def rules() -> list[str]:
    return sorted({breach.rule for breach in audit.check_all()})


@pytest.fixture
def order(demo):
    row = records.create(
        "sales_order",
        {"customer_id": "CU-202501-0001", "order_date": "2026-03-10", "sales_rep_id": "zhangwei",
         "total": 114000},
        by="linyue",
    )  # fmt: skip
    records.create(
        "order_line",
        {"order_id": row.id, "seq": 1, "product_id": "P-1001", "q_ordered": 10, "price": 11400},
        by="linyue",
    )
    return row


def test_the_demo_records_break_no_rule(demo):
    assert audit.check_all() == []


def test_a_correct_order_breaks_no_rule(order):
    assert audit.check_all() == []


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("01", "UPDATE order_line SET q_shipped = 11000"),
        ("02", "UPDATE order_line SET q_delivered = 1000"),
        ("03", "UPDATE order_line SET q_shipped = 1000, q_delivered = 1000, q_returned = 2000"),
        ("04", "UPDATE order_line SET q_invoiced = 1000"),
        ("06", "UPDATE warehouse_stock SET on_hand = on_hand + 1000"),
        ("07", "UPDATE sales_order SET total = total + 1"),
        ("08", "UPDATE sales_order SET invoiced_amount = 5"),
        ("21", "UPDATE contact SET is_primary = 0"),
        ("22", "UPDATE customer SET parent_customer_id = id"),
    ],
)
def test_each_broken_rule_is_named(order, rule, statement):
    db.session.flush()
    db.session.execute(sa.text(statement))
    db.session.expire_all()
    assert rules() == [rule]


def post(amount, **given):
    facts = {"customer_id": "CU-202501-0001", "type": "invoice", "ledger": "应收", "amount": amount,
             "doc_type": "invoice", "doc_no": "IV-1", "value_date": "2026-03-10", **given}  # fmt: skip
    return records.create("ar_entry", facts, by="chenjing")


def test_a_ledger_without_documents_is_named(order):
    post(100)
    assert rules() == ["10"]


@pytest.mark.parametrize(("ledger", "rule"), [("预收", "11"), ("应退", "12")])
def test_the_other_ledgers_are_checked_too(order, ledger, rule):
    post(100, ledger=ledger, type="prepay_in")
    assert rules() == [rule]


def test_a_reversal_must_be_exact(order):
    first = post(100, type="adjust")
    post(-99, type="reversal", doc_no="IV-1R", reverses_id=first.id)
    assert "20" in rules()


def test_a_plan_must_sum_up(order):
    for state in ("审批中", "待签约", "已生效"):
        records.move(order, state, by="linyue")
    plan = {"customer_id": order.customer_id, "order_id": order.id, "seq": 1, "kind": "应收",
            "basis": "交付", "amount": 1000}  # fmt: skip
    records.create("receipt_plan", plan, by="linyue", number=f"{order.number}-1")
    assert rules() == ["17"]


def test_a_receipt_must_have_all_its_parts(demo):
    records.create(
        "receipt",
        {"amount": 100, "received_at": "2026-03-10T01:00:00+00:00", "method": "转账", "payer": "恒远",
         "unallocated": 90},
        by="xufeng",
    )  # fmt: skip
    assert rules() == ["13"]


def test_balances_are_sums_of_entries(demo):
    row = records.need("customer", "CU-202501-0001")
    post("0.10")
    post("0.20", doc_no="IV-2")
    assert str(ar_entry.balance(row.id, "应收")) == "0.30"
    assert [str(v) for v in ar_entry.balances(row.id).values()] == ["0.30", "0.00", "0.00"]


def test_the_command_ends_with_1_when_something_is_wrong(app, order):
    runner = app.test_cli_runner()
    db.session.commit()
    assert runner.invoke(args=["check-records"]).exit_code == 0
    db.session.execute(sa.text("UPDATE sales_order SET total = total + 1"))
    db.session.commit()
    found = runner.invoke(args=["check-records"])
    assert found.exit_code == 1
    assert "07  sales_order SO-202603-0001" in found.output
