"""051-02-05 市场调查: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal

import pytest

from app import clock
from app.db import db
from app.records import log, write
from app.records.survey import Questionnaire
from handlers import survey_report
from tests.flows.stage import Stage
from tests.flows.survey import (
    FLOW,
    SHEET,
    asked,
    people,
    plan,
    question,
    reply,
    responses,
    until_listed,
    until_sent,
)


def campaign() -> str:
    given = {"name": "秋季展销会", "type": "展销会", "goal": "找客户", "start_on": "2026-03-01",
             "end_on": "2026-03-03", "budget_total": 80000, "owner_id": "wuhao"}  # fmt: skip
    row = write.create("campaign", given, by="wuhao")
    db.session.commit()
    return row.number


def report(stage: Stage, case: int, **text: str) -> None:
    stage.do("write_report", "wuhao", case=case,
             report={"summary": "满意", "findings": "场地好评", **text})  # fmt: skip
    stage.do("review_report", "zhengjie", "approve", case=case)


# the catalogue's three scenarios


def test_a_survey_ends_at_its_quota_and_is_linked_to_the_campaign(stage: Stage):
    people(12)
    number = campaign()
    case = until_sent(stage, purpose="活动效果", campaign_id=number, target_quota=6)
    rows = asked()
    assert len(rows) == 16 - 4 + 0 or len(rows) >= 12
    for row in rows[:6]:
        reply(stage, row, 8)
    assert stage.open(case) == ["write_report"]
    shown = stage.seen(stage.task("write_report", case))["statistics"]
    assert (shown["counted"], shown["score"]) == (6, Decimal("4.00"))
    report(stage, case, lessons="早一点发邀请")

    assert stage.end(case) == "completed"
    survey = stage.record("survey", stage.variables(case)["survey_no"])
    assert (survey.state, survey.counted, survey.score) == ("已完成", 6, Decimal("4.000"))
    assert {row.state for row in asked()[6:]} == {"已关闭"}
    assert survey_report.satisfaction(survey.campaign_id) == Decimal("0.8000")
    assert "to_knowledge" in stage.path(case)
    assert not stage.incidents()


def test_a_questionnaire_too_long_is_cut_returned_and_approved(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("plan", "wuhao", "submit", case=case, survey_plan=plan())
    long = [question(weight=0, text=f"第{n}问", qtype="填空") for n in range(45)]
    stage.do("design", "wuhao", case=case, sheet={"questions": long})
    assert "最多 40 题" in stage.seen(stage.task("design", case))["problems"]
    short = [{"text": one["text"], "qtype": "填空"} for one in long[:20]]
    stage.do("design", "wuhao", case=case, sheet={"questions": short})
    stage.do("review", "zhengjie", "return", case=case, comment="第三题引导")
    stage.do("design", "wuhao", case=case)
    stage.do("review", "zhengjie", "approve", case=case)
    states = db.session.execute(db.select(Questionnaire.version, Questionnaire.state))
    assert [tuple(row) for row in states] == [(1, "已驳回"), (2, "已冻结")]
    assert len(list(db.session.scalars(db.select(log.ApprovalLog)))) == 2


def test_too_few_answers_extend_the_survey_and_a_late_one_does_not_count(stage: Stage):
    people(10)
    case = until_sent(stage, min_answers=4, target_quota=10,
                      deadline=clock.now().date() + dt.timedelta(days=2))  # fmt: skip
    first, second, third, *_others = asked()
    reply(stage, first, 4, "要投诉")
    reply(stage, second, 3)
    stage.wait(days=4)
    assert stage.open(case) == ["decide"]
    assert third.state == "未答"
    until = clock.now().date() + dt.timedelta(days=7)
    stage.do("decide", "zhengjie", case=case,
             extension={"choice": "延期", "new_deadline": until, "note": "再等等"})  # fmt: skip
    listed = stage.seen(stage.task("confirm_list", case))["recipients"]
    assert len(listed) == len(asked()) - 2
    stage.do("confirm_list", "wuhao", case=case)
    assert {row.follow_priority for row in responses()} == {"P1"}
    assert [row.follow for row in responses()] == ["服务请求", "服务请求"]
    stage.wait(days=8)
    stage.do("decide", "zhengjie", case=case, extension={"choice": "结束", "note": "够了"})
    assert stage.variables(case)["counted"] == 2
    report(stage, case)
    assert stage.end(case) == "completed"
    assert "to_knowledge" not in stage.path(case)


# other ways


def test_a_survey_can_be_given_up_while_it_is_planned(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("plan", "wuhao", "cancel", case=case)
    assert stage.end(case) == "cancelled"


def test_a_survey_the_manager_does_not_want_is_rejected(stage: Stage):
    case = stage.start(FLOW, "wuhao")
    stage.do("plan", "wuhao", "submit", case=case, survey_plan=plan())
    stage.do("design", "wuhao", case=case, sheet={"questions": SHEET})
    stage.do("review", "zhengjie", "reject", case=case, comment="没有必要")
    assert stage.end(case) == "rejected"
    assert stage.record("survey", stage.variables(case)["survey_no"]).state == "已驳回"


def test_a_campaign_prepares_its_survey_and_runs_it_later(stage: Stage):
    people(3)
    number = campaign()
    case = stage.start(FLOW, "wuhao", mode="prepare", campaign_no=number)
    stage.do("plan", "wuhao", "submit", case=case, survey_plan=plan(purpose="活动效果"))
    stage.do("design", "wuhao", case=case, sheet={"questions": SHEET})
    stage.do("review", "zhengjie", "approve", case=case)
    assert stage.end(case) == "prepared"
    later = stage.start(FLOW, "wuhao", mode="run", campaign_no=number)
    assert stage.open(later) == ["confirm_list"]
    assert stage.variables(later)["survey_no"] == stage.variables(case)["survey_no"]


def test_a_running_survey_can_be_stopped_and_keeps_its_answers(stage: Stage):
    people(4)
    case = until_sent(stage)
    reply(stage, asked()[0], 9)
    number = stage.variables(case)["survey_no"]
    stage.message("msg_survey_stop", number)
    assert stage.end(case) == "stopped"
    survey = stage.record("survey", number)
    assert (survey.state, survey.counted) == ("已停止", 1)
    assert {row.state for row in asked()[1:]} == {"已关闭"}


def test_a_report_that_is_not_good_enough_is_written_again(stage: Stage):
    people(1)
    case = until_sent(stage, target_quota=1, min_answers=1)
    reply(stage, asked()[0], 9)
    stage.do("write_report", "wuhao", case=case, report={"summary": "好", "findings": "好"})
    stage.do("review_report", "zhengjie", "return", case=case, comment="太短")
    assert stage.open(case) == ["write_report"]


def test_who_was_asked_lately_or_refuses_mail_is_left_out(stage: Stage):
    people(3)
    first = until_sent(stage)
    stage.message("msg_survey_stop", stage.variables(first)["survey_no"])
    people_again = until_listed(stage, title_text="第二次调查")
    assert stage.seen(stage.task("confirm_list", people_again))["recipients"] == []


@pytest.mark.parametrize(("sheet", "part"), [
    ([], "至少要有一题"),
    ([{"text": "选", "qtype": "单选", "options": "是"}], "两个选项"),
    ([{"text": "选", "qtype": "单选", "options": "是\n否", "jump_rule": "否=9"}], "跳到"),
    ([{"text": "选", "qtype": "单选", "options": "是\n否", "score_map": "是=9", "weight": 100}],
     "0 到 5"),
    ([{"text": "分", "qtype": "评分1-10", "weight": 60}], "合计要是 100"),
])  # fmt: skip
def test_what_is_wrong_with_a_questionnaire_is_said(stage: Stage, sheet: list, part: str):
    case = stage.start(FLOW, "wuhao")
    stage.do("plan", "wuhao", "submit", case=case, survey_plan=plan())
    stage.do("design", "wuhao", case=case, sheet={"questions": sheet})
    assert part in stage.seen(stage.task("design", case))["problems"]
