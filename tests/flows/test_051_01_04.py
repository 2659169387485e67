"""051-01-04 客户信用管理: application, review, approval, effect, temporary limits, overdue."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.notify import notices
from app.records import log, write
from tests.flows.stage import Stage

FLOW = "p_051_01_04"
HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"


def ordered(number: str, monthly: int, months: int = 12) -> None:
    """One order a month, finished and paid, since three years ago."""
    days = [dt.date(2023, 1, 9)]
    days += [dt.date(2026, 2, 1) - dt.timedelta(days=30 * back) for back in range(months)]
    for day in days:
        given = {"customer_id": number, "order_date": day, "sales_rep_id": "zhangwei",
                 "total": monthly, "invoice_status": "全部"}  # fmt: skip
        write.create("sales_order", given, by="linyue", state="已完成")
    db.session.commit()


def owes(number: str, amount: int, overdue: int) -> None:
    customer = write.need("customer", number)
    due = dt.date(2026, 3, 10) - dt.timedelta(days=overdue)
    given = {"customer_id": customer.id, "kind": "普票", "gross": amount, "open": amount,
             "title_text": customer.name, "due_date": due}  # fmt: skip
    made = write.create("invoice", given, by="chenjing", state="已入账")
    entry = {"customer_id": customer.id, "type": "invoice", "ledger": "应收", "amount": amount,
             "doc_type": "invoice", "doc_no": made.number, "value_date": due}  # fmt: skip
    write.create("ar_entry", entry, by="chenjing")
    db.session.commit()


def apply(stage: Stage, number: str, kind: str = "调额", **application: Any) -> int:
    who = stage.record("customer", number).owner_id
    case = stage.start(FLOW, who)
    stage.do("apply_credit", who, "submit", case=case, customer_id=number,
             application={"apply_type": kind, "reason": "业务扩大", **application})  # fmt: skip
    return case


def review(stage: Stage, case: int, outcome: str = "accept", **given: Any) -> None:
    stage.do("review_credit", "fengkai", outcome, case=case, review={"opinion": "看过", **given})


def credit(stage: Stage, number: str) -> Any:
    return stage.record("customer_credit", number)


def change(stage: Stage, case: int) -> Any:
    return stage.record("credit_change", stage.variables(case)["change_no"])


def test_a_higher_limit_is_approved_at_two_levels(stage: Stage):
    ordered(HENGYUAN, 250000)
    case = apply(stage, HENGYUAN, limit=600000, peer_credit="好")
    assert stage.variables(case)["score"] >= 80
    assert stage.variables(case)["policy"]["level"] == "AAA"
    review(stage, case)
    for who in ("liuyang", "gaoyuan"):
        stage.do("approve", who, "approve", case=case)
    assert stage.end(case) == "credit_applied"
    held = credit(stage, HENGYUAN)
    assert (held.limit, held.state, held.level) == (Decimal(600000), "正常", "AAA")
    made = change(stage, case)
    assert (made.state, made.old_values["limit"]) == ("已生效", Decimal(500000))
    assert made.number == "CR-202603-0001"
    assert any("600,000" in one.text for one in notices.latest("linyue"))
    said = db.session.scalars(db.select(log.ApprovalLog.by).order_by(log.ApprovalLog.id))
    assert list(said) == ["fengkai", "liuyang", "gaoyuan"]
    assert not stage.incidents()


def test_a_temporary_limit_is_refused(stage: Stage):
    owes(MINGDA, 1000, 35)
    case = apply(stage, MINGDA, "临时额度", limit=30000, temp_until=dt.date(2026, 4, 30))
    review(stage, case)
    stage.do("approve", "liuyang", "reject", case=case, comment="逾期 35 天")
    assert stage.end(case) == "credit_rejected"
    held = credit(stage, MINGDA)
    assert (held.limit, held.temp_limit) == (Decimal(50000), Decimal(0))
    assert change(stage, case).state == "已驳回"
    assert stage.variables(case)["result"] == "信用驳回"


def test_a_long_overdue_customer_is_stopped(stage: Stage):
    owes(MINGDA, 42000, 65)
    case = stage.message("msg_overdue_detected", MINGDA, customer_id=MINGDA)
    seen = stage.seen(stage.task("review_credit", case))["review"]
    assert (seen["level"], seen["limit"], seen["control"]) == ("D", 0, "停止")
    review(stage, case)
    assert stage.end(case) == "credit_applied"
    held = credit(stage, MINGDA)
    assert (held.state, held.limit, held.exposure) == ("停止", Decimal(0), Decimal(42000))
    assert stage.variables(case)["told"] == "msg_credit_stop"


# other ways through


def test_a_limit_below_what_is_owed_comes_back_and_may_only_be_frozen(stage: Stage):
    owes(MINGDA, 42000, 0)
    case = apply(stage, MINGDA, limit=10000)
    review(stage, case)
    assert "42,000" in stage.seen(stage.task("review_credit", case))["problems"]
    review(stage, case, "freeze")
    assert stage.end(case) == "credit_applied"
    assert (credit(stage, MINGDA).control, credit(stage, MINGDA).limit) == ("停止", 10000)


def test_a_stop_is_lifted_by_an_application(stage: Stage):
    write.change(write.need("customer_credit", MINGDA), {"control": "停止"}, by="fengkai")
    write.move(write.need("customer_credit", MINGDA), "停止", by="fengkai")
    db.session.commit()
    case = apply(stage, MINGDA, "解冻")
    review(stage, case)
    stage.do("approve", "liuyang", "approve", case=case)
    held = credit(stage, MINGDA)
    assert (held.control, held.state, held.limit) == ("审批放行", "正常", Decimal(50000))
    assert stage.variables(case)["told"] == "msg_credit_released"


def test_only_the_term_changes(stage: Stage):
    case = apply(stage, MINGDA, "账期调整", term_days=45)
    review(stage, case)
    assert stage.end(case) == "credit_applied"
    assert (credit(stage, MINGDA).term_days, credit(stage, MINGDA).limit) == (45, Decimal(50000))


@pytest.mark.parametrize("revoked", [True, False], ids=["revoked", "expired"])
def test_a_temporary_limit_ends(stage: Stage, revoked: bool):
    case = apply(stage, MINGDA, "临时额度", limit=5000, temp_until=dt.date(2026, 3, 20))
    review(stage, case)
    if "approve" in stage.open(case):
        stage.do("approve", "liuyang", "approve", case=case)
    assert (credit(stage, MINGDA).temp_limit, credit(stage, MINGDA).limit) == (5000, 50000)
    if revoked:
        stage.message("msg_temp_credit_revoked", stage.variables(case)["change_no"])
    else:
        stage.go_to(dt.datetime(2026, 3, 20, 15, 59, tzinfo=dt.UTC))
        assert credit(stage, MINGDA).temp_limit == 5000
        stage.go_to(dt.datetime(2026, 3, 20, 16, 1, tzinfo=dt.UTC))
    assert stage.end(case) == "temp_ended"
    assert credit(stage, MINGDA).temp_limit == 0
    assert change(stage, case).state == "已过期"


def test_the_approver_returns_and_the_applicant_withdraws(stage: Stage):
    case = apply(stage, HENGYUAN, limit=600000)
    stage.wait(days=2)
    assert notices.unread("fengkai") >= 1
    review(stage, case)
    stage.do("approve", "liuyang", "return", case=case, comment="补一份担保")
    review(stage, case, "change", limit=550000)
    assert change(stage, case).new_limit == 550000
    stage.message("msg_approval_withdrawn", stage.variables(case)["change_no"])
    assert stage.end(case) == "credit_withdrawn"
    assert change(stage, case).state == "已撤回"
    assert credit(stage, HENGYUAN).limit == 500000


def test_the_controller_refuses(stage: Stage):
    case = apply(stage, HENGYUAN, limit=600000)
    review(stage, case, "reject")
    assert stage.end(case) == "credit_rejected"


def test_an_opinion_is_needed_for_anything_but_the_proposal(stage: Stage):
    case = apply(stage, HENGYUAN, limit=600000)
    task = stage.task("review_credit", case)
    assert stage.judge(task, "fengkai", "freeze", {}).errors == {"review.opinion": "此项必填"}


def test_an_application_is_remembered_and_given_up(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("apply_credit", "zhangwei", "load", case=case, customer_id=HENGYUAN)
    facts = stage.seen(stage.task("apply_credit", case))["credit_facts"]
    assert {"label": "信用额度", "value": "500,000.00"} in facts
    stage.wait(days=3)
    assert notices.unread("zhangwei") >= 1
    stage.do("apply_credit", "zhangwei", "cancel", case=case)
    assert stage.end(case) == "cancelled"


def test_a_temporary_limit_lasts_ninety_days_at_most(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    task = stage.task("apply_credit", case)
    given = {"customer_id": HENGYUAN, "application": {
        "apply_type": "临时额度", "limit": 1, "reason": "x", "temp_until": dt.date(2026, 6, 9)}}  # fmt: skip
    assert "九十天" in str(stage.judge(task, "zhangwei", "submit", given).errors)


def test_a_new_customer_gets_a_profile_without_limit(stage: Stage):
    given = {"name": "新来的公司", "customer_type": "企业", "source": "网站"}
    customer = write.create("customer", given, by="sunli", state="有效")
    db.session.commit()
    stage.signal("sig_customer_created", customer_id=customer.number, source="initial")
    (case,) = stage.cases(FLOW)
    assert stage.end(case.id) == "credit_applied"
    held = credit(stage, customer.number)
    assert (held.level, held.limit, held.state, held.control) == ("NEW", 0, "正常", "审批放行")


def test_everybody_is_reviewed_every_half_year(stage: Stage):
    stage.go_to(dt.datetime(2026, 6, 30, 22, 0, tzinfo=dt.UTC))
    case = stage.cases(FLOW)[0].id
    tasks = stage.tasks("review_credit")
    assert len(tasks) == 3
    for task in tasks:
        judged = stage.judge(task, "fengkai", "reject", {"review": {"opinion": "不变"}})
        stage.complete(task, "fengkai", judged.values | {"outcome": "reject"})
    assert stage.end(case) == "reviewed"
    assert credit(stage, HENGYUAN).limit == 500000


def test_who_applied_does_not_review(stage: Stage):
    case = stage.start(FLOW, "fengkai")
    stage.do("apply_credit", "fengkai", "submit", case=case, customer_id=HENGYUAN,
             application={"apply_type": "调额", "limit": 600000, "reason": "x"})  # fmt: skip
    with pytest.raises(Exception, match="自己"):
        review(stage, case)
    assert stage.open(case) == ["review_credit"]
