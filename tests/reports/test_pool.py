"""Assignments, the pool, first contact, load and customers in danger, added up by hand."""

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, LANWAN, MINGDA, at, column, opportunity

pytestmark = pytest.mark.usefixtures("trade")


def assigned(customer, to, day, *, result="已接收", reason="业务调整"):
    return write.create("assignment_history", {
        "customer_id": customer, "from_id": "zhangwei", "to_id": to, "reason": reason,
        "mode": "指定", "decided_by": "wangqiang", "result": result,
    }, by="wangqiang", at=at(day))  # fmt: skip


def contacted(customer, by, day):
    return write.create("action", {
        "target": "客户", "target_no": customer, "customer_id": customer, "action_type": "电话",
        "at": at(day), "content": "谈", "result": "好", "owner_id": by,
    }, by=by, at=at(day))  # fmt: skip


def test_an_assignment_is_judged_by_the_days_before_and_after_it(ask):
    contacted(MINGDA, "zhangwei", "2026-02-01")
    assigned(MINGDA, "lina", "2026-02-11")
    contacted(MINGDA, "lina", "2026-02-13")
    assigned(LANWAN, "lina", "2026-02-20", result="拒绝")
    won = opportunity(MINGDA, "lina", 5000, "签约")
    write.move(won, "赢单", by="lina")
    (row,) = ask("051-01/R02-1").rows
    assert (row["key"], row["customers"], row["accepted"], row["declined"]) == ("业务调整", 2, 1, 1)
    assert row["before"] == pytest.approx(10)
    assert row["after"] == pytest.approx(2)
    # 明达 won one now and lost one in the trade: both were closed after the assignment
    assert (row["won"], row["win_rate"]) == (1, 0.5)
    assert row["rate"] == 0.5


def test_the_pool_knows_what_lies_in_it_and_what_moved(ask):
    pooled = write.need("customer", LANWAN)
    write.change(pooled, {"owner_id": None, "pool_at": at("2026-03-05", 1)}, by="wangqiang")
    write.move(pooled, "公海", by="wangqiang")
    assigned(LANWAN, None, "2026-03-05", result="入公海")
    assigned(MINGDA, "lina", "2026-03-06", reason="申请领取")
    assigned(HENGYUAN, "lina", "2026-03-06", reason="申请领取", result="拒绝")
    assigned(HENGYUAN, "lina", "2025-03-06", reason="申请领取")
    said = ask("051-01/R02-2", "zhouning", by="grade")
    assert column(said, "key", "stock") == {"B": 1, "A": 0, "C": 0}
    assert column(said, "key", "claimed") == {"B": 0, "A": 0, "C": 1}
    assert (said.totals["pooled"], said.totals["refused"]) == (1, 1)
    assert said.totals["stay"] == pytest.approx(5)


def test_a_first_contact_counts_only_by_the_new_owner_and_in_time(ask):
    assigned(MINGDA, "lina", "2026-02-01")
    contacted(MINGDA, "zhangwei", "2026-02-02")
    contacted(MINGDA, "lina", "2026-02-03")
    assigned(LANWAN, "lina", "2026-02-10")
    contacted(LANWAN, "lina", "2026-02-15")
    assigned(HENGYUAN, "lina", "2026-02-20")
    assigned(HENGYUAN, "zhangwei", "2026-03-09")
    found = {row["person"]: row for row in ask("051-01/R02-3").rows}
    lina = found["lina"]
    assert (lina["customers"], lina["in_time"], lina["late"], lina["never"]) == (3, 1, 1, 1)
    assert lina["rate"] == pytest.approx(1 / 3)
    assert lina["mean"] == pytest.approx(3.5)
    assert (found["zhangwei"]["waiting"], found["zhangwei"]["rate"]) == (1, None)
    assert column(ask("051-01/R02-3", days="7"), "person", "in_time")["lina"] == 2


def test_load_counts_grades_per_head(ask):
    said = ask("051-01/R02-4")
    assert column(said, "key", "customers") == {"zhangwei": 2, "lina": 1}
    assert column(said, "key", "grade_a") == {"zhangwei": 1, "lina": 0}
    (row,) = ask("051-01/R02-4", by="department").rows
    assert (row["key"], row["people"], row["per_head"]) == ("east", 2, 1.5)


def test_a_customer_is_in_danger_without_contact_or_without_an_order(ask):
    write.change(write.need("customer", HENGYUAN), {"life_stage": "成交"}, by="zhangwei")
    write.change(write.need("customer", LANWAN), {"life_stage": "成交"}, by="zhangwei")
    write.change(write.need("customer", MINGDA), {"life_stage": "潜在"}, by="lina")
    for customer, day in ((HENGYUAN, "2026-03-01"), (LANWAN, "2026-03-01"),
                          (MINGDA, "2026-02-07")):  # fmt: skip
        write.change(write.need("customer", customer), {"last_action_at": at(day)}, by="lina")
    # 恒远 was seen nine days ago and ordered in February; 蓝湾 never ordered; 明达 waits 31 days
    said = ask("051-01/R02-5")
    assert column(said, "customer_no", "kind") == {MINGDA: "联系超期", LANWAN: "无业务"}
    assert [row["customer_no"] for row in ask("051-01/R02-5", kind="无业务").rows] == [LANWAN]
    assert not ask("051-01/R02-5", grade="A").rows
    assert [row["customer_no"] for row in ask("051-01/R02-5", "lina").rows] == [MINGDA]
