"""051-03-02 销售机会管理: pursuing, cost, stages, quotes, pauses, the end."""

import datetime as dt
from typing import Any

import pytest
from flask import Flask

from app import clock, errors
from app.db import db
from app.engine import run
from app.records import log
from app.records.action_expense import ActionExpense
from app.records.log import MessageLog
from tests.flows.opportunities import (
    FLOW,
    accept,
    act,
    advance,
    found,
    lose,
    offer,
    pursued,
    share,
    states,
)
from tests.flows.stage import Stage


@pytest.fixture(autouse=True)
def shared(app: Flask) -> None:
    share()


def test_a_stage_needs_an_action_and_its_papers(stage: Stage):
    case = pursued(stage)
    advance(stage, case)
    assert "行动记录" in stage.seen(stage.task("follow_up", case))["problems"]
    act(stage, case)
    advance(stage, case)
    act(stage, case)
    advance(stage, case)
    assert "需求文档" in stage.seen(stage.task("follow_up", case))["problems"]
    assert found(stage, case).stage == "需求确认"
    assert "advance_error" in stage.path(case)


def test_going_back_needs_a_reason(stage: Stage):
    case = pursued(stage)
    act(stage, case)
    advance(stage, case)
    with pytest.raises(errors.Invalid, match="back_reason"):
        advance(stage, case, to_stage="初步接触")
    advance(stage, case, to_stage="初步接触", back_reason="换了采购负责人")
    assert (found(stage, case).stage, found(stage, case).probability) == ("初步接触", 10)


def test_a_high_cost_warns_and_a_very_high_one_needs_approval(stage: Stage):
    case = pursued(stage)
    act(stage, case, expense_rows=[{"category": "差旅", "amount": 4000}])
    told = db.session.scalars(db.select(MessageLog).filter_by(template="opportunity_cost"))
    assert {one.recipient for one in told} == {"wangqiang"}
    assert found(stage, case).cost == 4000
    act(stage, case, expense_rows=[{"category": "礼品", "amount": 2000}])
    assert found(stage, case).cost == 4000
    stage.do("approve_cost", "wangqiang", "approve", case=case)
    assert found(stage, case).cost == 6000
    act(stage, case, expense_rows=[{"category": "礼品", "amount": 100}])
    stage.do("approve_cost", "wangqiang", "reject", case=case, comment="不再招待")
    assert found(stage, case).cost == 6000
    query = db.select(ActionExpense).order_by(ActionExpense.id)
    assert [one.state for one in db.session.scalars(query)] == ["已确认", "已确认", "已驳回"]
    assert "不再招待" in stage.seen(stage.task("follow_up", case))["problems"]
    assert len(db.session.scalars(db.select(log.ApprovalLog)).all()) == 2


def test_a_cost_over_the_limit_needs_approval_too(stage: Stage):
    case = pursued(stage)
    run.set_variables(case, {"expense_limit": 500}, by="zhouning")
    db.session.commit()
    act(stage, case, expense_rows=[{"category": "差旅", "amount": 600}])
    assert found(stage, case).cost == 0
    stage.do("approve_cost", "wangqiang", "approve", case=case)
    assert found(stage, case).cost == 600


def test_an_action_without_cost_is_never_a_cost_case(stage: Stage):
    case = pursued(stage)
    act(stage, case, expense_rows=[{"category": "差旅", "amount": 6000}])
    stage.do("approve_cost", "wangqiang", "approve", case=case)
    act(stage, case)
    assert stage.open(case) == ["follow_up"]


def test_several_quotes_and_the_accepted_one_closes_the_others(stage: Stage):
    case = pursued(stage)
    first, second = offer(stage, case), offer(stage, case, 11500)
    assert first != second
    accept(stage, first)
    assert [state for _number, state in states(stage, case)] == ["已接受", "已替代"]
    stage.do("follow_up", "zhangwei", "lose", case=case)
    lose(stage, case, reason="无决策")
    stage.do("review_loss", "wangqiang", "approve", case=case)
    assert first in stage.seen(stage.task("follow_up", case))["problems"]
    assert "lose_e_has_accepted_quote" in stage.path(case)


