"""051-01-02 客户联系人分配."""

import datetime as dt
from typing import Any

import pytest

from app import clock
from app.accounts import people
from app.db import db
from app.notify import notices
from app.records import log, write
from app.records.assignment_history import AssignmentHistory
from app.records.contact import Contact
from handlers import ownership
from tests.conftest import TODAY
from tests.flows.stage import Stage

FLOW = "p_051_01_02"
MINGDA, HENGYUAN, LANWAN = "CU-202502-0007", "CU-202501-0001", "CU-202503-0002"
PLAN = {"first_contact_plan": dt.date(2026, 3, 11)}


def history(number: str) -> list[AssignmentHistory]:
    customer = write.need("customer", number)
    query = db.select(AssignmentHistory).filter_by(customer_id=customer.id)
    return list(db.session.scalars(query.order_by(AssignmentHistory.id)))


def row(number: str, **given: Any) -> dict[str, Any]:
    return {"customer_id": number, "mode": "指定", "reason": "业务调整", **given}


def moved(stage: Stage, *rows: dict[str, Any]) -> int:
    case = stage.start(FLOW, "wangqiang")
    stage.do("plan", "wangqiang", "submit", case=case, rows=list(rows))
    return case


def test_a_customer_changes_hands(stage: Stage):
    case = moved(stage, row(MINGDA, new_owner="zhangwei"))
    assert stage.open(case) == ["accept", "hand_over"]
    assert stage.record("customer", MINGDA).locked_by == "AS-202603-0001"
    stage.do("hand_over", "lina", "submit", case=case,
             handover={"summary": "谈伺服驱动器", "open_items": "无"})  # fmt: skip
    stage.do("accept", "zhangwei", "accept", case=case, acceptance=PLAN)
    customer = stage.record("customer", MINGDA)
    assert (customer.owner_id, customer.discoverer_id) == ("zhangwei", "lina")
    stage.wait(days=1)
    stage.message("msg_action_logged", f"{MINGDA}+zhangwei")

    assert stage.end(case) == "assigned"
    (told,) = history(MINGDA)
    assert (told.from_id, told.to_id, told.result, told.reason) == (
        "lina", "zhangwei", "已接收", "业务调整")  # fmt: skip
    assert "谈伺服驱动器" in told.handover_doc
    contacts = db.session.scalars(db.select(Contact).filter_by(customer_id=customer.id))
    assert {one.owner_id for one in contacts} == {"zhangwei"}
    assert stage.record("assignment", "AS-202603-0001").state == "已完成"
    assert stage.record("customer", MINGDA).locked_by is None


def southern() -> None:
    """A sales representative of another department."""
    person = people.get("tangli")
    person.department_id = "south"
    db.session.commit()


