"""The process library in Chromium, with the flows of the house."""

from pathlib import Path

import pytest

from tests.browser.conftest import check_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("/processes", "/processes?f=start", "/processes?f=stuck", "/processes/area/051-01",
         "/processes/051-01-01")  # fmt: skip


@pytest.fixture(scope="module")
def house(site):
    with site.data():
        from app.engine import deploy

        deploy.deploy_folder(ROOT / "processes", ROOT / "forms", by="zhouning")


@pytest.mark.parametrize(
    ("width", "dark", "locale"),
    [(1400, False, "zh"), (1400, True, "en"), (390, False, "en"), (390, True, "zh")],
)
def test_every_page_is_accessible_and_fits(page_as, shot, house, width, dark, locale):
    page = page_as("zhangwei", width=width, dark=dark, locale=locale)
    for address in PAGES:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        check_page(page)
        name = address.strip("/").replace("/", "-").replace("?", "-")
        shot(page, f"{name}-{width}-{'dark' if dark else 'light'}-{locale}")


def test_a_click_on_a_step_tells_about_it(page_as, house):
    page = page_as("zhangwei")
    page.goto("/processes/051-01-01")
    page.locator('[data-element-id="judge"]').first.wait_for()
    page.get_by_role("button", name="全图").click()
    page.locator('[data-element-id="judge"]').first.click()
    page.get_by_text("人工判重").first.wait_for()
    assert "信息专员" in page.locator("#step").inner_text()


def test_whoever_may_start_a_flow_begins_with_its_first_task(page_as, house):
    page = page_as("zhangwei")
    page.goto("/processes/051-01-01")
    page.get_by_role("button", name="发起").click()
    page.wait_for_url("**/tasks/*")
    assert page.get_by_role("heading", name="录入客户与联系人").is_visible()


def test_who_goes_back_and_starts_again_begins_another(page_as, house):
    page = page_as("zhangwei", "/processes/051-01-01")
    begun = []
    for _time in range(2):
        page.get_by_role("button", name="发起").click()
        page.wait_for_url("**/tasks/*")
        begun.append(page.url)
        page.go_back()
        page.wait_for_url("**/processes/051-01-01")
    assert begun[0] != begun[1]


def test_who_may_not_start_it_sees_no_button(page_as, house):
    page = page_as("baijie")
    page.goto("/processes/051-01-01")
    assert page.get_by_role("button", name="发起").count() == 0
