"""051-03-02 销售机会管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal

import pytest
from flask import Flask

from app import errors
from app.db import db
from app.records.log import MessageLog
from app.records.opportunity import Opportunity, StageHistory
from tests.flows.opportunities import (
    FLOW,
    HENGYUAN,
    MINGDA,
    accept,
    act,
    advance,
    contact,
    enter,
    found,
    lose,
    offer,
    pursued,
    rival,
    share,
)
from tests.flows.stage import Stage


@pytest.fixture(autouse=True)
def shared(app: Flask) -> None:
    share()


def test_an_opportunity_says_where_it_came_from(stage: Stage):
    case = pursued(stage, source="转介绍")
    assert found(stage, case).source == "转介绍"
    with pytest.raises(errors.Invalid):
        enter(stage, source="听说的")


def test_from_the_report_to_the_order(stage: Stage):
    case = pursued(stage)
    row = found(stage, case)
    assert (row.state, row.stage, row.discoverer_id) == ("跟进中", "初步接触", "zhangwei")
    assert row.protect_until == dt.date(2026, 6, 8)
    costs = [{"category": "差旅", "amount": 1000}, {"category": "招待", "amount": 500}]
    act(stage, case, expense_rows=costs)
    assert found(stage, case).cost == 1500
    advance(stage, case)
    act(stage, case)
    advance(stage, case, need_doc="十台，五月底到货")
    assert (found(stage, case).stage, found(stage, case).probability) == ("方案报价", 50)
    number = offer(stage, case)
    act(stage, case)
    advance(stage, case)
    act(stage, case)
    advance(stage, case)
    row = found(stage, case)
    assert (row.stage, row.probability, row.weighted) == ("签约", 90, Decimal(102600))
    accept(stage, number)
    stage.do("follow_up", "zhangwei", "win", case=case)
    stage.do("register_win", "zhangwei", "submit", case=case)
    assert stage.end(case) == "won"
    row = found(stage, case)
    assert (row.state, row.won_quote_no, row.discoverer_id) == ("赢单", number, "zhangwei")
    assert "order_intake" in stage.path(case)
    (order,) = stage.cases("p_051_03_04")
    assert stage.variables(order.id)["order"]["quote_no"] == number
    assert stage.variables(order.id)["order_lines"][0]["price"] == 11400
    moves = db.session.scalars(db.select(StageHistory).order_by(StageHistory.id))
    assert [one.to_stage for one in moves] == [
        "初步接触", "需求确认", "方案报价", "商务谈判", "签约"]  # fmt: skip


def test_a_colleagues_chance_is_a_duplicate(stage: Stage):
    first = pursued(stage)
    case = enter(stage, "lina")
    task = stage.task("review_chance", case)
    assert [one["number"] for one in stage.seen(task)["candidates"]] == [
        found(stage, first).number]  # fmt: skip
    with pytest.raises(errors.Invalid, match="same_as"):
        stage.do("review_chance", "wangqiang", "duplicate", case=case, review={"reason": "撞单"})
    stage.do("review_chance", "wangqiang", "duplicate", case=case,
             review={"same_as": found(stage, first).number, "reason": "张伟已在跟"})  # fmt: skip
    assert stage.end(case) == "duplicate"
    row = found(stage, case)
    assert (row.state, row.same_as, row.protect_until) == (
        "重复驳回", found(stage, first).number, None)  # fmt: skip
    told = db.session.scalars(db.select(MessageLog).filter_by(template="opportunity_duplicate"))
    assert {one.recipient for one in told} == {"zhangwei"}


def test_lost_to_a_competitor_by_price(stage: Stage):
    case = pursued(stage, "lina", customer_id=MINGDA, contact_id=contact(MINGDA))
    act(stage, case, "lina")
    stage.do("follow_up", "lina", "advance", case=case)
    stage.do("follow_up", "lina", "lose", case=case)
    with pytest.raises(errors.Invalid, match="competitor"):
        lose(stage, case, "lina")
    lose(stage, case, "lina", competitor=rival(), competitor_price=10500)
    stage.do("review_loss", "wangqiang", "approve", case=case)
    assert stage.end(case) == "lost"
    row = found(stage, case)
    assert (row.state, row.weighted, row.lost_competitor) == ("丢单", 0, "锐科")
    assert (row.lost_reason, row.lost_price, row.lesson) == ("价格", 10500, "早点报价")
    assert {"lost_signal", "share_loss"} <= set(stage.path(case))
    (analysis,) = stage.cases("p_051_02_04")
    report = stage.variables(analysis.id)["report"]
    assert (report["opportunity"], report["reason"]) == (row.number, "价格")


def test_without_a_decision_nobody_won(stage: Stage):
    case = pursued(stage)
    stage.do("follow_up", "zhangwei", "lose", case=case)
    lose(stage, case, reason="预算取消")
    stage.do("review_loss", "wangqiang", "approve", case=case)
    assert found(stage, case).lost_competitor == "无竞争"
    assert stage.cases("p_051_02_04") == []


# entering and reviewing


def test_nothing_is_kept_of_what_is_cancelled(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("enter_chance", "zhangwei", "cancel", case=case)
    assert stage.end(case) == "cancelled"
    assert db.session.scalars(db.select(Opportunity)).all() == []


def test_returned_completed_and_cancelled(stage: Stage):
    case = enter(stage)
    stage.do("review_chance", "wangqiang", "return", case=case, review={"reason": "金额从哪来"})
    stage.do("enter_chance", "zhangwei", "submit", case=case, chance={"amount": 120000})
    assert found(stage, case).amount == 120000
    stage.do("review_chance", "wangqiang", "return", case=case, review={"reason": "还不清楚"})
    stage.do("enter_chance", "zhangwei", "cancel", case=case)
    assert found(stage, case).state == "重复驳回"


def test_an_assigned_chance_is_entered_by_the_manager_and_given_to_an_owner(stage: Stage):
    case = stage.message("msg_opportunity_intake", "LD-1", source_no="LD-1", discoverer="wuhao",
                         customer_id=HENGYUAN, need="想换主轴", opportunity={"name": "来自网站"})  # fmt: skip
    with pytest.raises(errors.NotAllowed, match="lina may not do"):
        stage.do("enter_chance", "lina", "cancel", case=case)
    stage.do("enter_chance", "wangqiang", "submit", case=case,
             chance={"contact_id": contact(), "amount": 90000, "close_date": dt.date(2026, 6, 1)},
             product_lines=[{"product": "P-1002", "qty": 5}])  # fmt: skip
    stage.do("review_chance", "wangqiang", "approve", case=case)
    stage.do("assign_team", "wangqiang", case=case,
             team={"owner": "lina", "helpers": [{"helper": "zhangwei"}]})  # fmt: skip
    row = found(stage, case)
    assert (row.origin, row.owner_id, row.discoverer_id) == ("委派", "lina", "wuhao")
    assert row.team == ["zhangwei"]
    act(stage, case, "zhangwei")


@pytest.mark.parametrize(
    ("ruling", "end", "first_protected"),
    [("归先报", "重复驳回", True), ("归后报", "跟进中", False), ("并行", "跟进中", True)],
)
def test_the_director_rules_who_has_it(stage: Stage, ruling, end, first_protected):
    first = pursued(stage)
    case = enter(stage, "lina")
    stage.do("review_chance", "wangqiang", "escalate", case=case, review={"reason": "说不清"})
    stage.do("rule_owner", "zhaomin", case=case, ruling={"ruling": ruling, "reason": "先后清楚"})
    assert found(stage, case).state == end
    assert (found(stage, first).protect_until > dt.date(2026, 3, 10)) is first_protected


def test_nobody_reviews_for_two_days(stage: Stage):
    case = enter(stage)
    stage.wait(days=1)
    assert "review_reminded" in stage.path(case)
    stage.wait(days=1, hours=1)
    assert stage.open(case) == ["rule_owner"]
    with pytest.raises(errors.Invalid, match="先报"):
        stage.do("rule_owner", "zhaomin", case=case, ruling={"ruling": "归先报", "reason": "无"})
    stage.do("rule_owner", "zhaomin", case=case, ruling={"ruling": "归后报", "reason": "可以"})
    assert found(stage, case).state == "跟进中"


def test_the_same_product_line_cannot_be_registered_twice(stage: Stage):
    first = pursued(stage)
    case = enter(stage, "lina")
    stage.do("review_chance", "wangqiang", "approve", case=case)
    task = stage.task("review_chance", case)
    assert found(stage, first).number in stage.seen(task)["problems"]
    assert found(stage, case).state == "报备中"
    stage.do("review_chance", "wangqiang", "approve", case=case, review={"allow_parallel": True})
    assert found(stage, case).state == "跟进中"


def test_another_product_line_is_allowed_and_shown(stage: Stage):
    pursued(stage)
    case = enter(stage, "lina", "P-1002")
    seen = stage.seen(stage.task("review_chance", case))
    assert ([one["same_line"] for one in seen["candidates"]], seen["best"]) == ([False], None)
    stage.do("review_chance", "wangqiang", "approve", case=case)
    assert found(stage, case).state == "跟进中"
