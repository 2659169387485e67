"""The invariants: silent on good records, and each names its breach."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app import records
from app.db import db
from app.records import ar_entry, audit, exposure
from app.records.sales_order import OrderLine


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
        ("01", "UPDATE order_line SET q_shipped = 11 * :one"),
        ("02", "UPDATE order_line SET q_delivered = :one"),
        ("03", "UPDATE order_line SET q_shipped = :one, q_delivered = :one, q_returned = 2 * :one"),
        ("04", "UPDATE order_line SET q_invoiced = :one"),
        ("06", "UPDATE warehouse_stock SET on_hand = on_hand + :one"),
        ("07", "UPDATE sales_order SET total = total + 1"),
        ("08", "UPDATE sales_order SET invoiced_amount = 5"),
        ("21", "UPDATE contact SET is_primary = false"),
        ("22", "UPDATE customer SET parent_customer_id = id"),
    ],
)
def test_each_broken_rule_is_named(order, rule, statement):
    db.session.flush()
    piece = sa.bindparam("one", Decimal(1), OrderLine.q_ordered.type)  # as the database keeps it
    used = [piece] if ":one" in statement else []
    db.session.execute(sa.text(statement).bindparams(*used))
    db.session.expire_all()
    assert rules() == [rule]


def post(amount, **given):
    facts = {"customer_id": "CU-202501-0001", "type": "invoice", "ledger": "应收", "amount": amount,
             "doc_type": "invoice", "doc_no": "IV-1", "value_date": "2026-03-10", **given}  # fmt: skip
    return records.create("ar_entry", facts, by="chenjing")


def test_a_ledger_without_documents_is_named(order):
    post(100)
    assert rules() == ["10", "16", "20"]  # the books, the credit used, the missing invoice


@pytest.mark.parametrize(("ledger", "rule"), [("预收", "11"), ("应退", "12")])
def test_the_other_ledgers_are_checked_too(order, ledger, rule):
    post(100, ledger=ledger, type="prepay_in")
    assert rule in rules()


def test_more_to_exchange_than_came_back_is_named(order):
    db.session.execute(sa.text("UPDATE order_line SET exchange_due = 1000"))
    db.session.expire_all()
    assert rules() == ["05"]


def test_a_refund_of_money_that_never_came_is_named(order):
    row = records.create(
        "refund",
        {"customer_id": order.customer_id, "order_id": order.id, "source": "退货", "amount": 10,
         "source_ref": "RT-1", "payee_account": "6222"},
        by="xufeng",
    )  # fmt: skip
    assert rules() == []
    for state in ("复核", "待付款", "付款中", "已退款"):
        records.move(row, state, by="xufeng")
    assert rules() == ["14"]


def test_a_picture_of_an_account_that_differs_from_the_ledger_is_named(order):
    shot = {"customer_id": order.customer_id, "period": "2026-03", "prepay": 5,
            "taken_at": "2026-04-01T00:00:00+00:00"}  # fmt: skip
    records.create("account_snapshot", shot, by="chenjing")
    assert rules() == ["15"]


def test_credit_used_by_documents_and_by_the_ledger_must_agree(order):
    credit = records.need("customer_credit", "CU-202501-0001")
    before = exposure.net([credit.customer_id])
    post(300, type="red_invoice")
    assert exposure.net([credit.customer_id]) == before + 300
    assert "16" in rules()


SETTLING = ("审批中", "已下发", "分解中", "已锁定")


def plan(state, targets):
    """A plan of 100; `targets`: (person or nobody, target) of one department in March."""
    row = records.create("sales_plan", {"name": "2026", "year": 2026, "metric": "签单额",
                                        "company_target": 100}, by="gaoyuan")  # fmt: skip
    for person, target in targets:
        line = {"plan_id": row.id, "department_id": "east", "rep_id": person, "month": 3,
                "target": target}  # fmt: skip
        records.create("sales_plan_line", line, by="gaoyuan")
    for step in SETTLING:
        records.move(row, step, by="gaoyuan")
        if step == state:
            return


@pytest.mark.parametrize(
    ("state", "targets", "found"),
    [
        ("已锁定", [(None, 100), ("zhangwei", 60), ("lina", 40)], []),
        ("已锁定", [(None, 100), ("zhangwei", 60), ("lina", 39)], ["19"]),
        ("已锁定", [(None, 90), ("zhangwei", 90)], ["19"]),
        ("分解中", [(None, 90)], []),
    ],
)
def test_a_settled_plan_adds_up(demo, state, targets, found):
    plan(state, targets)
    assert rules() == found


def test_a_move_of_a_document_that_is_not_there_is_named(demo):
    db.session.execute(sa.text("UPDATE stock_move SET ref_doc = 'DN-202601-0001'"))
    db.session.expire_all()
    assert rules() == ["20"]


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