def test_a_draft_quote_ends_with_the_opportunity(stage: Stage):
    case = pursued(stage)
    number = offer(stage, case)
    stage.do("follow_up", "zhangwei", "quote", case=case)
    waiting = offer(stage, case, 11500) if "edit_quote" not in stage.open(case) else None
    assert waiting is None
    stage.do("follow_up", "zhangwei", "lose", case=case)
    lose(stage, case, reason="预算取消")
    stage.do("review_loss", "wangqiang", "approve", case=case)
    assert stage.end(case) == "lost"
    assert stage.record("quotation", number).state == "已替代"
    assert stage.tasks(case=case) == []


def test_winning_needs_an_accepted_quote_or_a_direct_order(stage: Stage):
    case = pursued(stage)
    number = offer(stage, case)
    stage.do("follow_up", "zhangwei", "win", case=case)
    with pytest.raises(errors.Invalid, match="quote"):
        stage.do("register_win", "zhangwei", "submit", case=case)
    task = stage.task("register_win", case)
    stage.complete(task, "zhangwei", {"outcome": "submit", "winning": {"quote": number}})
    assert "已接受" in stage.seen(stage.task("register_win", case))["problems"]
    stage.do("register_win", "zhangwei", "back", case=case)
    stage.do("follow_up", "zhangwei", "win", case=case)
    stage.do("register_win", "zhangwei", "submit", case=case,
             winning={"direct": True, "lesson": "样机打动了人"})  # fmt: skip
    assert stage.end(case) == "won"
    assert (found(stage, case).won_quote_no, stage.record("quotation", number).state) == (
        None, "已替代")  # fmt: skip
    assert "share_win" in stage.path(case)


def test_goods_made_to_order_go_by_contract(stage: Stage):
    case = pursued(stage, product="HL-42")
    stage.do("follow_up", "zhangwei", "win", case=case)
    assert stage.seen(stage.task("register_win", case))["winning"]["contract"] is True
    stage.do("register_win", "zhangwei", "submit", case=case, winning={"direct": True})
    assert "contract_intake" in stage.path(case)


def test_a_loss_that_the_manager_does_not_accept_goes_on(stage: Stage):
    case = pursued(stage)
    stage.do("follow_up", "zhangwei", "lose", case=case)
    lose(stage, case, reason="无决策")
    stage.do("review_loss", "wangqiang", "continue", case=case, verdict={"comment": "再去一次"})
    assert "再去一次" in stage.seen(stage.task("follow_up", case))["problems"]
    assert found(stage, case).state == "跟进中"


def suspend(stage: Stage, case: int, days: int = 10) -> None:
    day = clock.now().date() + dt.timedelta(days=days)
    stage.do("follow_up", "zhangwei", "suspend", case=case,
             suspension={"resume_on": day, "reason": "等预算"})  # fmt: skip


def test_two_pauses_and_the_third_is_a_loss(stage: Stage):
    case = pursued(stage)
    suspend(stage, case)
    assert (found(stage, case).state, stage.open(case)) == ("暂停", [])
    stage.wait(days=10)
    assert found(stage, case).state == "跟进中"
    suspend(stage, case)
    stage.message("msg_resume_opportunity", found(stage, case).number)
    assert stage.open(case) == ["follow_up"]
    suspend(stage, case)
    assert stage.open(case) == ["register_loss"]


def neglected(stage: Stage, case: int) -> None:
    stage.wait(days=7)
    assert "follow_reminded" in stage.path(case)
    stage.wait(days=7)
    assert stage.open(case) == ["follow_up", "supervise"]


def supervise(stage: Stage, case: int, choice: str, **other: Any) -> None:
    stage.do("supervise", "wangqiang", case=case,
             supervision={"choice": choice, "reason": "没有行动", **other})  # fmt: skip


def test_two_weeks_without_an_action_bring_the_manager(stage: Stage):
    case = pursued(stage)
    neglected(stage, case)
    supervise(stage, case, "延期")
    assert stage.open(case) == ["follow_up"]
    act(stage, case)
    neglected(stage, case)
    act(stage, case)
    assert stage.open(case) == ["follow_up"]
    neglected(stage, case)
    supervise(stage, case, "改派", new_owner="lina")
    assert (found(stage, case).owner_id, stage.task("follow_up", case).assignee) == ("lina", "lina")
    assert found(stage, case).discoverer_id == "zhangwei"
    neglected(stage, case)
    supervise(stage, case, "关闭")
    assert stage.task("register_loss", case).assignee == "lina"


def test_the_outsider_may_do_nothing(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("enter_chance", "baijie", "cancel", case=case)
