"""The inbox in a browser: by keyboard, with a mouse, empty and full."""

import pytest

from tests.browser.conftest import check_page
from tests.inbox import quotes


@pytest.fixture(scope="module")
def full(site):
    """Twelve quotes wait for 王强."""
    with site.data():
        quotes.publish()
        quotes.fill()
    return site


def test_an_empty_inbox_says_that_all_is_done(page_as, site):
    page = page_as("baijie")
    assert page.get_by_text("都办完了").is_visible()
    check_page(page)


def test_the_first_task_is_shown_beside_the_queue(page_as, full):
    page = page_as("wangqiang")
    page.locator(".peek h2").wait_for()
    assert page.locator(".task").count() == 12
    assert page.locator(".task.on").count() == 1
    check_page(page)


def test_keys_walk_choose_and_open(page_as, full):
    page = page_as("wangqiang")
    page.locator(".peek h2").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    third = page.locator(".task").nth(2)
    assert "on" in third.get_attribute("class")
    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator(".task").nth(1).get_by_role("checkbox").is_checked()
    assert page.locator("#bulk").get_by_text("已选 1 项").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#bulk").is_hidden()
    page.keyboard.press("e")
    page.wait_for_url("**/tasks/*")
    page.keyboard.press("Escape")
    page.wait_for_url("**/inbox*")


def test_keys_do_nothing_while_typing(page_as, full):
    page = page_as("wangqiang")
    page.keyboard.press("/")
    page.get_by_role("button", name="筛选此列表").click()
    search = page.get_by_role("searchbox")
    search.fill("")
    search.press_sequentially("gjkx?")
    assert search.input_value() == "gjkx?"
    assert page.locator("dialog[open]").count() == 0


def test_claim_by_key_and_take_it_back(page_as, full):
    page = page_as("wangqiang")
    page.goto("/inbox?f=groups")
    page.locator(".peek-foot").get_by_role("button", name="认领").wait_for()
    page.keyboard.press("l")
    page.get_by_text("已认领：审批报价").wait_for()
    page.keyboard.press("z")
    page.get_by_text("已放回：审批报价").wait_for()
    page.goto("/inbox?f=mine")
    assert page.get_by_text("您还没有认领任务").is_visible()


def test_approve_beside_the_queue(page_as, full):
    page = page_as("wangqiang")
    before = page.locator(".task").count()
    page.locator(".peek-foot").get_by_role("button", name="同意").wait_for()
    page.keyboard.press("a")
    page.get_by_text("同意：1 项成功").wait_for()
    assert page.locator(".task").count() == before - 1


def test_several_are_compared_before_they_are_approved(page_as, full):
    page = page_as("wangqiang")
    before = page.locator(".task").count()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    page.get_by_role("button", name="同意 2 项").click()
    page.get_by_text("同意：2 项成功").wait_for()
    assert page.locator(".task").count() == before - 2


def test_the_palette_finds_a_task(page_as, full):
    page = page_as("wangqiang")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("0011")
    page.get_by_role("option", name="QT-202603-0011").wait_for()
    check_page(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")


def test_g_and_a_letter_go_to_a_room_and_the_sheet_of_keys_opens(page_as, full):
    page = page_as("wangqiang")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").get_by_text("下一项、上一项").is_visible()
    check_page(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/settings")


def test_search_stands_in_the_address(page_as, full):
    page = page_as("wangqiang")
    page.get_by_role("button", name="筛选此列表").click()
    page.get_by_role("searchbox").fill("不会有的")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    assert page.get_by_text("没有符合条件的任务").is_visible()
    check_page(page)


def test_new_tasks_are_announced_and_shown_on_request(page_as, full):
    page = page_as("wangqiang")
    page.locator(".peek h2").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("x")
    before = page.locator(".task").count()
    stood = page.locator(".task.on").get_attribute("data-peek")
    ask = "document.dispatchEvent(new Event('shunliu:look'))"  # what the page does by itself
    with page.expect_response("**/inbox/news*") as quiet:
        page.evaluate(ask)
    assert quiet.value.status == 204 and page.locator("#news").is_hidden()
    with full.data():
        quotes.begin(number=77)
        quotes.begin(number=78)
    page.evaluate(ask)
    button = page.get_by_role("button", name="有 2 项新任务")
    button.wait_for()
    assert page.locator(".task").count() == before, "the list does not move by itself"
    assert page.locator("#dot-inbox").inner_text() == str(before + 2)
    assert page.locator("#n-todo").inner_text() == str(before + 2)
    check_page(page)
    button.click()
    page.locator(".task").nth(before + 1).wait_for()
    assert page.locator(".task").count() == before + 2
    assert page.locator(".task.on").get_attribute("data-peek") == stood
    assert page.locator(".task.on").get_by_role("checkbox").is_checked()
    page.locator("#news").wait_for(state="hidden")
    with page.expect_response("**/inbox/news*") as quiet:
        page.evaluate(ask)
    assert quiet.value.status == 204


def test_a_page_asks_for_news_by_itself_and_only_while_it_is_seen(page_as, full):
    page = page_as("wangqiang")
    page.clock.install()
    page.reload()
    with page.expect_response("**/inbox/news*"):
        page.clock.run_for(21_000)
    page.evaluate(
        """Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});
        document.dispatchEvent(new Event('visibilitychange'))"""
    )
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(120_000)
    assert [url for url in asked if "/inbox/news" in url] == []
