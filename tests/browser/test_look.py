"""Every page of the inbox, in both languages, both themes, on a desk and on a phone."""

import itertools

import pytest

from tests.browser.conftest import check_page
from tests.inbox import quotes

PAGES = ("/inbox", "/inbox?f=done", "/inbox?f=started", "/tasks/1", "/instances/1", "/settings")
LOOKS = list(itertools.product((1400, 390), (False, True), ("zh", "en")))


@pytest.fixture(scope="module")
def full(site):
    with site.data():
        quotes.publish()
        quotes.fill()
    return site


@pytest.mark.parametrize(
    ("width", "dark", "locale"),
    LOOKS,
    ids=[f"{width}-{'dark' if dark else 'light'}-{locale}" for width, dark, locale in LOOKS],
)
def test_every_page_is_accessible_and_fits(page_as, shot, full, width, dark, locale):
    page = page_as("wangqiang", width=width, dark=dark, locale=locale)
    for address in PAGES:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        check_page(page)
        look = f"{width}-{'dark' if dark else 'light'}-{locale}"
        shot(page, f"{address.strip('/').replace('/', '-').replace('?', '-')}-{look}")


def test_english_pages_have_no_chinese_but_data(page_as, full):
    page = page_as("baijie", locale="en")
    for address in ("/inbox", "/inbox?f=started", "/settings"):
        page.goto(address)
        text = page.locator("body").inner_text()
        for name in ("白洁", "高远", "中文"):  # people and the other language keep their names
            text = text.replace(name, "")
        assert not [char for char in text if "一" <= char <= "鿿"], text


def test_the_language_is_switched_from_the_menu(page_as, full):
    page = page_as("lina")
    page.get_by_role("button", name="李娜").click()
    page.locator("#me").get_by_role("button", name="English").click()
    page.get_by_role("heading", name="To do").wait_for()


def test_the_theme_changes_at_once_and_stays(page_as, full):
    page = page_as("zhaomin")
    page.goto("/settings")
    with page.expect_response("**/look"):
        page.locator("main").get_by_role("button", name="深").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 21)"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_a_phone_opens_a_task_with_a_tap(page_as, full):
    page = page_as("wangqiang", width=390)
    page.locator(".task .nm a").first.tap()
    page.wait_for_url("**/tasks/*")
    assert page.locator(".outcomes").is_visible()
