"""051-01-01b 资料完整性巡检: weekly, one task per customer with gaps."""

import datetime as dt
from decimal import Decimal

import pytest

from app.db import db
from app.notify import notices
from app.records import write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.report_snapshot import ReportSnapshot
from tests.flows.stage import Stage

FLOW = "p_051_01_01b"
MONDAY = dt.datetime(2026, 3, 16, 0, 0, tzinfo=dt.UTC)  # 08:00 in Shanghai
ZHANGWEI = ("CU-202501-0001", "CU-202503-0002")
CODE = "91370212MA3C1RWD6L"


@pytest.fixture
def whole(stage: Stage) -> Stage:
    """No customer lacks anything."""
    from app.records import names

    code = CODE[:17] + names.check_digit(CODE[:17])
    stage.change("customer", "CU-202503-0002", unified_code=code)
    return stage


def without_decision_maker(*numbers: str) -> None:
    wanted = db.select(Customer.id).where(Customer.number.in_(numbers))
    for contact in db.session.scalars(db.select(Contact).where(Contact.customer_id.in_(wanted))):
        write.change(contact, {"decision_role": "使用者"}, by="zhangwei")
    for number in numbers:  # of a customer in this stage a decision-maker must be known
        write.change(write.need("customer", number), {"life_stage": "意向"}, by="zhangwei")
    db.session.commit()


def snapshot() -> ReportSnapshot:
    (row,) = db.session.scalars(db.select(ReportSnapshot))
    return row


def test_two_gaps_are_two_tasks_and_completeness_rises(whole: Stage):
    without_decision_maker(*ZHANGWEI)
    whole.go_to(MONDAY)
    (case,) = whole.cases(FLOW)
    before = whole.record("customer", "CU-202501-0001").completeness
    tasks = whole.tasks("complete_profile", case.id)
    assert [task.assignee for task in tasks] == ["zhangwei", "zhangwei"]
    for task in tasks:
        gap = whole.seen(task)["gap"]
        assert gap["missing"] == ["decision_maker"]
        judged = whole.judge(task, "zhangwei", "submit", {"new_contact": {
            "name": "秦总", "mobile": "13900000001", "decision_role": "决策者"}})  # fmt: skip
        assert judged.ok, judged.errors
        whole.complete(task, "zhangwei", judged.values)
    assert whole.end(case.id) == "checked"
    assert whole.record("customer", "CU-202501-0001").completeness > before
    row = snapshot()
    assert (row.report, row.period) == ("R01-1 资料完整率", "2026-W12")
    assert row.figures["zhangwei"]["customers"] == 2


def test_after_five_days_the_manager_is_added_and_the_task_stays(whole: Stage):
    without_decision_maker("CU-202501-0001")
    whole.go_to(MONDAY)
    (case,) = whole.cases(FLOW)
    whole.wait(days=5)
    task = whole.task("complete_profile", case.id)
    assert task.assignee == "zhangwei"
    assert [one.value for one in task.candidates] == ["wangqiang"]
    assert "请您协助" in notices.latest("wangqiang")[0].text
    values = {"new_contact": {"name": "秦总", "mobile": "13900000001", "decision_role": "决策者"}}
    whole.do("complete_profile", "wangqiang", "submit", case=case.id, **values)
    assert whole.end(case.id) == "checked"


def test_without_gaps_it_ends_at_once_with_a_snapshot(whole: Stage):
    whole.go_to(MONDAY)
    (case,) = whole.cases(FLOW)
    assert whole.end(case.id) == "checked"
    assert "complete_profile" not in whole.path(case.id)
    assert snapshot().figures["*"]["rate"] > Decimal("0.9")


def test_a_missing_code_is_filled_in_and_judged(stage: Stage):
    stage.go_to(MONDAY)
    (case,) = stage.cases(FLOW)
    task = stage.task("complete_profile", case.id)
    assert stage.seen(task)["gap"]["missing"] == ["unified_code"]
    stage.do("complete_profile", "zhangwei", "submit", filled_in={"unified_code": "1" * 18})
    assert "校验位" in stage.seen(stage.task("complete_profile", case.id))["problems"]
    from app.records import names

    code = CODE[:17] + names.check_digit(CODE[:17])
    stage.do("complete_profile", "zhangwei", "submit", filled_in={"unified_code": code})
    assert stage.record("customer", "CU-202503-0002").unified_code == code


def test_somebody_elses_entry_is_not_overwritten(stage: Stage):
    from app.records import names

    stage.go_to(MONDAY)
    (case,) = stage.cases(FLOW)
    code = CODE[:17] + names.check_digit(CODE[:17])
    stage.change("customer", "CU-202503-0002", unified_code=code)
    other = "91370200MA3C1RWD6"
    typed = other + names.check_digit(other)
    stage.do("complete_profile", "zhangwei", "submit", filled_in={"unified_code": typed})
    task = stage.task("complete_profile", case.id)
    assert "别人改过" in stage.seen(task)["problems"]
    assert stage.record("customer", "CU-202503-0002").unified_code == code
