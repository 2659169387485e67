"""Answers returned, satisfaction, questions, and campaigns beside their survey."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, at, column
from tests.reports.test_marketing import campaign, effect

pytestmark = pytest.mark.usefixtures("trade")

QUESTIONS = [
    {"text": "您满意吗", "qtype": "评分1-10"}, {"text": "您要什么", "qtype": "多选"},
    {"text": "还有什么要说", "qtype": "填空"},
]  # fmt: skip


@pytest.fixture
def fair(trade):
    return campaign("展会", spent=1000)


@pytest.fixture
def survey(fair):
    sheet = write.create("questionnaire", {"title_text": "卷", "questions": QUESTIONS},
                         by="wuhao", number="QN-1")  # fmt: skip
    return write.create("survey", {
        "title_text": "展会满意度", "purpose": "活动效果", "campaign_id": fair.id,
        "questionnaire_id": sheet.id, "owner_id": "wuhao", "department_id": "market",
    }, by="wuhao")  # fmt: skip


def asked(survey, name, *, channel="邮件", state="已答", customer=HENGYUAN):
    contact = write.create("contact", {"customer_id": customer, "name": name,
                                       "mobile": f"1380000{name[-4:]}"}, by="lina")  # fmt: skip
    return write.create("survey_recipient", {
        "survey_id": survey.id, "contact_id": contact.id, "customer_id": customer,
        "token": f"t-{name}", "channel": channel, "state": state, "asked_at": at("2026-03-01"),
        "reminders": 1,
    }, by="wuhao")  # fmt: skip


def said(survey, recipient, score, answers, *, valid=True, late=False, grade="A", region="华东"):
    write.create("survey_response", {
        "survey_id": survey.id, "recipient_id": recipient.id, "score": score, "grade": grade,
        "region": region, "answered_at": at("2026-03-03"), "answers": answers, "valid": valid,
        "late": late,
    }, by="wuhao")  # fmt: skip


@pytest.fixture
def answers(survey):
    one, two, three = (asked(survey, f"甲{n}000") for n in (1, 2, 3))
    asked(survey, "乙4000", channel="电话", state="拒访")
    asked(survey, "丙5000", state="退信")
    said(survey, one, 5, {"1": 10, "2": ["快", "便宜"], "3": "好"})
    said(survey, two, 2, {"1": 4, "2": ["快"], "3": ""}, grade="C")
    said(survey, three, 1, {"1": 2}, late=True)
    return survey


def test_late_answers_are_returned_but_do_not_count(ask, answers):
    found = {row["key"]: row for row in ask("051-02/R05-1", "luogang").rows}
    mail = found["邮件"]
    assert (mail["asked"], mail["answered"], mail["valid"], mail["bounced"]) == (4, 3, 2, 1)
    assert (mail["rate"], mail["good"], mail["reminders"]) == (0.75, pytest.approx(2 / 3), 4)
    assert (found["电话"]["refused"], found["电话"]["rate"]) == (1, 0)
    assert column(ask("051-02/R05-1", "luogang", by="survey"), "key", "asked") == {"展会满意度": 5}
    assert column(ask("051-02/R05-1", "luogang", by="month"), "key", "asked") == {202603: 5}


def test_satisfaction_is_the_mean_of_the_answers_that_count(ask, answers):
    (row,) = ask("051-02/R05-2", "luogang").rows
    assert (row["count"], row["mean"], row["low"], row["high"]) == (2, Decimal("3.5"), 1, 1)
    assert row["rate"] == 0.5
    assert column(ask("051-02/R05-2", "luogang", by="grade"), "key", "mean") == {"A": 5, "C": 2}
    assert column(ask("051-02/R05-2", "luogang", by="region"), "key", "count") == {"华东": 2}


def test_each_option_of_each_question_is_counted(ask, answers):
    rows = ask("051-02/R05-3", "luogang").rows
    found = {(row["question"], row["option"]): (row["count"], row["people"]) for row in rows}
    assert found == {
        ("您满意吗", "4"): (1, 2), ("您满意吗", "10"): (1, 2), ("您要什么", "快"): (2, 2),
        ("您要什么", "便宜"): (1, 2), ("还有什么要说", "文字回答"): (1, 1),
    }  # fmt: skip
    assert [row["option"] for row in rows[:2]] == ["4", "10"]  # marks from low to high
    assert rows[2]["rate"] == 1
    assert not ask("051-02/R05-3", "luogang", q="别的").rows


def test_open_answers_never_leave_their_survey(as_user, answers):
    from app.db import db

    db.session.commit()
    text = as_user("luogang").get("/reports/051-02/R05-3/export.csv").text
    assert "您要什么" in text and "文字回答" in text and "好" not in text


def test_a_campaign_stands_beside_its_survey(ask, fair, answers):
    write.change(answers, {"counted": 2, "score": Decimal("3.5")}, by="wuhao")
    effect(fair, "2026-03-01", leads=130, amount=300000)
    (row,) = ask("051-02/R05-4", "luogang").rows
    assert (row["answers"], row["felt"], row["leads"], row["rate"]) == (
        2, Decimal("0.7"), 130, 0.5)  # fmt: skip
