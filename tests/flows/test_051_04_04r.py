"""051-04-04R 问卷发放与收集: one recipient's way, the end of the whole run."""

import pytest

from app import errors
from app.db import db
from app.notify import notices
from app.notify.models import Outgoing
from app.records.contact import Contact
from app.records.lead import Lead
from tests.flows.stage import Stage
from tests.flows.survey import asked, people, reply, responses, until_listed, until_sent

PHONE = {"channels": ["邮件", "电话"]}


def texts() -> list[str]:
    return [row.body for row in db.session.scalars(db.select(Outgoing).order_by(Outgoing.id))]


def alone(stage: Stage, **other: object) -> int:
    """A survey of one person."""
    people(1)
    for row in ("秦嘉", "何平", "明秋", "王海"):
        opt_out(row)
    return until_sent(stage, **({"target_quota": 5, "min_answers": 1} | other))


def opt_out(name: str) -> None:
    db.session.scalar(db.select(Contact).filter_by(name=name)).care_optout = True
    db.session.commit()


def test_everybody_gets_a_link_of_his_own(stage: Stage):
    people(2)
    until_sent(stage)
    rows = [row for row in asked() if row.state == "已发"]
    assert len({row.token for row in rows}) == len(rows) >= 2
    assert all(any(row.token in text for text in texts()) for row in rows if row.channel == "邮件")


def test_an_answer_in_eight_seconds_is_asked_again(stage: Stage):
    case = alone(stage)
    (row,) = asked()
    reply(stage, row, 9, seconds=8)
    assert responses() == []
    reply(stage, row, 9, seconds=80)
    (made,) = responses()
    assert (made.score, made.valid, made.late) == (4.5, True, False)
    assert stage.open(case) == ["write_report"]


def test_an_answer_that_lacks_what_is_required_is_asked_again(stage: Stage):
    alone(stage)
    (row,) = asked()
    stage.message("msg_survey_reply", row.token, answers={"2": "只写建议"}, duration_s=60)
    assert (responses(), asked()[0].state) == ([], "已发")


def test_two_reminders_three_calls_then_no_answer(stage: Stage):
    case = alone(stage, **PHONE)
    stage.wait(days=3, minutes=1)
    stage.wait(days=3, minutes=1)
    assert asked()[0].reminders == 2
    stage.wait(days=3, minutes=1)
    for _time in range(3):
        stage.do("call_customer", "tangying", "no_reply", case=case)
        stage.wait(hours=4, minutes=1)
    assert asked()[0].state == "未答"
    assert stage.open(case) == ["decide"]


def test_without_a_telephone_channel_reminders_are_all(stage: Stage):
    case = alone(stage)
    for _time in range(3):
        stage.wait(days=3, minutes=1)
    assert asked()[0].state == "未答"
    assert stage.open(case) == ["decide"]


def until_called(stage: Stage) -> int:
    case = alone(stage, **PHONE)
    for _time in range(3):
        stage.wait(days=3, minutes=1)
    return case


def test_the_customer_answers_on_the_telephone(stage: Stage):
    case = until_called(stage)
    stage.do("call_customer", "tangying", "answered", case=case,
             spoken=[{"seq": 1, "answer": "10"}, {"seq": 2, "answer": "想买新主轴"}])  # fmt: skip
    (made,) = responses()
    assert (made.score, made.follow) == (5, "商机")
    assert asked()[0].caller_id == "tangying"
    lead = db.session.scalar(db.select(Lead))
    assert (lead.source, lead.external_id) == ("调查", f"survey-{made.id}")


def test_who_did_the_work_may_not_ask_about_it(stage: Stage):
    case = until_called(stage)
    asked()[0].doer_id = "tangying"
    db.session.commit()
    with pytest.raises(errors.Invalid):
        stage.do("call_customer", "tangying", "answered", case=case,
                 spoken=[{"seq": 1, "answer": "10"}])  # fmt: skip


def test_the_customer_refuses(stage: Stage):
    case = until_called(stage)
    stage.do("call_customer", "tangying", "refused", case=case)
    assert asked()[0].state == "拒访"
    assert stage.open(case) == ["decide"]


@pytest.mark.parametrize(("state", "end"), [("已答", "answered_before"), ("已发", "too_late")])
def test_an_answer_that_comes_twice_or_too_late_is_not_stored(stage: Stage, state: str, end: str):
    case = alone(stage)
    (row,) = asked()
    row.state = state
    survey = stage.record("survey", stage.variables(case)["survey_no"])
    if state == "已发":
        survey.state = "统计中"
    db.session.commit()
    reply(stage, asked()[0], 9)
    assert (responses(), end in stage.path(case)) == ([], True)


def until_asked(stage: Stage, **other: object) -> None:
    """A survey of one person, with these facts changed before it is sent out."""
    people(1)
    for row in ("秦嘉", "何平", "明秋", "王海"):
        opt_out(row)
    case = until_listed(stage, target_quota=5, min_answers=1)
    stage.change("survey", stage.variables(case)["survey_no"], **other)
    stage.do("confirm_list", "wuhao", case=case)


def test_a_low_score_of_a_key_customer_is_told_to_his_manager(stage: Stage):
    until_asked(stage)
    reply(stage, asked()[0], 2)
    (made,) = responses()
    assert (made.follow, made.follow_priority) == ("服务请求", "P1")
    assert "不满意" in notices.latest("wangqiang")[0].text or notices.unread("wangqiang") > 0


def test_a_low_score_of_a_complaint_survey_becomes_a_complaint(stage: Stage):
    until_asked(stage, purpose="投诉")
    reply(stage, asked()[0], 2)
    assert responses()[0].follow == "投诉"


def test_an_anonymous_answer_names_nobody(stage: Stage):
    until_asked(stage, anonymous=True)
    reply(stage, asked()[0], 9)
    (made,) = responses()
    assert (made.recipient_id, made.customer_id, made.grade) == (None, None, "A")
    assert asked()[0].state == "已答"
