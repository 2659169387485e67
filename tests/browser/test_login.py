"""The login page, as people use it."""

from tests.browser.conftest import check_page


def test_a_person_logs_in_and_out(page_as):
    page = page_as("wangqiang")
    assert page.get_by_role("heading", name="待我处理").is_visible()
    page.get_by_role("button", name="王强").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login")
    page.goto("/inbox")
    assert "/login" in page.url


def test_a_wrong_password_is_said_and_the_name_is_kept(open_page, expects):
    expects.add(422)
    page = open_page()
    page.goto("/login")
    page.fill("#login", "wangqiang")
    page.fill("#password", "wrong")
    page.locator("#password").press("Enter")
    assert "账号或密码不对" in page.get_by_role("alert").inner_text()
    assert page.input_value("#login") == "wangqiang"
    check_page(page)


def test_a_demo_person_is_one_click_away(open_page):
    page = open_page()
    page.goto("/login")
    page.get_by_role("button", name="张伟").click()
    page.wait_for_url("**/inbox*")


def test_login_leads_back_to_the_page_that_was_asked_for(open_page):
    page = open_page()
    page.goto("/settings")
    page.fill("#login", "zhangwei")
    page.fill("#password", "shunliu")
    page.locator("#password").press("Enter")
    page.wait_for_url("**/settings")


def test_the_login_page_speaks_english_when_asked(open_page):
    page = open_page()
    page.goto("/login")
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("button", name="Log in").is_visible()
    check_page(page)


def test_the_session_ends_while_typing_and_nothing_is_lost(page_as, site, expects):
    expects.update({401})
    page = page_as("wangqiang")
    page.context.clear_cookies()
    page.evaluate("htmx.ajax('GET', '/inbox/counts', '#filters')")
    page.get_by_text("登录过期").wait_for()
    assert "next=%2Finbox" in page.locator("#again-go").get_attribute("href")
