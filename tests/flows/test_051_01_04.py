"""051-01-04 客户信用管理."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.notify import notices
from app.records import write
from tests.flows.stage import Stage

FLOW = "p_051_01_04"
HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"


def applied(stage: Stage, number: str, kind: str = "调额", **application: Any) -> int:
    who = stage.record("customer", number).owner_id
    case = stage.start(FLOW, who)
    stage.do("fill_in", who, "submit", case=case, customer_id=number, apply_type=kind,
             application={"reason": "业务扩大", **application})  # fmt: skip
    return case


def assessed(stage: Stage, case: int, outcome: str = "accept", **given: Any) -> None:
    stage.do("assess", "fengkai", outcome, case=case, assessment={"opinion": "按评分", **given})


def credit(stage: Stage, number: str) -> Any:
    return stage.record("customer_credit", number)


def test_a_higher_limit_is_approved_at_two_levels(stage: Stage):
    case = applied(stage, HENGYUAN, limit=600000)
    assessed(stage, case, control="审批放行")
    for who in ("liuyang", "gaoyuan"):
        stage.do("approve", who, "approve", case=case)
    assert stage.end(case) == "in_force"
    held = credit(stage, HENGYUAN)
    assert (held.limit, held.state, held.control) == (Decimal(600000), "正常", "审批放行")
    change = stage.record("credit_change", stage.variables(case)["change_no"])
    assert change.state == "已生效"
    assert change.old_values["limit"] == Decimal(500000)
    assert "额度 600000" in notices.latest("linyue")[0].text


def test_a_temporary_limit_is_refused(stage: Stage):
    case = applied(stage, MINGDA, "临时额度", limit=30000, temp_until=dt.date(2026, 4, 30))
    assessed(stage, case, control="审批放行")
    stage.do("approve", "liuyang", "reject", case=case, comment="逾期 35 天")
    assert stage.end(case) == "rejected"
    held = credit(stage, MINGDA)
    assert (held.limit, held.temp_limit) == (Decimal(50000), Decimal(0))
    assert stage.record("credit_change", stage.variables(case)["change_no"]).state == "已驳回"


def owes(number: str, amount: int, overdue: int) -> None:
    customer = write.need("customer", number)
    due = dt.date(2026, 3, 10) - dt.timedelta(days=overdue)
    invoice = write.create(
        "invoice",
        {"customer_id": customer.id, "kind": "普票", "color": "蓝", "gross": amount, "open": amount,
         "title_text": customer.name, "due_date": due, "owner_id": customer.owner_id},
        by="chenjing", state="已入账",
    )  # fmt: skip
    write.create(
        "ar_entry",
        {"customer_id": customer.id, "type": "invoice", "ledger": "应收", "amount": amount,
         "doc_type": "invoice", "doc_no": invoice.number, "value_date": due},
        by="chenjing",
    )  # fmt: skip
    db.session.commit()


def test_a_long_overdue_customer_is_stopped(stage: Stage):
    owes(MINGDA, 42000, 65)
    case = stage.message("msg_overdue_detected", MINGDA, customer_id=MINGDA)
    seen = stage.seen(stage.task("assess", case))["assessment"]
    assert (seen["level"], seen["limit"], seen["control"]) == ("D", 0, "停止")
    assessed(stage, case)
    assert stage.end(case) == "in_force"
    held = credit(stage, MINGDA)
    assert (held.state, held.limit, held.exposure) == ("停止", Decimal(0), Decimal(42000))
    assert "send_stop" in stage.path(case)


def test_a_limit_below_what_is_owed_comes_back(stage: Stage):
    owes(MINGDA, 42000, 0)
    case = applied(stage, MINGDA, limit=10000)
    assessed(stage, case, control="审批放行")
    assert "42000" in stage.seen(stage.task("assess", case))["problems"]
    assessed(stage, case, "freeze", control="审批放行")
    assert credit(stage, MINGDA).control == "停止"
    other = applied(stage, MINGDA, "解冻", limit=None)
    assessed(stage, other, limit=50000, control="审批放行")
    stage.do("approve", "liuyang", "approve", case=other)
    assert "send_release" in stage.path(other)
    assert credit(stage, MINGDA).state == "正常"


@pytest.mark.parametrize("revoked", [True, False], ids=["revoked", "expired"])
def test_a_temporary_limit_ends(stage: Stage, revoked: bool):
    case = applied(stage, MINGDA, "临时额度", limit=5000, temp_until=dt.date(2026, 3, 20))
    assessed(stage, case, control="审批放行")
    stage.do("approve", "liuyang", "approve", case=case)
    assert credit(stage, MINGDA).temp_limit == Decimal(5000)
    if revoked:
        stage.message("msg_temp_credit_revoked", stage.variables(case)["change_no"])
    else:
        stage.wait(days=11)
    assert stage.end(case) == "temp_ended"
    assert credit(stage, MINGDA).temp_limit == 0


def test_the_approver_returns_the_applicant_withdraws(stage: Stage):
    case = applied(stage, HENGYUAN, limit=600000)
    stage.wait(days=2)
    assert notices.unread("fengkai") == 1
    assessed(stage, case)
    stage.do("approve", "liuyang", "return", case=case, comment="补一份担保")
    assessed(stage, case)
    stage.message("msg_approval_withdrawn", stage.variables(case)["change_no"])
    assert stage.end(case) == "withdrawn"


def test_the_assessor_refuses_and_the_applicant_gives_up(stage: Stage):
    case = applied(stage, HENGYUAN, limit=600000)
    assessed(stage, case, "reject")
    assert stage.end(case) == "rejected"
    other = stage.start(FLOW, "zhangwei")
    stage.do("fill_in", "zhangwei", "cancel", case=other)
    assert stage.end(other) == "cancelled"


def test_a_new_customer_gets_a_profile_without_limit(stage: Stage):
    customer = write.create(
        "customer", {"name": "新来的公司", "customer_type": "企业", "source": "网站"},
        by="sunli", state="有效",
    )  # fmt: skip
    db.session.commit()
    stage.signal("sig_customer_created", customer_id=customer.number, source="initial")
    (case,) = stage.cases(FLOW)
    assert stage.end(case.id) == "in_force"
    held = credit(stage, customer.number)
    assert (held.level, held.limit, held.state) == ("NEW", Decimal(0), "正常")


def test_everybody_is_reviewed_every_half_year(stage: Stage):
    stage.go_to(dt.datetime(2026, 6, 30, 22, 0, tzinfo=dt.UTC))
    (case,) = stage.cases(FLOW)
    assert len(stage.tasks("assess", case.id)) == 3
    for task in stage.tasks("assess", case.id):
        judged = stage.judge(task, "fengkai", "reject", {"assessment": {"opinion": "不变"}})
        stage.complete(task, "fengkai", judged.values | {"outcome": "reject"})
    assert stage.end(case.id) == "reviewed"
