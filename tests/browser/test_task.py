"""One task in a browser: the form, the drawing, the discussion, somebody who was faster."""

import pytest

from app.db import db
from app.engine import run
from tests.browser.conftest import check_page
from tests.inbox import quotes


@pytest.fixture(scope="module")
def published(site):
    with site.data():
        quotes.publish()
    return site


@pytest.fixture
def task_id(published):
    """A fresh quote waits for 王强."""
    with published.data():
        return quotes.begin().id


def test_a_missing_reason_is_shown_and_what_was_typed_stays(page_as, task_id, expects):
    expects.add(422)
    page = page_as("wangqiang")
    page.goto(f"/tasks/{task_id}")
    page.get_by_label("竞争对手").fill("锐科数控")
    page.get_by_role("button", name="驳回").click()
    page.locator("[aria-invalid=true]").first.wait_for()
    assert page.get_by_label("竞争对手").input_value() == "锐科数控"
    check_page(page)
    page.locator("[aria-invalid=true]").first.fill("低于底价")
    page.get_by_role("button", name="驳回").click()
    page.wait_for_url("**/inbox*")


def test_a_key_approves_and_the_next_person_has_it(page_as, task_id):
    page = page_as("wangqiang")
    page.goto(f"/tasks/{task_id}")
    page.keyboard.press("a")
    page.wait_for_url("**/inbox*")
    page.get_by_text("下一步：登记订单（商务专员）").wait_for()
    clerk = page_as("linyue")
    assert clerk.get_by_role("link", name="登记订单").count() >= 1


def test_the_drawing_shows_where_the_case_stands(page_as, task_id):
    page = page_as("wangqiang")
    page.goto(f"/tasks/{task_id}")
    page.locator(".diagram").scroll_into_view_if_needed()
    page.locator(".diagram[data-ready=yes]").wait_for()
    assert page.locator(".djs-shape.d-now").count() == 1
    assert page.locator(".ov.now").inner_text() == "待认领"
    assert page.locator(".bjs-powered-by").is_visible()
    check_page(page)


def test_a_remark_appears_at_once(page_as, task_id):
    page = page_as("wangqiang")
    page.goto(f"/tasks/{task_id}")
    page.keyboard.press("c")
    page.keyboard.type("客户口头答应预付三成")
    page.keyboard.press("Control+Enter")
    page.locator("#comments .say").get_by_text("客户口头答应预付三成").wait_for()


def test_who_is_late_keeps_the_words(page_as, task_id, published, expects):
    expects.add(409)
    page = page_as("zhouning")
    page.goto(f"/tasks/{task_id}")
    other = page_as("wangqiang")
    other.goto(f"/tasks/{task_id}")
    other.get_by_label("审批意见").fill("毛利太低，请重报")
    with published.data():
        run.complete(task_id, {"outcome": "approve"}, by="zhaomin")
        db.session.commit()
    other.keyboard.press("Control+Enter")
    other.get_by_role("heading", name="别人先办了").wait_for()
    assert "赵敏" in other.get_by_role("alert").inner_text()
    assert "毛利太低" in other.locator("#typed").input_value()
    check_page(other)


def test_a_task_is_handed_over(page_as, task_id):
    page = page_as("wangqiang")
    page.goto(f"/tasks/{task_id}")
    page.keyboard.press("t")
    check_page(page)
    page.get_by_label("转给谁").select_option("zhaomin")
    page.get_by_role("dialog").get_by_role("button", name="转办").click()
    page.get_by_text("转给 赵敏").wait_for()


def test_somebody_elses_task_is_a_kind_dead_end(page_as, task_id, expects):
    expects.add(404)
    page = page_as("baijie")
    page.goto(f"/tasks/{task_id}")
    assert page.get_by_role("heading", name="没有找到").is_visible()
    check_page(page)