def test_another_department_needs_the_director_who_refuses(stage: Stage):
    southern()
    people.get("tangli").groups = people.get("lina").groups
    db.session.commit()
    case = moved(stage, row(MINGDA, new_owner="tangli"))
    assert stage.open(case) == ["approve_crossing"]
    (shown,) = stage.seen(stage.task("approve_crossing", case))["plan_rows"]
    assert (shown["old_owner"], shown["department"]) == ("李娜", "华南销售部")
    stage.do("approve_crossing", "zhaomin", "reject", case=case, comment="留在华东")

    assert stage.end(case) == "plan_rejected"
    customer = stage.record("customer", MINGDA)
    assert (customer.owner_id, customer.locked_by) == ("lina", None)
    assert history(MINGDA) == []
    assert stage.record("assignment", "AS-202603-0001").state == "已驳回"
    (decision,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (decision.entity, decision.number, decision.decision) == (
        "assignment", "AS-202603-0001", "驳回")  # fmt: skip


def test_the_director_returns_then_agrees(stage: Stage):
    people.get("tangli").groups = people.get("lina").groups
    southern()
    case = moved(stage, row(MINGDA, new_owner="tangli"))
    stage.wait(days=1)
    assert notices.unread("zhaomin") == 1
    stage.do("approve_crossing", "zhaomin", "return", case=case, comment="换个理由")
    stage.do("plan", "wangqiang", "submit", case=case)
    stage.do("approve_crossing", "zhaomin", "approve", case=case)
    assert stage.open(case) == ["accept", "hand_over"]


def idle(stage: Stage, number: str, days: int, stage_of_life: str = "潜在") -> None:
    customer = write.need("customer", number)
    customer.last_action_at = clock.now() - dt.timedelta(days=days)
    customer.life_stage = stage_of_life
    db.session.commit()


NIGHT = dt.datetime(2026, 3, 10, 18, 0, tzinfo=dt.UTC)  # 02:00 in Shanghai


def test_an_idle_customer_that_nobody_takes_goes_to_the_pool(stage: Stage):
    idle(stage, MINGDA, 31)
    stage.go_to(NIGHT)
    (case,) = stage.cases(FLOW)
    task = stage.task("plan", case.id)
    (suggested,) = stage.seen(task)["rows"]
    assert (suggested["mode"], suggested["new_owner"]) == ("轮询", "zhangwei")
    stage.do("plan", "wangqiang", "submit", case=case.id)
    for who, after in (("zhangwei", "lina"), ("lina", "zhangwei"), ("zhangwei", None)):
        stage.do("accept", who, "decline", case=case.id, acceptance={"reason": "太忙"})
        if after:
            stage.do("reassign", "wangqiang", "submit", case=case.id,
                     reassignment={"new_owner": after, "reason": "换人"})  # fmt: skip

    assert stage.end(case.id) == "assigned"
    customer = stage.record("customer", MINGDA)
    assert (customer.state, customer.owner_id) == ("公海", None)
    (told,) = history(MINGDA)
    assert (told.result, told.declines) == ("入公海", 3)
    stage.wait(days=20)
    claim = claimed(stage, "lina", MINGDA)
    assert stage.end(claim) == "claim_denied"
    assert "30 天内" in notices.latest("lina")[0].text


def claimed(stage: Stage, who: str, number: str) -> int:
    return stage.message(
        "msg_assignment_requested", f"{number}+{who}", reason="claim", customer_ids=[number],
        requester=who, note="我来跟", department_id="east",
    )  # fmt: skip


def test_five_claims_a_day_are_enough(stage: Stage):
    cases = [claimed(stage, "zhangwei", MINGDA)]
    for _again in range(5):
        stage.do("plan", "wangqiang", "cancel", case=cases[-1])
        cases.append(claimed(stage, "zhangwei", MINGDA))
    assert stage.end(cases[0]) == "plan_cancelled"
    assert stage.end(cases[-1]) == "claim_denied"
    assert "一天最多" in notices.latest("zhangwei")[0].text


def test_an_idle_customer_is_only_warned_of_first(stage: Stage):
    idle(stage, MINGDA, 25)
    idle(stage, HENGYUAN, 5)
    stage.go_to(NIGHT)
    (case,) = stage.cases(FLOW)
    assert stage.end(case.id) == "nothing_to_assign"
    assert "七天内不跟进" in notices.latest("lina")[0].text
    assert stage.record("customer", MINGDA).locked_by is None
    assert stage.record("assignment", "AS-202603-0001").state == "已取消"


def test_who_left_leaves_no_customer_alone(stage: Stage):
    people.get("lina").enabled = False
    db.session.commit()
    stage.signal("sig_staff_left", user_id="lina")
    (case,) = stage.cases(FLOW)
    (suggested,) = stage.seen(stage.task("plan", case.id))["rows"]
    assert (suggested["customer_id"], suggested["handover"]) == (MINGDA, False)
    stage.do("plan", "wangqiang", "submit", case=case.id)
    assert stage.open(case.id) == ["accept"]


def test_a_manager_who_left_is_followed_by_the_director(stage: Stage):
    stage.change("customer", MINGDA, owner_id="wangqiang")
    stage.signal("sig_staff_left", user_id="wangqiang")
    (case,) = stage.cases(FLOW)
    assert stage.seen(stage.task("plan", case.id))["planner_role"] == "sales_director"


def test_a_plan_without_customers_or_with_doubles_comes_back(stage: Stage):
    case = moved(stage, row(MINGDA, new_owner="zhangwei"), row(MINGDA, new_owner="zhangwei"))
    assert "列了两次" in stage.seen(stage.task("plan", case))["problems"]
    other = moved(stage, row(HENGYUAN, mode="共享", new_owner="lina"))
    stage.do("plan", "wangqiang", "submit", case=case,
             rows=[row(HENGYUAN, new_owner="lina")])  # fmt: skip
    assert stage.end(other) == "assigned"
    assert stage.open(case) == ["accept", "hand_over"]


def test_a_shared_customer_keeps_its_owner(stage: Stage):
    case = moved(stage, row(HENGYUAN, mode="共享", new_owner="lina"))
    assert stage.end(case) == "assigned"
    customer = stage.record("customer", HENGYUAN)
    assert customer.owner_id == "zhangwei"
    team = write.record.entity("customer_team")
    (one,) = db.session.scalars(db.select(team).filter_by(customer_id=customer.id))
    assert (one.user_id, one.access) == ("lina", "读写")


def test_a_customer_is_put_into_the_pool_by_plan(stage: Stage):
    case = moved(stage, row(LANWAN, mode="公海"))
    assert stage.end(case) == "assigned"
    assert stage.record("customer", LANWAN).state == "公海"


def test_silence_counts_as_no_and_a_missing_handover_is_noted(stage: Stage):
    people.get("tangli").groups = people.get("lina").groups
    db.session.commit()
    case = moved(stage, row(MINGDA, new_owner="zhangwei"))
    stage.wait(days=1)
    assert stage.open(case) == ["hand_over", "reassign"]
    stage.wait(days=1)
    stage.do("reassign", "wangqiang", "submit", case=case,
             reassignment={"new_owner": "tangli", "reason": "换个部门"})  # fmt: skip
    stage.do("accept", "tangli", "accept", case=case,
             acceptance={"first_contact_plan": dt.date(2026, 3, 13)})  # fmt: skip
    assert stage.record("customer", MINGDA).owner_id == "tangli"
    assert history(MINGDA)[0].handover_doc == "交接缺失"


def test_a_representative_who_left_meanwhile_is_replaced(stage: Stage):
    case = moved(stage, row(LANWAN, new_owner="lina"))
    stage.do("hand_over", "zhangwei", "submit", case=case,
             handover={"summary": "船", "open_items": "无"})  # fmt: skip
    people.get("lina").enabled = False
    db.session.commit()
    task = stage.task("accept", case)
    stage.complete(task, "lina", {"outcome": "accept", "acceptance": PLAN})
    assert stage.open(case) == ["reassign"]
    assert "已停用" in stage.seen(stage.task("reassign", case))["problems"]


def test_a_representative_with_too_many_customers_is_replaced(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ownership, "quota", lambda: 1)
    case = moved(stage, row(LANWAN, new_owner="lina"))
    stage.do("hand_over", "zhangwei", "submit", case=case,
             handover={"summary": "船", "open_items": "无"})  # fmt: skip
    stage.do("accept", "lina", "accept", case=case, acceptance=PLAN)
    assert "客户已满 1 个" in stage.seen(stage.task("reassign", case))["problems"]
    assert stage.record("customer", LANWAN).owner_id == "zhangwei"


def test_the_manager_watches_the_first_contact(stage: Stage):
    case = moved(stage, row(MINGDA, new_owner="zhangwei"))
    stage.do("hand_over", "lina", "submit", case=case,
             handover={"summary": "现状", "open_items": "无"})  # fmt: skip
    stage.do("accept", "zhangwei", "accept", case=case, acceptance=PLAN)
    stage.wait(days=3)
    stage.do("supervise", "wangqiang", "extend", case=case, reassignment={"reason": "出差"})
    stage.wait(days=3)
    task = stage.task("supervise", case)
    assert not stage.judge(task, "wangqiang", "extend", {"reassignment": {"reason": "再"}}).ok
    stage.do("supervise", "wangqiang", "reassign", case=case,
             reassignment={"new_owner": "lina", "reason": "换人"})  # fmt: skip
    stage.do("accept", "lina", "accept", case=case,
             acceptance={"first_contact_plan": dt.date(2026, 3, 17)})  # fmt: skip
    assert stage.record("customer", MINGDA).owner_id == "lina"
    stage.wait(days=3)
    stage.do("supervise", "wangqiang", "pool", case=case, reassignment={"reason": "没人跟"})
    assert stage.end(case) == "assigned"
    assert [one.result for one in history(MINGDA)] == ["已接收", "已接收", "入公海"]


def test_a_plan_that_waits_is_reminded_of_and_escalated(stage: Stage):
    idle(stage, MINGDA, 31)
    stage.go_to(NIGHT)
    stage.wait(days=1)
    assert notices.unread("wangqiang") == 1
    stage.wait(days=2)
    (case,) = stage.cases(FLOW)[:1]
    task = stage.task("plan", case.id)
    assert "zhaomin" in [one.value for one in task.candidates]
    assert notices.unread("zhaomin") == 1
    assert clock.now() > TODAY
