"""COM-01 通用分级审批, called by a flow that catches its three errors."""

from decimal import Decimal
from pathlib import Path

import pytest

from app import errors
from app.accounts import people
from app.db import db
from app.engine import deploy
from app.notify import notices
from app.notify.models import Outgoing
from app.records import log
from tests.flows.stage import Stage


@pytest.fixture(autouse=True)
def caller(app) -> None:
    path = Path(__file__).parent / "caller.bpmn"
    deploy.deploy([(path.name, path.read_bytes())], by="zhouning")
    db.session.commit()


def asked(stage: Stage, by: str = "zhangwei", **given) -> int:
    given = {"object_type": "合同", "object_id": "HT-202603-0009", "amount": 600000, **given}
    return stage.start("p_caller", by, **given)


def decisions() -> list[tuple[int | None, str, str]]:
    rows = db.session.scalars(db.select(log.ApprovalLog).order_by(log.ApprovalLog.id))
    return [(row.level, row.by, row.decision) for row in rows]


def agree(stage: Stage, case: int, *who: str) -> None:
    for one in who:
        stage.do("approve", one, "approve", case=case)


def test_a_large_contract_goes_through_five_levels_in_order(stage: Stage):
    case = asked(stage, discount=Decimal("0.03"))
    agree(stage, case, "wangqiang", "tanming", "liuyang", "zhaomin", "gaoyuan")
    assert stage.end(case) == "agreed"
    assert stage.variables(case)["approval_result"] == "approve"
    assert [who for _level, who, _decision in decisions()] == [
        "wangqiang", "tanming", "liuyang", "zhaomin", "gaoyuan"]  # fmt: skip


def test_two_given_levels_agree(stage: Stage):
    case = asked(stage, levels=["sales_manager", "sales_director"])
    agree(stage, case, "wangqiang", "zhaomin")
    assert stage.end(case) == "agreed"
    assert decisions() == [(1, "wangqiang", "同意"), (2, "zhaomin", "同意")]


def test_the_second_level_returns_and_no_later_one_is_asked(stage: Stage):
    case = asked(stage, levels=["sales_manager", "sales_director", "general_manager"])
    agree(stage, case, "wangqiang")
    stage.do("approve", "zhaomin", "return", case=case, comment="附上合同文本")
    assert stage.end(case) == "was_returned"
    assert [decision for *_who, decision in decisions()] == ["同意", "退回修改"]


def test_a_refusal_needs_a_reason_and_ends_it(stage: Stage):
    case = asked(stage, levels=["sales_manager"])
    with pytest.raises(errors.Invalid):
        stage.do("approve", "wangqiang", "reject", case=case)
    stage.do("approve", "wangqiang", "reject", case=case, comment="价格太低")
    assert stage.end(case) == "was_rejected"


def test_a_silent_level_is_decided_by_the_superior(stage: Stage):
    case = asked(stage, levels=["sales_manager"])
    stage.wait(days=1)
    assert notices.unread("wangqiang") == 1
    assert [row.channel for row in db.session.scalars(db.select(Outgoing))] == ["邮件"]
    stage.wait(days=2)
    assert stage.task("approve", case).assignee == "zhaomin"
    agree(stage, case, "zhaomin")
    assert stage.end(case) == "agreed"
    (row,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (row.by, row.delegated_from) == ("zhaomin", "wangqiang")


def test_the_submitter_takes_the_request_back(stage: Stage):
    case = asked(stage, levels=["sales_manager"])
    stage.message("msg_approval_withdrawn", "HT-202603-0009")
    assert stage.end(case) == "was_withdrawn"
    assert stage.open(case) == []
    assert [decision for *_who, decision in decisions()] == ["撤回"]


def test_nobody_to_ask_is_agreed_at_once(stage: Stage):
    case = asked(stage, object_type="没有矩阵的对象")
    assert stage.end(case) == "agreed"
    assert [decision for *_who, decision in decisions()] == ["自动通过"]


def test_the_submitters_own_level_is_skipped(stage: Stage):
    case = asked(stage, by="wangqiang", levels=["sales_manager", "sales_director"])
    assert stage.task("approve", case).assignee == "zhaomin"
    agree(stage, case, "zhaomin")
    assert stage.end(case) == "agreed"


def test_the_last_level_of_ones_own_goes_to_the_superior(stage: Stage):
    case = asked(stage, by="wangqiang", levels=["sales_manager"])
    assert stage.task("approve", case).assignee == "zhaomin"


def test_who_agreed_before_is_not_asked_again(stage: Stage):
    director = people.get("zhaomin")
    director.groups = [*director.groups, *people.get("tanming").groups]
    people.get("tanming").enabled = False
    db.session.commit()
    case = asked(stage, levels=["sales_director", "legal", "general_manager"])
    agree(stage, case, "zhaomin", "gaoyuan")
    assert stage.end(case) == "agreed"


def test_the_approver_asks_somebody_first(stage: Stage):
    case = asked(stage, levels=["sales_manager"])
    stage.do("approve", "wangqiang", "countersign", case=case, extra_signer="tanming")
    stage.do(
        "countersign", "tanming", "submit", case=case, advice="建议同意", opinion="条款没有问题"
    )
    (said,) = stage.seen(stage.task("approve", case))["opinions"]
    assert (said["name"], said["comment"]) == ("谭明", "条款没有问题")
    agree(stage, case, "wangqiang")
    assert stage.end(case) == "agreed"
    assert [decision for *_who, decision in decisions()] == ["建议同意", "同意"]


def joint(stage: Stage, mode: str, **given) -> int:
    return asked(stage, levels=["sales_manager", "legal", "finance_manager"], mode=mode, **given)


def test_everybody_must_agree(stage: Stage):
    case = joint(stage, "会签")
    for who in ("tanming", "wangqiang", "liuyang"):
        stage.do("approve_jointly", who, "approve", case=case, of=who)
    assert stage.end(case) == "agreed"


def test_one_refusal_ends_a_joint_decision(stage: Stage):
    case = joint(stage, "会签")
    stage.do("approve_jointly", "liuyang", "reject", case=case, of="liuyang", comment="没有预算")
    assert stage.end(case) == "was_rejected"


def test_one_agreement_is_enough(stage: Stage):
    case = joint(stage, "或签")
    stage.do("approve_jointly", "tanming", "return", case=case, of="tanming", comment="改条款")
    stage.do("approve_jointly", "liuyang", "approve", case=case, of="liuyang")
    assert stage.end(case) == "agreed"


def test_two_of_three_are_enough(stage: Stage):
    case = joint(stage, "会签", needed=2)
    for who in ("tanming", "liuyang"):
        stage.do("approve_jointly", who, "approve", case=case, of=who)
    assert stage.end(case) == "agreed"


def test_a_silent_joint_approver_is_replaced(stage: Stage):
    case = joint(stage, "会签")
    stage.wait(days=3)
    assert {task.assignee for task in stage.tasks("approve_jointly", case)} == {
        "zhaomin", "gaoyuan"}  # fmt: skip


def test_the_submitter_cannot_decide_even_past_the_form(stage: Stage):
    case = asked(stage, levels=["sales_manager"])
    task = stage.task("approve", case)
    with pytest.raises(errors.Invalid):
        stage.complete(task, "zhangwei", {"outcome": "approve"})
    assert decisions() == []
