"""A survey that somebody from outside answers by his link: no login, on a telephone as a rule."""

import time

import pytest
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SECRET, Site, check_page, tab_to
from tests.flows import survey
from tests.flows.stage import Stage

SHEET = [
    {"text": "您对这次展销会和我们工程师现场讲解的总体评价是多少分？", "qtype": "评分1-10",
     "required": True, "weight": 100},
    {"text": "您是从哪里知道的？", "qtype": "单选", "options": "公司网站\n朋友介绍\n展会现场",
     "required": True, "weight": 0},
    {"text": "看了哪些产品？", "qtype": "多选", "options": "五轴联动主轴\n伺服驱动器及其配套的数控系统",
     "required": False, "weight": 0},
    {"text": "各项打分", "qtype": "矩阵", "options": "场地\n讲解", "required": False, "weight": 0},
    {"text": "还有什么建议？", "qtype": "填空", "required": False, "weight": 0},
]  # fmt: skip
THANKS = "您的答卷已经收到"


@pytest.fixture(scope="module")
def template(company):
    """The server's database begins as the company."""
    return company


@pytest.fixture(scope="module")
def tokens(site: Site) -> list[str]:
    """Three guests have a link each."""
    with site.data():
        survey.people(3)
        survey.until_sent(Stage(), sheet=SHEET)
        return [str(row.token) for row in survey.asked()]


def opened(page: Page, token: str, minutes: int = 1, lang: str = "zh") -> None:
    """The page is open, and says that it has been for so long, as the server would have signed."""
    page.goto(f"/survey/{token}?lang={lang}")
    signer = URLSafeTimedSerializer(SECRET, salt="survey")
    began = signer.dumps({"token": token, "at": int(time.time()) - minutes * 60})
    page.locator("[name=began]").evaluate("(field, value) => { field.value = value }", began)


def send(page: Page) -> Locator:
    return page.locator("form button[type=submit]")


def answers(site: Site) -> list[dict[str, object]]:
    with site.data():
        return [row.answers for row in survey.responses()]


def test_a_thumb_answers_and_is_told_what_is_missing(open_page, shot, site, tokens, expects):
    expects.add(422)
    page = open_page(width=390)
    opened(page, tokens[0])
    check_page(page)
    shot(page, "survey-390-light")
    page.locator("#q1 label", has_text="9").tap()
    page.locator("#q2").evaluate("it => it.closest('form').noValidate = true")
    send(page).tap()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#q2")).to_contain_text("这一题必须回答")
    expect(page.locator("#q1 input[value='9']")).to_be_checked()
    check_page(page)
    shot(page, "survey-wrong-390-light")
    page.get_by_role("alert").get_by_role("link", name="第 2 题").tap()
    expect(page.locator("#q2 legend")).to_be_in_viewport()
    page.locator("#q2 label", has_text="朋友介绍").tap()
    before = len(answers(site))
    send(page).tap()
    expect(page.get_by_text(THANKS)).to_be_visible()
    check_page(page)
    made = answers(site)
    assert len(made) == before + 1
    assert made[-1] == {"1": "9", "2": "朋友介绍"}
    page.goto(f"/survey/{tokens[0]}")
    expect(page.get_by_text("已经收到过您的回答")).to_be_visible()


def test_keys_alone_answer_in_english(open_page, shot, site, tokens):
    page = open_page(dark=True, locale="en")
    opened(page, tokens[1], lang="en")
    check_page(page)
    shot(page, "survey-1400-dark")
    press = page.keyboard.press
    tab_to(page, page.locator("#q1 input").first)
    for _mark in range(7):
        press("ArrowRight")
    press("Tab")
    press("Space")
    press("Tab")
    press("Tab")
    press("Space")
    tab_to(page, page.locator("[name=q4_1]"))
    press("4")
    tab_to(page, page.locator("#q5"))
    page.keyboard.insert_text("Come again next year")
    press("Tab")
    press("Enter")
    expect(page.get_by_text("Your answers have arrived")).to_be_visible()
    assert answers(site)[-1] == {
        "1": "8", "2": "公司网站", "3": ["伺服驱动器及其配套的数控系统"], "4": {"场地": "4"},
        "5": "Come again next year",
    }  # fmt: skip


def test_who_answers_at_once_is_asked_to_read_again(open_page, site, tokens):
    page = open_page(width=390)
    before = len(answers(site))
    opened(page, tokens[2], minutes=-60)
    page.locator("#q1 label", has_text="9").tap()
    page.locator("#q2 label", has_text="公司网站").tap()
    send(page).tap()
    expect(page.get_by_role("alert")).to_contain_text("您答得很快")
    expect(page.locator("#q1 input[value='9']")).to_be_checked()
    assert len(answers(site)) == before


def test_a_link_that_nobody_was_given_says_so(open_page, shot, expects):
    expects.add(404)
    page = open_page(width=390, dark=True)
    page.goto("/survey/nobody-was-ever-given-this-link")
    expect(page.get_by_text("这个链接不对")).to_be_visible()
    check_page(page)
    shot(page, "survey-unknown-390-dark")
