"""051-02-03 市场活动执行."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import clock, errors
from app.accounts import people
from app.db import db
from app.notify import notices
from app.records import audit, log, write
from app.records.incentive import Incentive
from app.records.target_list import TargetList
from tests.flows import market, survey
from tests.flows.stage import Stage

ACTION = {"action_type": "现场", "content": "搭好展台", "result": "完成"}
SUMMARY = {"result": "认识了很多客户", "lessons": "早点订展位", "deviation_reason": "天气不好"}


def logged(
    stage: Stage, who: str, amount: int | None = None, item: str = "物料", **given: Any
) -> None:
    """An action is logged; its invoice, if it cost something, was uploaded before."""
    entry = {**ACTION, "expense_rows": [], **given}
    if amount is None:
        stage.do("log_work", who, "log", of=who, entry=entry)
        return
    entry["expense_rows"] = [{"category": item, "amount": Decimal(amount), "paid_by": "公司支付",
                              "invoice": [INVOICE]}]  # fmt: skip
    stage.complete(stage.task("log_work", None, who), who, {"outcome": "log", "entry": entry})


INVOICE = {"id": "1", "name": "发票.pdf", "size": 10, "type": "application/pdf"}


def started(stage: Stage, *who: str) -> None:
    for login in who:
        stage.do("accept", login, "accept", of=login)


def campaign_id(number: str) -> int:
    return write.need("campaign", number).id


def captured(number: str, leads: int, customers: int, chances: int, hot: int = 0) -> None:
    """What was found on the stand and entered since."""
    at = campaign_id(number)
    for n in range(leads):
        lead = {"title_text": f"线索 {n}", "company": f"客户{n}", "contact_name": "王工",
                "mobile": f"139{n:08d}", "source": "展会", "need": "主轴", "campaign_id": at,
                "discoverer_id": "hanxue"}  # fmt: skip
        row = write.create("lead", lead, by="hanxue")
        row.level = "热" if n < hot else "温"
    for n in range(customers):
        write.create("customer", {
            "name": f"新客户{n}有限公司", "customer_type": "企业", "industry": "数控机床",
            "region": "华东", "address": f"上海市 {n} 号", "source": "市场活动",
            "campaign_id": number, "discoverer_id": "gongping", "owner_id": "zhangwei",
            "life_stage": "潜在",
        }, by="gongping")  # fmt: skip
    for n in range(chances):
        write.create("opportunity", {
            "name": f"机会{n}", "customer_id": "CU-202501-0001", "amount": 10000,
            "close_date": dt.date(2026, 6, 30), "campaign_id": at, "product_line": f"线{n}",
            "discoverer_id": "wuhao", "owner_id": "zhangwei",
        }, by="wuhao")  # fmt: skip
    db.session.commit()


def ordered(number: str, total: int) -> str:
    """A confirmed order of an opportunity of the campaign."""
    chance = db.session.scalars(
        db.select(write.record.entity("opportunity")).filter_by(campaign_id=campaign_id(number))
    ).first()
    order = write.create("sales_order", {
        "customer_id": "CU-202501-0001", "order_date": dt.date(2026, 5, 10),
        "sales_rep_id": "zhangwei", "opportunity_id": chance.id,
    }, by="linyue")  # fmt: skip
    line = write.create("order_line", {"order_id": order.id, "seq": 1, "product_id": "P-1001",
                                       "q_ordered": 1, "price": total}, by="linyue")  # fmt: skip
    write.change(order, {"total": line.amount}, by="linyue")
    for state in ("审批中", "待签约", "已生效"):
        write.move(order, state, by="linyue")
    db.session.commit()
    return str(order.number)


def incentives(number: str) -> list[Incentive]:
    query = db.select(Incentive).filter_by(campaign_id=campaign_id(number))
    return list(db.session.scalars(query.order_by(Incentive.id)))


def test_a_fair_is_run_measured_rewarded_and_closed(stage: Stage):
    planning, case, number = market.released(stage)
    started(stage, "hanxue", "gongping", "wuhao")
    for who, amount in (("hanxue", 38000), ("gongping", 19000), ("wuhao", 15000)):
        logged(stage, who, amount)
        stage.do("log_work", who, "done", of=who)
    captured(number, leads=130, customers=12, chances=16, hot=40)
    assert stage.open(case) == ["summarise"]
    seen = stage.seen(stage.task("summarise", case))
    assert seen["short_of_plan"] is True  # no orders yet
    stage.do("summarise", "wuhao", case=case, summary=SUMMARY)
    stage.do("review_effect", "zhengjie", "approve", case=case)
    fair = stage.record("campaign", number)
    assert (fair.state, fair.spent) == ("已结束", Decimal(72000))
    assert (fair.actual["leads"], fair.actual["customers"]) == (130, 12)
    assert fair.actual["cost_per_lead"] == Decimal("553.85")
    total = sum(one.amount for one in incentives(number))
    assert total == 40 * 20 + 12 * 100 + 16 * 200
    own = market.own_budget(number)
    assert (own.committed, own.available) == (Decimal(72000), Decimal(8000))

    orders = [ordered(number, 320000), ordered(number, 320000)]
    stage.wait(days=90)
    stage.do("confirm_reward", "luogang", "approve", case=case)
    assert stage.end(case) == "campaign_closed"
    assert market.ending(stage, planning) == "campaign_closed"
    assert stage.record("campaign", number).state == "已关闭"
    second = [one for one in incentives(number) if one.object == "订单"]
    assert [one.object_no for one in second] == orders
    assert sum(one.amount for one in second) == Decimal(3200)
    assert {one.state for one in incentives(number)} == {"已批"}
    model = write.record.entity("campaign_effect")
    effects = list(db.session.scalars(db.select(model)))
    assert [one.orders for one in effects] == [0, 2]
    assert not [one for one in audit.check_all() if one.rule.startswith("18")]


def test_an_expense_far_over_the_task_is_refused_by_finance(stage: Stage):
    _planning, case, number = market.released(stage)
    started(stage, "gongping")
    logged(stage, "gongping", 26000)
    stage.do("approve_over", "zhengjie", "approve", case=case)
    stage.do("review_over", "liuyang", "reject", case=case, comment="超得太多")
    expense = db.session.scalars(db.select(write.record.entity("action_expense"))).one()
    assert expense.state == "已驳回"
    assert stage.record("campaign_task", f"{number}-T2").spent == 0
    assert stage.record("campaign", number).spent == 0
    task = stage.task("log_work", case, of="gongping")
    assert "超得太多" in stage.seen(task)["problems"]
    decisions = list(
        db.session.scalars(db.select(log.ApprovalLog.decision).order_by(log.ApprovalLog.id))
    )[-2:]
    assert decisions == ["同意", "驳回"]


def test_no_task_ends_without_an_action_and_what_is_left_open_is_unfinished(stage: Stage):
    _planning, case, number = market.released(
        stage,
        [market.task("布展", 40000, due_on=market.START), market.task("邀约", 20000, "gongping")],
    )
    started(stage, "hanxue", "gongping")
    stage.do("log_work", "hanxue", "done", of="hanxue")
    assert "还没有登记过行动" in stage.seen(stage.task("log_work", case, of="hanxue"))["problems"]
    stage.go_to(dt.datetime(2026, 3, 16, 11, 0, tzinfo=dt.UTC))
    assert notices.unread("hanxue") and notices.unread("wuhao")
    stage.wait(days=3)
    stage.do("handle_overdue", "wuhao", case=case,
             overdue={"choice": "提前结束", "reason": "展台不搭了"})  # fmt: skip
    assert stage.record("campaign_task", f"{number}-T1").state == "逾期关闭"
    stage.go_to(dt.datetime(2026, 3, 27, 11, 0, tzinfo=dt.UTC))
    assert stage.record("campaign_task", f"{number}-T2").state == "未完成"
    assert stage.open(case) == ["summarise"]
    with pytest.raises(errors.Invalid, match="deviation_reason"):
        stage.do("summarise", "wuhao", case=case, summary=SUMMARY | {"deviation_reason": None})
    stage.wait(days=5)
    assert "summary_reminded" in stage.path(case)
    stage.do("summarise", "wuhao", case=case, summary=SUMMARY)
    stage.do("review_effect", "zhengjie", "return", case=case, comment="再写详细些")
    assert "再写详细些" in stage.seen(stage.task("summarise", case))["problems"]
    stage.do("summarise", "wuhao", case=case)
    stage.do("review_effect", "zhengjie", "approve", case=case)
    stage.wait(days=90)
    assert stage.end(case) == "campaign_closed"
    assert incentives(number) == []


def test_an_executor_refuses_or_is_silent_and_another_takes_over(stage: Stage):
    _planning, case, number = market.released(
        stage, [market.task("布展", 40000), market.task("邀约", 20000, "gongping")]
    )
    with pytest.raises(errors.Invalid, match="reason"):
        stage.do("accept", "hanxue", "decline", of="hanxue")
    stage.do("accept", "hanxue", "decline", of="hanxue", acceptance={"reason": "出差"})
    stage.wait(days=1)
    assert stage.open(case) == ["reassign", "reassign"]
    first = min(stage.tasks("reassign", case), key=lambda one: one.id)
    people.get("tangli").enabled = False
    db.session.commit()
    due = dt.date(2026, 3, 19)
    gone = {"executor": "tangli", "due_on": due, "reason": "代劳"}
    stage.complete(first, "wuhao", {"reassignment": gone})
    last = max(stage.tasks("reassign", case), key=lambda one: one.id)
    assert "已停用" in stage.seen(last)["problems"]
    stage.complete(last, "wuhao", {"reassignment": gone | {"executor": "wuhao"}})
    stage.do("accept", "wuhao", "accept", case=case)
    task = stage.record("campaign_task", f"{number}-T1")
    assert (task.executor_id, task.due_on, task.state) == ("wuhao", due, "进行中")


def test_costs_are_watched_step_by_step(stage: Stage):
    _planning, case, number = market.released(stage)
    started(stage, "gongping")
    with pytest.raises(errors.Invalid, match="invoice"):
        row = {"category": "物料", "amount": 201, "paid_by": "个人垫付"}
        stage.do("log_work", "gongping", "log", of="gongping",
                 entry={**ACTION, "expense_rows": [row]})  # fmt: skip
    logged(stage, "gongping", 18500)
    assert "费用已用到" in notices.latest("wuhao")[0].text
    assert stage.record("campaign_task", f"{number}-T2").spent == Decimal(18500)
    logged(stage, "gongping", 7000)
    stage.do("approve_over", "zhengjie", "return", case=case, comment="先说明")
    assert stage.record("campaign_task", f"{number}-T2").spent == Decimal(18500)
    logged(stage, "gongping", 7000)
    stage.do("approve_over", "zhengjie", "approve", case=case)
    stage.do("review_over", "liuyang", "approve", case=case)
    assert stage.record("campaign_task", f"{number}-T2").spent == Decimal(25500)
    logged(stage, "gongping", progress=Decimal("0.5"))
    with pytest.raises(errors.Invalid, match="进度不能倒退"):
        logged(stage, "gongping", progress=Decimal("0.2"))


def test_the_fairs_own_budget_holds_against_all_tasks_together(stage: Stage):
    _planning, case, number = market.released(stage)
    started(stage, "gongping", "hanxue")
    own = market.own_budget(number)
    stage.change("expense_budget", own.number, adjusted=-75000)
    logged(stage, "gongping", 6000)
    stage.do("approve_over", "zhengjie", "approve", case=case)
    assert market.own_budget(number).available == Decimal(-1000)
    excess = db.session.scalars(db.select(write.record.entity("budget_excess"))).one()
    assert excess.amount == Decimal(1000)
    assert not [one for one in audit.check_all() if one.rule.startswith("18")]


@pytest.mark.parametrize(("choice", "executor", "then"), [
    ("延期", None, "log_work"), ("改派", "wuhao", "accept")])  # fmt: skip
def test_an_overdue_task_gets_more_time_or_somebody_else(
    stage: Stage, choice: str, executor: str | None, then: str
):
    _planning, case, number = market.released(
        stage, [market.task("布展", 40000, due_on=market.START)]
    )
    started(stage, "hanxue")
    stage.go_to(dt.datetime(2026, 3, 19, 11, 0, tzinfo=dt.UTC))
    due = dt.date(2026, 3, 20)
    late = {"choice": choice, "executor": "tangli", "new_due": due, "reason": "缺料"}
    people.get("tangli").enabled = False
    db.session.commit()
    if choice == "改派":
        stage.complete(stage.task("handle_overdue", case), "wuhao", {"overdue": late})
        assert "已停用" in stage.seen(stage.task("handle_overdue", case))["problems"]
    stage.do("handle_overdue", "wuhao", case=case, overdue=late | {"executor": executor})
    assert stage.open(case) == [then]
    assert stage.record("campaign_task", f"{number}-T1").due_on == due


def test_who_left_cannot_keep_an_extended_task(stage: Stage):
    _planning, case, _number = market.released(
        stage, [market.task("布展", 40000, due_on=market.START)]
    )
    started(stage, "hanxue")
    people.get("hanxue").enabled = False
    db.session.commit()
    stage.go_to(dt.datetime(2026, 3, 19, 11, 0, tzinfo=dt.UTC))
    stage.do("handle_overdue", "wuhao", case=case, overdue={
        "choice": "延期", "new_due": dt.date(2026, 3, 20), "reason": "缺料"})  # fmt: skip
    assert "已停用" in stage.seen(stage.task("handle_overdue", case))["problems"]


def test_what_is_found_on_the_stand_goes_where_it_belongs(stage: Stage):
    _planning, case, _number = market.released(stage)
    started(stage, "gongping")
    who = {"contact_name": "周工", "mobile": "13912345678"}
    logged(stage, "gongping", captures=[
        {"kind": "客户", "company": "无锡新锐机床有限公司", **who},
        {"kind": "机会", "need": "三台主轴", "customer_id": None, **who},
        {"kind": "线索", "need": "两台主轴", "company": "常州锐锋", **who},
    ])  # fmt: skip
    assert stage.path(case).count("sort_capture") == 3
    assert {"make_customer", "pass_opportunity", "make_lead"} <= set(stage.path(case))


def test_answers_to_invitations_are_noted(stage: Stage):
    _planning, _case, number = market.released(stage)
    rows = db.select(TargetList).filter_by(campaign_id=campaign_id(number))
    row = db.session.scalars(rows).first()
    token = row.invite_token
    assert token.startswith(f"{number}.")
    stage.message("msg_invitation_reply", number, invite_token=token, reply="参加")
    stage.message("msg_invitation_reply", number, invite_token=token, attended=True)
    stage.message("msg_invitation_reply", number, invite_token="wrong", reply="参加")
    db.session.expire_all()
    answered = [one for one in db.session.scalars(rows) if one.reply == "参加"]
    assert [(one.invite_token, one.attended) for one in answered] == [(token, True)]
    sent = db.select(log.MessageLog).filter_by(template="campaign_invitation")
    assert {one.recipient for one in db.session.scalars(sent)} == {"13800000301"}


def wound_up(stage: Stage, leads: int, chances: int) -> tuple[int, str]:
    _planning, case, number = market.released(stage, [market.task("布展", 40000)])
    started(stage, "hanxue")
    logged(stage, "hanxue")
    stage.do("log_work", "hanxue", "done", of="hanxue")
    captured(number, leads, 0, chances, hot=leads)
    stage.do("summarise", "wuhao", case=case, summary=SUMMARY)
    return case, number


@pytest.mark.parametrize(("decision", "paid"), [("approve", 10400), ("reject", 0)])
def test_a_large_payout_needs_the_director(stage: Stage, decision: str, paid: int):
    case, number = wound_up(stage, 0, 52)
    stage.do("review_effect", "zhengjie", "approve", case=case)
    stage.do("approve_incentive", "luogang", "return", case=case, comment="列出名单")
    stage.do("summarise", "wuhao", case=case)
    stage.do("review_effect", "zhengjie", "approve", case=case)
    stage.do("approve_incentive", "luogang", decision, case=case, comment="看过了")
    assert stage.record("campaign", number).state == "已结束"
    assert sum(one.amount for one in incentives(number)) == paid


def test_incentives_may_be_refused_and_the_campaign_still_ends(stage: Stage):
    case, number = wound_up(stage, 3, 1)
    stage.do("review_effect", "zhengjie", "reject", case=case, comment="没有效果")
    assert stage.record("campaign", number).state == "已结束"
    assert incentives(number) == []
    ordered(number, 2000000)
    stage.wait(days=90)
    stage.do("confirm_reward", "luogang", "return", case=case, comment="再核一遍")
    seen = stage.seen(stage.task("confirm_reward", case))
    assert seen["payout"] == Decimal(5000)  # capped per order
    stage.do("confirm_reward", "luogang", "reject", case=case, comment="不发")
    assert stage.end(case) == "campaign_closed"
    assert incentives(number) == []
    assert clock.now() > dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def test_a_questionnaire_is_made_before_and_asked_after(stage: Stage):
    survey.people(6)
    planning = market.approved(stage, pre_survey=True, post_survey=True)
    number = stage.variables(planning)["campaign_no"]
    stage.do("plan", "wuhao", "submit", case=planning,
             survey_plan=survey.plan(purpose="活动效果", target_quota=4))  # fmt: skip
    stage.do("design", "wuhao", case=planning, sheet={"intro": "您好", "questions": survey.SHEET})
    stage.do("review", "zhengjie", "approve", case=planning)
    market.prepared(stage, planning, [market.task("布展", 40000)])
    case = stage.cases(market.EXECUTION)[-1].id
    started(stage, "hanxue")
    logged(stage, "hanxue")
    stage.do("log_work", "hanxue", "done", of="hanxue")
    stage.do("confirm_list", "wuhao", case=case)
    for row in survey.asked()[:4]:
        survey.reply(stage, row, 9)
    stage.do("write_report", "wuhao", case=case,
             report={"summary": "满意", "findings": "场地好评"})  # fmt: skip
    stage.do("review_report", "zhengjie", "approve", case=case)
    stage.do("summarise", "wuhao", case=case, summary=SUMMARY)
    stage.do("review_effect", "zhengjie", "approve", case=case)
    effect = db.session.scalars(db.select(write.record.entity("campaign_effect"))).one()
    assert effect.campaign_id == campaign_id(number)
    assert effect.satisfaction == Decimal("0.9")
