"""051-02-01 线索管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from typing import Any

import pytest

from app import clock, errors
from app.db import db
from app.notify import notices
from app.records import log, write
from app.records.action import Action
from app.records.customer import Customer
from app.records.lead import Lead
from tests.flows.leads import FLOW, call, chuangzhi, lead_of, own, until_followed
from tests.flows.stage import Stage

# the catalogue's three scenarios


def test_a_web_lead_becomes_customer_and_opportunity(stage: Stage):
    incomplete = chuangzhi(region=None)
    stage.message("msg_web_lead", "web-1", external_id="web-1", lead=incomplete)
    (case,) = [one.id for one in stage.cases(FLOW)]
    stage.do("enter_lead", "wuhao", "submit", case=case, lead={"region": "华东"})
    lead = lead_of(stage, case)
    assert (lead.score, lead.level, lead.discoverer_id) == (80, "热", "wuhao")
    task = stage.task("distribute", case)
    assert task.due_at == clock.now() + dt.timedelta(hours=4)
    assert stage.seen(task)["assignment"]["new_owner"] == "lina"
    stage.do("distribute", "wangqiang", case=case,
             assignment={"way": "指定", "new_owner": "zhangwei"})  # fmt: skip
    stage.do("accept", "zhangwei", "accept", case=case)
    for _time in range(2):
        stage.do("follow", "zhangwei", "log", case=case, action=call())
    stage.do("follow", "zhangwei", "convert", case=case, conversion={"make_opportunity": True})
    stage.do("edit_profile", "zhangwei", "submit", case=case,
             customer={"province": "江苏", "city": "南京", "industry": "数控机床",
                       "address": "南京市江宁区诚信大道 8 号"})  # fmt: skip
    if "review" in stage.open(case):
        stage.do("review", "sunli", "approve", case=case)

    assert stage.end(case) == "converted"
    assert stage.variables(case)["result"] == "已转化"
    lead = lead_of(stage, case)
    assert (lead.state, lead.source, lead.discoverer_id) == ("已转化", "网站", "wuhao")
    customer = db.session.get_one(Customer, lead.customer_id)
    assert (customer.owner_id, customer.discoverer_id, customer.lead_id) == (
        "zhangwei", "wuhao", lead.number)  # fmt: skip
    assert write.get("contact", lead.contact_id).name == "范明"
    actions = list(db.session.scalars(db.select(Action)))
    assert [(one.owner_id, one.customer_id) for one in actions] == [("zhangwei", customer.id)] * 2
    assert "hand_over_opportunity" in stage.path(case)
    (chance,) = stage.cases("p_051_03_02")
    assert stage.variables(chance.id)["chance"]["source"] == "网站"
    assert not stage.incidents()


def test_a_lead_of_a_known_customer_brings_its_contact_along(stage: Stage):
    case = own(stage)
    stage.do("follow", "zhangwei", "convert", case=case,
             conversion={"customer_id": "CU-202501-0001"})  # fmt: skip
    task = stage.task("edit_profile", case)
    (brought,) = stage.seen(task)["contacts"]
    assert (brought["name"], brought["is_primary"]) == ("范明", False)
    stage.do("edit_profile", "zhangwei", "submit", case=case)
    assert stage.end(case) == "converted"
    customer = stage.record("customer", "CU-202501-0001")
    lead = lead_of(stage, case)
    assert (lead.state, lead.customer_id) == ("已转化", customer.id)
    contact = write.get("contact", lead.contact_id)
    assert (contact.name, contact.customer_id, contact.is_primary) == ("范明", customer.id, False)


def test_an_opportunity_of_the_lead_is_known_to_the_lead(stage: Stage):
    case = until_followed(stage)
    lead = lead_of(stage, case)
    given = {"name": "南京创智主轴", "customer_id": "CU-202501-0001", "amount": 120000,
             "close_date": "2026-06-30", "lead_id": lead.id, "owner_id": "zhangwei"}  # fmt: skip
    made = write.create("opportunity", given, by="zhangwei")
    db.session.commit()
    assert lead_of(stage, case).opportunity_no == made.number


def test_an_invalid_lead_is_refused_by_the_manager_and_followed_on(stage: Stage):
    case = own(stage)
    stage.do("follow", "zhangwei", "invalid", case=case, invalid={"reason": "无需求"})
    facts = {row["label"]: row["value"] for row in
             stage.seen(stage.task("review_invalid", case))["approval_facts"]}  # fmt: skip
    assert facts["无效原因"] == "无需求"
    stage.do("review_invalid", "wangqiang", "reject", case=case, comment="再联系一次")
    assert stage.open(case) == ["follow"]
    assert lead_of(stage, case).state == "跟进中"
    (decision,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (decision.entity, decision.by, decision.decision) == ("lead", "wangqiang", "驳回")


def test_a_lead_nobody_moves_changes_hands_three_times_then_goes_to_the_pool(stage: Stage):
    case = until_followed(stage)
    people = ["lina", "zhangwei", "lina"]
    for number, owner in enumerate(people, 1):
        stage.wait(days=3, minutes=1)
        stage.do("reassign", "wangqiang", case=case,
                 reassignment={"choice": "改派", "new_owner": owner, "reason": "三天没动"})  # fmt: skip
        stage.do("accept", owner, "accept", case=case)
        assert lead_of(stage, case).rounds == number
    stage.wait(days=3, minutes=1)
    assert stage.end(case) == "pooled"
    lead = lead_of(stage, case)
    assert (lead.state, lead.owner_id, lead.rounds, lead.discoverer_id) == (
        "线索池", None, 3, "wuhao")  # fmt: skip
    rounds = db.select(log.ChangeLog).filter_by(entity="lead", field="rounds")
    assert len(list(db.session.scalars(rounds))) == 3


# coming in


def test_a_complete_web_lead_is_not_typed_again(stage: Stage):
    stage.message("msg_web_lead", "web-2", external_id="web-2", lead=chuangzhi())
    (case,) = [one.id for one in stage.cases(FLOW)]
    assert stage.open(case) == ["distribute"]
    assert lead_of(stage, case).discoverer_id is None


def test_the_same_web_lead_comes_once(stage: Stage):
    stage.message("msg_web_lead", "web-2", external_id="web-2", lead=chuangzhi())
    stage.message("msg_web_lead", "web-2", external_id="web-2", lead=chuangzhi())
    assert db.session.scalar(db.select(db.func.count(Lead.id))) == 1


def test_a_lead_without_a_way_to_reach_anybody_is_refused(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    with pytest.raises(errors.Invalid) as refused:
        stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi(mobile=None))
    assert "lead.mobile" in refused.value.fields


def test_what_the_form_let_through_is_checked_again_at_saving(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    task = stage.task("enter_lead", case)
    stage.complete(task, "wuhao", {"outcome": "submit", "lead": chuangzhi(need=None)})
    assert stage.open(case) == ["enter_lead"]
    assert "需求" in stage.seen(stage.task("enter_lead", case))["problems"]


def test_a_started_lead_can_be_given_up(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "cancel", case=case)
    assert stage.end(case) == "cancelled"


# doubles


def test_the_same_person_and_company_again_is_a_touch_of_the_old_lead(stage: Stage):
    first = until_followed(stage)
    case = stage.start(FLOW, "machao")
    stage.do("enter_lead", "machao", "submit", case=case, lead=chuangzhi(source="电话"))
    assert stage.end(case) == "merged"
    old, new = lead_of(stage, first), lead_of(stage, case)
    assert (new.state, new.merged_into_id, new.discoverer_id) == ("已合并", old.id, "machao")
    assert [one["by"] for one in old.touches] == ["wuhao", "machao"]
    assert old.owner_id == "zhangwei"
    assert any("马超" in one.text for one in notices.latest("zhangwei"))


def hengyuan(**other: Any) -> dict[str, Any]:
    return chuangzhi(company="上海恒远机械有限公司", mobile="13900000009", **other)


def until_judged(stage: Stage) -> int:
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=hengyuan())
    return case


def test_a_lead_of_a_colleagues_customer_goes_to_the_colleague(stage: Stage):
    case = until_judged(stage)
    assert stage.seen(stage.task("judge", case))["best"]["number"] == "CU-202501-0001"
    stage.do("judge", "sunli", "dup", case=case, judge_reason="就是恒远")
    assert stage.end(case) == "merged"
    assert stage.variables(case)["customer_id"] == "CU-202501-0001"
    assert any("恒远" in one.text for one in notices.latest("zhangwei"))


def test_a_lead_that_only_looks_alike_goes_on_with_the_customers_grade(stage: Stage):
    case = until_judged(stage)
    stage.do("judge", "sunli", "not_dup", case=case, judge_reason="另一家工厂")
    assert stage.open(case) == ["distribute"]
    assert lead_of(stage, case).score == 95


@pytest.mark.parametrize(("outcome", "then"), [("not_dup", ["distribute"]), ("dup", [])])
def test_a_judgement_that_comes_too_late_is_the_managers(stage: Stage, outcome: str, then: list):
    case = until_judged(stage)
    stage.wait(days=1, minutes=1)
    stage.do("judge_by_manager", "wangqiang", outcome, case=case, judge_reason="看过了")
    assert stage.open(case) == then


# who follows


def test_the_director_hears_of_a_hot_lead_nobody_distributes(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi())
    stage.wait(hours=4, minutes=1)
    assert "zhaomin" in [one.value for one in stage.task("distribute", case).candidates]


def test_who_finds_a_lead_himself_follows_it_at_once(stage: Stage):
    case = own(stage)
    assert stage.open(case) == ["follow"]
    lead = lead_of(stage, case)
    assert (lead.state, lead.owner_id, lead.discoverer_id) == ("跟进中", "zhangwei", "zhangwei")


def test_a_cold_lead_is_nurtured_and_woken_on_its_day(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case,
             lead=chuangzhi(budget=None, timeframe="未定", authority=False, region="华南"))  # fmt: skip
    suggested = stage.seen(stage.task("distribute", case))["assignment"]
    assert suggested["way"] == "培育"
    day = clock.now().date() + dt.timedelta(days=10)
    stage.do("distribute", "wangqiang", case=case, assignment={"way": "培育", "revisit_at": day})
    assert stage.end(case) == "nurturing"
    assert lead_of(stage, case).revisit_at == day

    stage.wait(days=11)
    again = [one.id for one in stage.cases(FLOW) if "distribute" in stage.open(one.id)]
    assert len(again) == 1
    stage.do("distribute", "wangqiang", case=again[0],
             assignment={"way": "指定", "new_owner": "lina"})  # fmt: skip
    assert stage.open(again[0]) == ["accept"]
    assert not stage.incidents()


def test_a_nurtured_lead_with_an_owner_comes_back_to_him(stage: Stage):
    case = own(stage)
    day = clock.now().date() + dt.timedelta(days=8)
    stage.do("follow", "zhangwei", "nurture", case=case, revisit_at=day)
    assert stage.end(case) == "nurturing"
    stage.wait(days=9)
    (task,) = stage.tasks("accept")
    assert task.assignee == "zhangwei"


def test_a_pooled_lead_is_claimed_once(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi(region="华南"))
    stage.do("distribute", "wangqiang", case=case, assignment={"way": "线索池"})
    assert stage.end(case) == "pooled"
    number = lead_of(stage, case).number
    for who in ("lina", "zhangwei"):
        stage.message("msg_lead_revisit", number, lead_no=number, claimer=who)
    _first, second, third = stage.cases(FLOW)
    assert stage.task("accept", second.id).assignee == "lina"
    assert stage.end(third.id) == "revisit_dropped"


@pytest.mark.parametrize("answer", ["decline", None])
def test_a_lead_that_is_not_accepted_is_distributed_again(stage: Stage, answer: str | None):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi())
    stage.do("distribute", "wangqiang", case=case,
             assignment={"way": "指定", "new_owner": "zhangwei"})  # fmt: skip
    if answer is None:
        stage.wait(days=1, minutes=1)
    else:
        stage.do("accept", "zhangwei", answer, case=case, decline_reason="手上太多")
    assert stage.open(case) == ["distribute"]


def test_nobody_who_has_left_is_given_a_lead(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi())
    gone(stage, "lina")
    stage.complete(stage.task("distribute", case), "wangqiang",
                   {"assignment": {"way": "指定", "new_owner": "lina"}})  # fmt: skip
    assert stage.open(case) == ["distribute"]
    assert "停用" in stage.seen(stage.task("distribute", case))["problems"]


def gone(stage: Stage, login: str) -> None:
    from app.accounts.models import User

    db.session.get_one(User, login).enabled = False
    db.session.commit()


def test_the_lead_of_somebody_who_leaves_is_given_to_another(stage: Stage):
    case = until_followed(stage)
    other = until_followed(stage, owner="lina", company="无锡远大", mobile="13900000077")
    gone(stage, "zhangwei")
    stage.signal("sig_staff_left", user_id="zhangwei")
    assert stage.open(case) == ["reassign"]
    assert stage.open(other) == ["follow"]
    stage.complete(stage.task("reassign", case), "wangqiang", {"reassignment": {
        "choice": "改派", "new_owner": "zhangwei", "reason": "试试"}})  # fmt: skip
    assert stage.open(case) == ["reassign"]
    stage.do("reassign", "wangqiang", case=case,
             reassignment={"choice": "改派", "new_owner": "lina", "reason": "离职"})  # fmt: skip
    stage.do("accept", "lina", "accept", case=case)
    assert lead_of(stage, case).owner_id == "lina"


def test_a_slow_lead_is_kept_once_then_pooled(stage: Stage):
    case = until_followed(stage)
    stage.wait(days=3, minutes=1)
    keep = {"choice": "保留", "reason": "客户出差"}
    stage.do("reassign", "wangqiang", case=case, reassignment=keep)
    assert stage.open(case) == ["follow"]
    stage.wait(days=3, minutes=1)
    with pytest.raises(errors.Invalid):
        stage.do("reassign", "wangqiang", case=case, reassignment=keep)
    stage.do("reassign", "wangqiang", case=case,
             reassignment={"choice": "入池", "reason": "没有合适的人"})  # fmt: skip
    assert stage.end(case) == "pooled"


def test_an_action_with_costs_is_logged_and_reminded(stage: Stage):
    case = until_followed(stage)
    stage.wait(days=1, minutes=1)
    assert "follow_reminded" in stage.path(case)
    rows = [{"category": "差旅", "amount": 320, "paid_by": "个人垫付"}]
    stage.do(
        "follow", "zhangwei", "log", case=case, action=call(action_type="拜访", cost_items=rows)
    )
    lead = lead_of(stage, case)
    assert lead.last_action_at == clock.now()
    (cost,) = db.session.scalars(db.select(write.record.entity("action_expense")))
    assert (cost.target, cost.target_no, cost.amount, cost.state) == (
        "线索", lead.number, 320, "已登记")  # fmt: skip
    assert stage.variables(case)["actions"] == 1


def test_a_rule_may_hand_a_lead_to_a_person_without_the_manager(stage: Stage):
    from app.engine import deploy
    from tests.flows.conftest import ROOT

    table = (ROOT / "processes/decisions/lead_assignment.dmn").read_bytes()
    changed = table.replace("&quot;指定&quot;".encode(), "&quot;自动&quot;".encode())
    deploy.deploy([("lead_assignment.dmn", changed)], by="zhouning")
    db.session.commit()
    case = stage.start(FLOW, "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi())
    assert stage.open(case) == ["accept"]
