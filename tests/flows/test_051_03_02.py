"""051-03-02 销售机会管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app import clock, errors
from app.db import db
from app.engine import run
from app.records import log, write
from app.records.action_expense import ActionExpense
from app.records.log import MessageLog
from app.records.opportunity import Opportunity, StageHistory
from app.records.quotation import Quotation
from tests.flows import trade
from tests.flows.stage import Stage

FLOW = "p_051_03_02"
HENGYUAN, MINGDA = trade.HENGYUAN, trade.MINGDA


def contact(number: str = HENGYUAN) -> str:
    customer = write.need("customer", number)
    model: Any = write.record.entity("contact")
    return db.session.scalars(db.select(model).filter_by(customer_id=customer.id)).first().number


def chance(**other: Any) -> dict[str, Any]:
    return {"name": "恒远主轴更新", "customer_id": HENGYUAN, "contact_id": contact(),
            "amount": 114000, "close_date": dt.date(2026, 5, 1), "need": "换旧主轴十台",
            **other}  # fmt: skip


@pytest.fixture(autouse=True)
def shared(app: Flask) -> None:
    """恒远 is 张伟's; 李娜 works with it too."""
    whose = {"customer_id": HENGYUAN, "user_id": "lina", "access": "读写"}
    write.create("customer_team", whose, by="wangqiang")
    db.session.commit()


def enter(stage: Stage, by: str = "zhangwei", product: str = "P-1001", **other: Any) -> int:
    case = stage.start(FLOW, by)
    stage.do("enter_chance", by, "submit", case=case, chance=chance(**other),
             product_lines=[{"product": product, "qty": 10, "est_price": 11400}])  # fmt: skip
    return case


def pursued(stage: Stage, by: str = "zhangwei", **other: Any) -> int:
    """A registered opportunity that is being pursued."""
    case = enter(stage, by, **other)
    stage.do("review_chance", "wangqiang", "approve", case=case)
    assert stage.open(case) == ["follow_up"], stage.incidents()
    return case


def found(stage: Stage, case: int) -> Opportunity:
    return stage.record("opportunity", stage.variables(case)["opportunity_no"])


def act(stage: Stage, case: int, by: str = "zhangwei", **other: Any) -> None:
    action = {"action_type": "拜访", "content": "谈方案", "result": "有兴趣"}
    stage.do("follow_up", by, "log", case=case, action=action, **other)


def advance(stage: Stage, case: int, **follow: Any) -> None:
    stage.do("follow_up", "zhangwei", "advance", case=case, follow=follow)


def offer(stage: Stage, case: int, price: int = 11400) -> str:
    """One more quotation that the customer has; its number."""
    stage.do("follow_up", "zhangwei", "quote", case=case)
    stage.do("edit_quote", "zhangwei", "submit", case=case,
             quote_lines=[{"_row": 0, "price": price}])  # fmt: skip
    if "approve" in stage.open(case):
        stage.do("approve", "wangqiang", "approve")
    db.session.expire_all()
    return db.session.scalars(db.select(Quotation).order_by(Quotation.id.desc())).first().number


def accept(stage: Stage, number: str) -> None:
    stage.message("msg_quote_reply", number, reply={"result": "接受"})


def states(stage: Stage, case: int) -> list[tuple[str, str]]:
    found(stage, case)
    query = db.select(Quotation).order_by(Quotation.id)
    return [(one.number[-2:], one.state) for one in db.session.scalars(query)]


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


def rival() -> str:
    made = write.create("competitor", {"name": "锐科", "competitor_type": "直接", "reliability": "高"}, by="hanxue",
                        state="已发布")  # fmt: skip
    seen_by = {"competitor_id": made.id, "department_id": "east"}
    write.create("competitor_access", seen_by, by="hanxue")
    db.session.commit()
    return made.number


def lose(stage: Stage, case: int, by: str = "zhangwei", **loss: Any) -> None:
    given = {"reason": "价格", "lesson": "早点报价", **loss}
    stage.do("register_loss", by, case=case, loss=given)


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


def test_without_a_decision_nobody_won(stage: Stage):
    case = pursued(stage)
    stage.do("follow_up", "zhangwei", "lose", case=case)
    lose(stage, case, reason="预算取消")
    stage.do("review_loss", "wangqiang", "approve", case=case)
    assert found(stage, case).lost_competitor == "无竞争"


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
    with pytest.raises(AssertionError, match="lina may not do"):
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


# pursuing


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
    assert stage.tasks() == []


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
    with pytest.raises(AssertionError, match="baijie may not do"):
        stage.do("enter_chance", "baijie", "cancel", case=case)


