"""Overdue, unclaimed, allocated, refunded and prepaid money, added up by hand."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, LANWAN, MINGDA, at, column, invoice, order

pytestmark = pytest.mark.usefixtures("trade")


def plan_row(row, amount, due, *, received=0, kind="应收", state="待回款", seq=1):
    made = write.create("receipt_plan", {
        "customer_id": row.customer_id, "order_id": row.id, "seq": seq, "kind": kind,
        "basis": "签约", "amount": amount, "due_date": due, "received": received,
        "owner_id": row.sales_rep_id, "department_id": "east",
    }, by="linyue", number=f"{row.number}-{seq}")  # fmt: skip
    for step in {"部分回款": ("待回款", "部分回款"), "已结清": ("待回款", "已结清")}.get(
            state, ("待回款",)):  # fmt: skip
        write.move(made, step, by="linyue")
    return made


def receipt(payer, amount, day, *, customer=None, state="待认领"):
    row = write.create("receipt", {
        "customer_id": customer, "amount": amount, "received_at": at(day), "method": "电汇",
        "payer": payer, "bank_txn_id": f"B-{payer}-{amount}",
    }, by="xufeng")  # fmt: skip
    for step in {"待查": ("待查",), "已入账": ("待核销", "已入账")}.get(state, ()):
        write.move(row, step, by="xufeng")
    return row


def test_every_overdue_row_stands_with_its_days(ask):
    first = order(HENGYUAN, "zhangwei", 1000)
    plan_row(first, 400, "2026-03-01", received=100, state="部分回款")
    plan_row(first, 600, "2026-03-10", seq=2)  # due today: not late
    plan_row(order(MINGDA, "lina", 300), 300, "2026-02-08")
    said = ask("051-03/R08-2b", "chenjing")
    assert [(row["open"], row["days"]) for row in said.rows] == [
        (300, pytest.approx(30)), (300, pytest.approx(9))]  # fmt: skip
    assert said.totals["open"] == 600
    assert [row["person"] for row in ask("051-03/R08-2b", "lina").rows] == ["lina"]
    assert ask("051-03/R08-2b", "chenjing", grade="A").count == 1


def test_money_is_unclaimed_until_somebody_claims_it(ask):
    receipt("某公司", 500, "2026-03-05")
    receipt("另一家", 700, "2026-02-01", state="待查")
    receipt("恒远", 900, "2026-03-01", customer=HENGYUAN, state="已入账")
    rows = ask("051-03/R08-3", "xufeng").rows
    assert [(row["payer"], row["amount"]) for row in rows] == [("另一家", 700), ("某公司", 500)]
    assert rows[1]["days"] == pytest.approx(5, abs=0.1)
    assert not ask("051-03/R08-3", "zhangwei").rows


def test_an_allocation_names_what_it_paid(ask):
    row = receipt("恒远", 900, "2026-03-01", customer=HENGYUAN, state="已入账")
    paid = invoice(HENGYUAN, 900, "2026-04-01")
    for amount, gone in ((880, False), (20, True)):
        write.create("receipt_allocation", {"receipt_id": row.id, "invoice_id": paid.id,
                                            "amount": amount, "reversed": gone}, by="xufeng")  # fmt: skip
    said = ask("051-03/R08-4", "xufeng", q="恒远")
    assert {(one["amount"], one["invoice"], one["state"]) for one in said.rows} == {
        (880, paid.number, "已入账"), (20, paid.number, "已冲销")}  # fmt: skip
    assert said.totals["amount"] == 900


def refund(source, amount, *, allowed=None, paid=None, day="2026-03-01", end=None):
    row = write.create("refund", {
        "customer_id": HENGYUAN, "source": source, "source_ref": "RT-1", "amount": amount,
        "payee_account": "6222", "owner_id": "chenjing", "department_id": "finance",
    }, by="chenjing", at=at(day))  # fmt: skip
    write.move(row, "复核", by="chenjing", at=at(day))
    if end:
        write.move(row, end, by="liuyang")
    if allowed:
        write.move(row, "待付款", by="liuyang", at=at(allowed))
    if paid:
        write.move(row, "付款中", by="xufeng", at=at(paid))
        write.move(row, "已退款", by="xufeng", at=at(paid))
    return row


def test_refunds_are_timed_and_listed_by_source(ask):
    refund("退货", 100, allowed="2026-03-03", paid="2026-03-04")
    refund("退货", 300, allowed="2026-03-05")
    refund("预收", 50, end="已驳回")
    found = {row["key"]: row for row in ask("051-03/R09-2", "chenjing").rows}
    back = found["退货"]
    assert (back["count"], back["done"], back["amount"]) == (2, 1, 400)
    assert (back["allow"], back["pay"], back["whole"]) == (
        pytest.approx(3), pytest.approx(1), pytest.approx(3))  # fmt: skip
    assert (found["预收"]["other"], found["预收"]["allow"]) == (1, None)
    assert ask("051-03/R09-1", "chenjing", source="退货").totals["amount"] == 400
    assert ask("051-03/R09-1", "chenjing").totals["amount"] == 450
    assert not ask("051-03/R09-1", "lina").rows


def test_what_is_still_to_be_refunded_names_its_source(ask):
    buyer = write.need("customer", HENGYUAN)
    for source, balance in (("RT-1", 22800), ("RT-2", 0)):
        write.create("refundable_balance", {"customer_id": buyer.id, "source": source,
                                            "balance": balance}, by="chenjing")  # fmt: skip
    assert column(ask("051-03/R09-3", "chenjing"), "source", "balance") == {"RT-1": 22800}


def prepaid(customer, amount, balance, day, order=None):
    row = write.create("prepayment", {
        "customer_id": customer, "order_id": order and order.id, "amount": amount,
        "balance": balance, "bank_txn_id": f"P-{day}",
    }, by="xufeng", at=at(day))  # fmt: skip
    if balance < amount:
        write.move(row, "部分冲抵", by="chenjing")
    return row


def test_prepayments_can_be_read_by_customer_order_and_age(ask):
    bound = order(HENGYUAN, "zhangwei", 1000)
    prepaid(HENGYUAN, 300, 300, "2026-03-01", bound)
    prepaid(HENGYUAN, 500, 200, "2025-12-20")
    prepaid(LANWAN, 100, 0, "2026-01-01")
    said = ask("051-03/R10-1", "chenjing")
    assert column(said, "key", "balance") == {"上海恒远机械有限公司": 500}
    assert column(ask("051-03/R10-1", "chenjing", by="age"), "key", "balance") == {
        "30 天以内": 300, "31–90 天": 200}  # fmt: skip
    assert column(ask("051-03/R10-1", "chenjing", by="order"), "key", "rows") == {
        bound.number: 1, None: 1}  # fmt: skip


def test_an_offset_says_which_invoice_the_prepayment_paid(ask):
    row, paid = prepaid(HENGYUAN, 500, 200, "2026-01-01"), invoice(HENGYUAN, 900, "2026-04-01")
    write.create("prepay_offset", {"prepayment_id": row.id, "invoice_id": paid.id, "amount": 300},
                 by="chenjing")  # fmt: skip
    (found,) = ask("051-03/R10-2", "chenjing", period="2025").rows  # the invoice's day
    assert (found["number"], found["invoice"], found["amount"]) == (row.number, paid.number, 300)
    assert not ask("051-03/R10-2", "chenjing", period="2026").rows


def test_prepayments_that_orders_ask_for_are_held_against_what_came(ask):
    first, second = (order(HENGYUAN, "zhangwei", 1000, on=day)
                     for day in ("2026-01-05", "2026-02-05"))  # fmt: skip
    plan_row(first, 300, "2026-01-10", kind="预收", received=300, state="已结清")
    plan_row(second, 300, "2026-02-10", kind="预收", received=100, state="部分回款")
    plan_row(second, 700, "2026-04-10", seq=2)
    said = ask("051-03/R10-3", "chenjing")
    assert column(said, "key", "rate") == {202601: 1, 202602: Decimal(100) / Decimal(300)}
    assert (said.totals["whole"], said.totals["late"]) == (1, 1)
    assert column(ask("051-03/R10-3", "chenjing", by="person"), "key", "asked") == {"zhangwei": 600}
    assert ask("051-03/R10-3", "lina").count == 0
