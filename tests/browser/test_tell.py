"""The page on which a person tells a running case what happened: an order is to be cancelled, or
delivered at once."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app import clock
from app.accounts import people
from app.engine import run, sending
from tests.browser.conftest import Site, check_page, tab_to
from tests.flows import orders
from tests.flows.stage import Stage

CANCEL, SHIP = "申请取消订单", "马上发货"
WHY = "项目停了，甲方改了计划，设备进场推到明年。" * 10


@pytest.fixture(scope="module")
def template(company):
    """The server's database begins as the company."""
    return company


@pytest.fixture
def case(site: Site) -> int:
    """An order of 张伟 that the customer has signed and that waits for its day of delivery."""
    with site.data():
        stage = Stage()
        day = clock.now().date() + dt.timedelta(days=30)
        return orders.signed(stage, orders.enter(stage, day=day))


def address(site: Site, case: int, login: str, label: str) -> str:
    with site.data():
        offers = sending.of_cases([case], people.get(login))
        (token,) = [one.token_id for one in offers if one.label == label]
        return f"/instances/{case}/messages/{token}"


def waits(site: Site, case: int, login: str, label: str) -> bool:
    with site.data():
        return label in [one.label for one in sending.of_cases([case], people.get(login))]


def reason(page: Page) -> Locator:
    return page.locator("[name=cancel_reason]")


def is_english(page: Page) -> None:
    title = page.get_by_role("heading", level=1).inner_text()
    assert not re.search("[一-鿿]", title), title


def test_keys_alone_lead_from_the_case_through_the_form_and_back(page_as, site, case):
    page = page_as("zhangwei", address(site, case, "zhangwei", CANCEL))
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/instances/{case}")
    tab_to(page, page.get_by_role("link", name=CANCEL))
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages/*")
    tab_to(page, reason(page))
    page.keyboard.insert_text(WHY)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/instances/{case}")
    expect(page.get_by_text("已发出：申请取消订单")).to_be_visible()
    expect(page.get_by_text("审批取消订单").first).to_be_visible()
    with site.data():
        assert run.variables(case)["cancel_reason"] == WHY


def test_what_was_typed_is_there_when_the_page_is_opened_again(page_as, shot, site, case):
    page = page_as("zhangwei", address(site, case, "zhangwei", CANCEL))
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        reason(page).fill(WHY)
    expect(page.locator("form [data-saved]")).to_contain_text("已保存")
    other = page.context.new_page()
    other.goto(page.url)
    expect(reason(other)).to_have_value(WHY)
    expect(other.locator("form [data-saved]")).to_contain_text("草稿已保存")
    check_page(other)
    shot(other, "tell-form-1400-light")


def test_without_a_reason_nothing_is_sent_and_the_field_says_so(page_as, shot, site, case, expects):
    expects.add(422)
    page = page_as(
        "zhangwei", address(site, case, "zhangwei", CANCEL), width=390, dark=True, locale="en"
    )
    is_english(page)
    page.locator(".outcomes button").first.tap()
    expect(page.locator("#problems")).to_be_focused()
    check_page(page)
    shot(page, "tell-form-390-dark")
    page.locator("#problems").get_by_role("link").first.tap()
    expect(reason(page)).to_be_focused()
    expect(reason(page)).to_have_attribute("aria-invalid", "true")
    assert waits(site, case, "zhangwei", CANCEL)


def test_what_needs_no_words_is_confirmed_with_one_key(page_as, shot, site, case):
    page = page_as("linyue", address(site, case, "linyue", SHIP))
    check_page(page)
    shot(page, "tell-confirm-1400-light")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/instances/{case}")  # the delivery is hers to prepare
    expect(page.get_by_text("已发出：马上发货")).to_be_visible()
    assert not waits(site, case, "linyue", SHIP)


def test_who_is_late_reads_that_the_case_has_gone_on(page_as, shot, site, case, expects):
    expects.add(409)
    page = page_as("linyue", address(site, case, "linyue", SHIP), width=390, dark=True, locale="en")
    is_english(page)
    shot(page, "tell-confirm-390-dark")
    with site.data():
        run.correlate("msg_ship_now", orders.number(Stage(), case))
    page.locator(".outcomes button").tap()
    expect(page.get_by_text("The case does not wait for this now")).to_be_visible()
    check_page(page)
    shot(page, "tell-late-390-dark")
