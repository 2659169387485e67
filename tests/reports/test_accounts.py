"""Entries, statements, days of sales, releases, credit changes and bad debts."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, MINGDA, at, column

pytestmark = pytest.mark.usefixtures("trade")


def entry(customer, type, ledger, amount, day, doc):
    return write.create("ar_entry", {
        "customer_id": customer, "type": type, "ledger": ledger, "amount": amount,
        "doc_type": type, "doc_no": doc, "value_date": day,
    }, by="chenjing")  # fmt: skip


def statement(customer, period, balance, state, confirmed=None):
    row = write.create("statement", {
        "customer_id": customer, "period": period, "balance": balance,
        "confirmed_balance": confirmed,
    }, by="chenjing")  # fmt: skip
    for step in {"已调整": ("有差异", "已调整")}.get(state, (state,)):
        write.move(row, step, by="chenjing")
    return row


def snapshot(customer, period, receivable, turnover, receipts):
    return write.create("account_snapshot", {
        "customer_id": customer, "period": period, "receivable": receivable,
        "turnover_y": turnover, "receipts_y": receipts, "taken_at": at("2026-03-01"),
    }, by="chenjing")  # fmt: skip


def test_entries_name_their_document_and_can_be_cut_by_ledger(ask):
    entry(HENGYUAN, "prepay_in", "预收", 3000, "2026-02-01", "PR-1")
    entry(HENGYUAN, "receipt", "应收", -400, "2026-02-02", "RC-1")
    said = ask("051-01/R03-1b", "chenjing", ledger="预收")
    assert [(row["doc_no"], row["kind"], row["amount"]) for row in said.rows] == [
        ("PR-1", "预收入账", 3000)]  # fmt: skip
    found = ask("051-01/R03-1b", "chenjing", q="RC-1")
    assert (found.count, found.totals["amount"]) == (1, -400)
    assert not ask("051-01/R03-1b", "lina").rows  # 恒远 is 张伟's


def test_statements_count_as_agreed_when_confirmed_or_adjusted(ask):
    statement(HENGYUAN, "2026-01", 1000, "已确认", 1000)
    statement(HENGYUAN, "2026-02", 500, "已调整", 480)
    statement(MINGDA, "2026-02", 700, "有差异", 800)
    statement(MINGDA, "2026-01", 10, "未对账")
    said = ask("051-01/R03-4", "chenjing")
    assert column(said, "key", "agreed") == {"2026-02": 1, "2026-01": 1}
    assert column(said, "key", "apart") == {"2026-02": Decimal("120.00"), "2026-01": 0}
    assert (said.totals["rate"], said.totals["silent"]) == (0.5, 1)
    assert column(ask("051-01/R03-4", "chenjing", by="person"), "key", "count") == {
        "zhangwei": 2, "lina": 2}  # fmt: skip
    assert ask("051-01/R03-4", "chenjing", period="2026-02").totals["count"] == 2


def test_days_of_sales_are_the_share_of_the_year_that_is_unpaid(ask):
    snapshot(HENGYUAN, "2026-02", 10000, 40000, 20000)
    snapshot(MINGDA, "2026-02", 2000, 20000, 10000)
    snapshot(MINGDA, "2026-01", 0, 0, 0)
    said = ask("051-01/R03-4b", "chenjing")
    assert column(said, "key", "dso") == {"2026-02": Decimal("11.8"), "2026-01": None}
    assert column(said, "key", "rate")["2026-02"] == 0.5


def test_releases_and_changes_of_credit_say_who_and_what(ask):
    write.create("credit_release", {
        "customer_id": MINGDA, "doc_no": "SO-1", "amount": 9000, "decision": "approve",
        "valid_on": "2026-03-01", "reason": "老客户",
    }, by="liuyang", at=at("2026-03-01"))  # fmt: skip
    change = write.create("credit_change", {
        "customer_id": MINGDA, "apply_type": "调额", "new_limit": 80000, "new_level": "B",
        "old_values": {"limit": Decimal(50000)},
    }, by="lina", at=at("2026-03-02"))  # fmt: skip
    (row,) = ask("051-01/R04-2", "fengkai").rows
    assert (row["person"], row["amount"], row["reason"]) == ("liuyang", 9000, "老客户")
    assert ask("051-01/R04-2", "fengkai", person="liuyang").count == 1
    assert not ask("051-01/R04-2", "fengkai", person="lina").rows
    found = {row["number"]: row for row in ask("051-01/R04-3", "fengkai").rows}
    assert (found[change.number]["before"], found[change.number]["after"]) == (50000, 80000)
    assert "old" not in found[change.number]
    assert not ask("051-01/R04-3", "zhangwei").rows


def test_bad_debts_are_what_was_written_off_of_what_was_invoiced(ask):
    entry(HENGYUAN, "write_off", "应收", -804, "2025-11-20", "WO-1")
    said = ask("051-01/R04-3b", "chenjing", period="2025")
    (row,) = said.rows  # the three invoices of the trade are of November 2025
    assert (row["month"], row["billed"], row["lost"]) == (202511, 80400, 804)
    assert row["rate"] == Decimal("0.01")
