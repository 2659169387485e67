"""Somebody from outside answers a survey by his link, without logging in."""

import datetime as dt
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.survey import pace
from tests.flows.stage import Stage
from tests.flows.survey import asked, people, responses, until_sent

SHEET = [
    {"text": "总体评价？", "qtype": "评分1-10", "required": True, "weight": 100},
    {"text": "从哪里知道的？", "qtype": "单选", "options": "网站\n朋友", "required": True,
     "jump_rule": "朋友=4"},
    {"text": "哪个网页？", "qtype": "填空", "required": True},
    {"text": "看了哪些？", "qtype": "多选", "options": "主轴\n驱动器", "required": False},
    {"text": "各项打分", "qtype": "矩阵", "options": "场地\n讲解", "required": False},
]  # fmt: skip


@pytest.fixture
def outside(app: Flask) -> FlaskClient:
    """A browser that nobody has logged in with."""
    return app.test_client()


@pytest.fixture
def link(stage: Stage) -> str:
    people(2)
    until_sent(stage, sheet=SHEET)
    return f"/survey/{asked()[0].token}"


def opened(
    outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch, after: int = 60
) -> str:
    """What the page hands back as proof of when it was opened; `after` seconds pass."""
    now = clock.real_now()
    monkeypatch.setattr(clock, "real_now", lambda: now)
    began = re.search(r'name="began" value="([^"]+)"', outside.get(link).text)
    assert began
    monkeypatch.setattr(clock, "real_now", lambda: now + dt.timedelta(seconds=after))
    return began[1]


def test_the_page_shows_every_question(outside: FlaskClient, link: str):
    page = outside.get(link)
    assert page.status_code == 200
    for one in SHEET:
        assert one["text"] in page.text
    assert "选“朋友”请跳到第 4 题" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "<script" not in page.text


def test_the_page_speaks_english(outside: FlaskClient, link: str):
    assert "Submit" in outside.get(f"{link}?lang=en").text


def test_answers_are_stored_once(outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch):
    began = opened(outside, link, monkeypatch)
    form = {"began": began, "q1": "8", "q2": "朋友", "q4": ["主轴", "驱动器"], "q5_1": "5"}
    assert "谢谢您的回答" in outside.post(link, data=form).text
    (made,) = responses()
    assert made.answers == {"1": "8", "2": "朋友", "4": ["主轴", "驱动器"], "5": {"场地": "5"}}
    assert (made.score, made.duration_s) == (4, 60)
    assert "已经答过了" in outside.post(link, data=form).text
    assert "已经答过了" in outside.get(link).text
    assert len(responses()) == 1


def test_what_is_missing_is_shown_beside_the_question(
    outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
):
    began = opened(outside, link, monkeypatch)
    page = outside.post(link, data={"began": began, "q1": "8", "q2": "网站"})
    assert page.status_code == 422
    assert "这一题必须回答" in page.text
    assert responses() == []


@pytest.mark.parametrize("wrong", [{"q1": "11"}, {"q2": "报纸"}, {"q1": "<b>"}])
def test_an_answer_that_was_not_offered_is_refused(
    outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch, wrong: dict
):
    began = opened(outside, link, monkeypatch)
    given = {"began": began, "q1": "8", "q2": "朋友"} | wrong
    assert outside.post(link, data=given).status_code == 422
    assert responses() == []


def test_who_answers_in_eight_seconds_is_asked_again(
    outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
):
    began = opened(outside, link, monkeypatch, after=8)
    page = outside.post(link, data={"began": began, "q1": "8", "q2": "朋友"})
    assert "您答得很快" in page.text
    assert responses() == []


def test_refusals_speak_the_language_of_the_page(
    outside: FlaskClient, link: str, monkeypatch: pytest.MonkeyPatch
):
    fast = {"began": opened(outside, link, monkeypatch, after=8), "q1": "8", "q2": "朋友"}
    missing = fast | {"q2": ""}
    english = {"headers": {"Accept-Language": "en"}}
    for page in (
        outside.post(link, data=fast, **english),
        outside.post(f"{link}?lang=en", data=fast, headers={"Accept-Language": "zh"}),
    ):
        assert "That was fast" in page.text and "您答得很快" not in page.text
    page = outside.post(f"{link}?lang=en", data=missing, headers={"Accept-Language": "zh"})
    assert "This question must be answered" in page.text and "必须回答" not in page.text
    assert '<a class="nowrap" href="#q2">Question 2</a>' in page.text
    page = outside.post(f"{link}?lang=zh", data=missing, **english)
    assert "这一题必须回答" in page.text and "第 2 题" in page.text


def test_a_late_answer_is_kept_and_does_not_count(
    outside: FlaskClient,
    link: str,
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
):
    began = opened(outside, link, monkeypatch)
    stage.wait(days=40)
    assert "调查已经结束" in outside.get(link).text
    outside.post(link, data={"began": began, "q1": "8", "q2": "朋友"})
    (made,) = responses()
    assert made.late
    assert asked()[0].state == "未答"


@pytest.mark.parametrize("token", ["x", "a" * 32, "%00" * 8])
def test_a_guessed_link_shows_nothing(outside: FlaskClient, link: str, token: str):
    page = outside.get(f"/survey/{token}")
    assert page.status_code == 404
    assert "展销会" not in page.text


def test_nobody_knocks_forever(outside: FlaskClient, link: str):
    for _time in range(pace.ALLOWED):
        outside.get("/survey/unknown-unknown-unknown")
    assert outside.get(link).status_code == 429
