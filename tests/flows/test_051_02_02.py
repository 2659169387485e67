"""051-02-02 市场活动维护."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import errors
from app.db import db
from app.notify import notices
from app.records import audit, log, write
from app.records.target_list import TargetList
from tests.flows import market
from tests.flows.stage import Stage


def invitations(number: str) -> list[TargetList]:
    campaign = write.need("campaign", number)
    return list(db.session.scalars(db.select(TargetList).filter_by(campaign_id=campaign.id)))


def test_a_fair_is_proposed_approved_prepared_and_released(stage: Stage):
    case = market.approved(stage)
    assert stage.open(case) == ["break_down", "choose_targets"]
    number = market.prepared(stage, case)
    fair = stage.record("campaign", number)
    assert (fair.state, fair.owner_id, fair.version) == ("执行中", "wuhao", 1)
    assert fair.baseline["leads"] == 120
    assert fair.baseline["order_amount"] == Decimal(600000)
    assert market.department_budget(stage).reserved == Decimal(80000)
    own = market.own_budget(number)
    assert (own.approved, own.available, own.control) == (Decimal(80000), Decimal(80000), "强")
    (running,) = stage.cases(market.EXECUTION)
    assert running.business_key == number
    tasks = [stage.record("campaign_task", f"{number}-T{n}") for n in (1, 2, 3)]
    assert [one.executor_id for one in tasks] == ["hanxue", "gongping", "wuhao"]
    assert len(invitations(number)) == len(market.contacts())
    assert not [one for one in audit.check_all() if one.rule.startswith("18")]


def test_the_approvers_see_which_products_a_campaign_is_for(stage: Stage):
    case = market.proposed(stage, products=[{"product": "P-1001"}])
    seen = stage.seen(stage.task("approve"))["approval_facts"]
    name = write.need("product", "P-1001").name
    assert {"label": "推广产品", "value": name} in seen
    fair = stage.record("campaign", stage.variables(case)["campaign_no"])
    assert fair.products == ["P-1001"]


def test_without_expected_results_it_comes_back_and_is_then_refused(stage: Stage):
    case = market.proposed(stage, expected_leads=None)
    assert "预期的线索" in stage.seen(stage.task("draft", case))["problems"]
    assert db.session.scalar(db.select(write.record.entity("campaign"))) is None
    stage.do("draft", "wuhao", "submit", case=case, plan={"expected_leads": 120})
    stage.do("approve", "zhengjie", "approve")
    stage.do("approve", "liuyang", "approve")
    stage.do("approve", "luogang", "reject", comment="今年不做展会")
    assert market.ending(stage, case) == "rejected"
    number = stage.variables(case)["campaign_no"]
    assert stage.record("campaign", number).state == "已驳回"
    assert market.department_budget(stage).reserved == 0
    decisions = list(db.session.scalars(db.select(log.ApprovalLog.decision)))
    assert decisions == ["同意", "同意", "驳回"]


def test_a_released_fair_gets_more_money_and_is_then_cancelled(stage: Stage):
    case, running, number = market.released(stage)
    stage.message("msg_campaign_change", number, requester="wuhao")
    stage.do("request_change", "wuhao", "submit", case=case,
             change={"field": "预算", "budget_total": 110000, "reason": "加一个展位"})  # fmt: skip
    for who in market.APPROVERS:
        stage.do("approve", who, "approve")
    fair = stage.record("campaign", number)
    assert (fair.budget_total, fair.version) == (Decimal(110000), 2)
    assert sum(line["amount"] for line in fair.budget_lines) == 110000
    assert fair.baseline["budget_total"] == 80000
    assert market.department_budget(stage).reserved == Decimal(110000)
    assert market.own_budget(number).adjusted == Decimal(30000)

    stage.message("msg_campaign_cancel", number, requester="wuhao", cancel_reason="场馆停用")
    stage.do("review_cancel", "luogang", "approve", case=case)
    assert market.ending(stage, case) == "campaign_cancelled"
    assert stage.end(running) == "ended_with_campaign"
    assert {"release_budget", "void_invitations"} <= set(stage.path(case))
    fair = stage.record("campaign", number)
    assert (fair.state, fair.spent) == ("已取消", 0)
    own = market.own_budget(number)
    assert (own.state, own.spent) == ("已决算", 0)
    assert market.department_budget(stage).reserved == 0
    assert all(one.voided for one in invitations(number))
    states = {stage.record("campaign_task", f"{number}-T{n}").state for n in (1, 2, 3)}
    assert states == {"已取消"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"budget_total": None, "budget_lines": []}, "没有预算"),
        ({"end_on": market.START - dt.timedelta(days=1)}, "早于开始"),
        ({"budget_lines": []}, "不一致"),
    ],
)
def test_a_proposal_that_is_not_complete_comes_back(stage: Stage, given: dict[str, Any], says: str):
    case = market.proposed(stage, **given)
    assert says in stage.seen(stage.task("draft", case))["problems"]


def test_lines_that_do_not_add_up_are_refused_on_the_form(stage: Stage):
    case = stage.start(market.PLANNING, "wuhao")
    with pytest.raises(errors.Invalid, match="合计"):
        stage.do("draft", "wuhao", "submit", case=case, plan=market.plan(budget_total=80001))


def test_a_proposal_is_given_up(stage: Stage):
    case = stage.start(market.PLANNING, "wuhao")
    stage.do("draft", "wuhao", "cancel", case=case)
    assert stage.end(case) == "cancelled"


def test_a_returned_proposal_is_handed_in_again_or_given_up(stage: Stage):
    case = market.proposed(stage)
    stage.do("approve", "zhengjie", "return", comment="差旅太多")
    number = stage.variables(case)["campaign_no"]
    assert stage.record("campaign", number).state == "草稿"
    stage.do("draft", "wuhao", "submit", case=case)
    stage.message("msg_approval_withdrawn", number)
    assert stage.open(case) == ["draft"]
    stage.do("draft", "wuhao", "cancel", case=case)
    assert stage.end(case) == "dropped"
    assert stage.record("campaign", number).state == "已取消"


def short(stage: Stage, free: int) -> None:
    stage.change("expense_budget", "FB-202601-0001", adjusted=free - 600000)


def settled(stage: Stage, case: int, choice: str, **given: Any) -> None:
    stage.do("handle_shortage", "zhengjie", case=case,
             shortage={"choice": choice, "reason": "预算紧", **given})  # fmt: skip


def test_a_department_without_money_reduces_or_drops(stage: Stage):
    short(stage, 70000)
    case = market.proposed(stage)
    seen = stage.seen(stage.task("handle_shortage", case))
    assert (seen["budget_free"], seen["budget_short"]) == (Decimal(70000), Decimal(10000))
    settled(stage, case, "缩减")
    stage.do("draft", "wuhao", "submit", case=case)
    settled(stage, case, "放弃")
    assert market.ending(stage, case) == "dropped_short"


def test_more_money_is_asked_for_and_the_excess_is_written_down(stage: Stage):
    short(stage, 70000)
    case = market.proposed(stage)
    with pytest.raises(errors.Invalid, match="不够补上"):
        settled(stage, case, "申请追加", extra_amount=9000)
    settled(stage, case, "申请追加", extra_amount=10000)
    for who in ("zhengjie", "luogang", "liuyang", "gaoyuan"):
        stage.do("approve", who, "approve")
    assert "break_down" in stage.open(case)
    assert market.department_budget(stage).available == Decimal(-10000)
    excess = write.record.entity("budget_excess")
    (row,) = db.session.scalars(db.select(excess))
    assert row.amount == Decimal(10000)
    assert not [one for one in audit.check_all() if one.rule.startswith("18")]


def test_money_that_went_meanwhile_is_missed_at_the_reservation(stage: Stage):
    case = market.proposed(stage)
    stage.do("approve", "zhengjie", "approve")
    stage.do("approve", "liuyang", "approve")
    short(stage, 50000)
    stage.do("approve", "luogang", "approve")
    assert stage.open(case) == ["handle_shortage"]
    settled(stage, case, "放弃")
    number = stage.variables(case)["campaign_no"]
    assert stage.record("campaign", number).state == "已取消"
    assert market.department_budget(stage).reserved == 0


def test_tasks_that_cost_more_than_the_fair_and_an_empty_list_come_back(stage: Stage):
    case = market.approved(stage)
    stage.do("break_down", "zhengjie", case=case, tasks=[market.task("布展", 90000)])
    assert "超过活动预算" in stage.seen(stage.task("break_down", case))["problems"]
    with pytest.raises(errors.Invalid, match="活动期间"):
        late = market.task("布展", 1000, due_on=market.END + dt.timedelta(days=1))
        stage.do("break_down", "zhengjie", case=case, tasks=[late])
    for one in market.contacts():
        stage.change("contact", one, care_optout=True)
    stage.do("choose_targets", "wuhao", case=case, invitation={
        "grades": ["A"], "invite_text": "来"})  # fmt: skip
    assert "没有可以邀请" in stage.seen(stage.task("choose_targets", case))["problems"]


def test_a_yearly_plan_is_approved_without_a_budget_of_its_own(stage: Stage):
    stage.go_to(dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC))
    (case,) = stage.cases(market.PLANNING)
    task = stage.task("draft", case.id)
    assert task.assignee == "wuhao"
    assert stage.seen(task)["plan"]["name"] == "2027 年度市场计划"
    total = [{"item": "其他", "amount": 300000}]
    stage.do("draft", "wuhao", "submit", case=case.id, plan={
        "goal": "全年", "target_segment": "华东", "budget_total": 300000, "budget_lines": total,
        "expected_leads": 900, "expected_customers": 60, "expected_opportunities": 90,
        "expected_amount": 5000000})  # fmt: skip
    for who in ("zhengjie", "liuyang", "luogang", "gaoyuan"):
        stage.do("approve", who, "approve")
    assert stage.end(case.id) == "yearly_done"
    assert "yearly_plan_approved" in stage.path(case.id)
    yearly = db.session.scalars(db.select(write.record.entity("campaign"))).one()
    assert (yearly.state, yearly.type) == ("已批准", "年度计划")
    assert yearly.baseline["leads"] == 900
    assert market.department_budget(stage).reserved == 0


def change(stage: Stage, case: int, number: str, **given: Any) -> None:
    stage.message("msg_campaign_change", number, requester="wuhao")
    stage.do("request_change", "wuhao", "submit", case=case, change={"reason": "展期变了", **given})


def test_a_moved_fair_tells_who_was_invited(stage: Stage):
    first = market.contacts()[-1]
    case, _running, number = market.released(stage)
    early = market.START - dt.timedelta(days=1)
    change(stage, case, number, field="结束日期", end_on=early)
    assert "早于开始" in stage.seen(stage.task("request_change", case))["problems"]
    stage.do("request_change", "wuhao", "submit", case=case,
             change={"end_on": market.END + dt.timedelta(days=1)})  # fmt: skip
    stage.do("approve", "zhengjie", "return", comment="写清楚")
    stage.do("request_change", "wuhao", "submit", case=case)
    for who in market.APPROVERS:
        stage.do("approve", who, "approve")
    fair = stage.record("campaign", number)
    assert (fair.end_on, fair.version) == (market.END + dt.timedelta(days=1), 2)
    assert "tell_moved" in stage.path(case)
    assert stage.record("contact", first).consent == "已取得"
    told = db.select(log.MessageLog).filter_by(template="campaign_moved")
    assert {one.state for one in db.session.scalars(told)} & {"待发", "无地址"}


def test_changes_may_be_refused_withdrawn_dropped_or_too_dear(stage: Stage):
    case, _running, number = market.released(stage)
    change(stage, case, number, field="地点", place="苏州")
    stage.do("approve", "zhengjie", "reject", comment="不换")
    change(stage, case, number, field="地点", place="昆山")
    stage.message("msg_approval_withdrawn", number)
    assert stage.record("campaign", number).place == "上海新国际博览中心"
    stage.message("msg_campaign_change", number, requester="wuhao")
    stage.do("request_change", "wuhao", "cancel", case=case)
    short(stage, 90000)
    change(stage, case, number, field="预算", budget_total=100000)
    for who in market.APPROVERS:
        stage.do("approve", who, "approve")
    assert "还差" in stage.seen(stage.task("request_change", case))["problems"]
    assert stage.record("campaign", number).version == 1


def test_what_is_not_approved_yet_cannot_be_changed_or_cancelled(stage: Stage):
    case = market.proposed(stage)
    number = stage.variables(case)["campaign_no"]
    stage.message("msg_campaign_change", number, requester="wuhao")
    stage.message("msg_campaign_cancel", number, requester="wuhao")
    assert {"change_too_late", "goes_on"} <= set(stage.path(case))
    assert "继续执行" in notices.latest("wuhao")[0].text
    assert stage.open(case) == ["approve"]


def test_a_cancellation_that_is_refused_changes_nothing(stage: Stage):
    case, _running, number = market.released(stage)
    stage.message("msg_campaign_cancel", number, requester="wuhao", cancel_reason="人手不够")
    stage.do("review_cancel", "luogang", "reject", case=case, comment="调人来")
    assert stage.record("campaign", number).state == "执行中"
    assert "调人来" in notices.latest("wuhao")[0].text
    assert not stage.ended(case)
