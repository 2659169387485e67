"""The monitor in Chromium: readable on every screen, repaired by keyboard."""

import pytest

from tests.browser.conftest import check_page
from tests.check.drawings import file, flow

BODY = (
    '<startEvent id="s" name="开始"/><exclusiveGateway id="g" name="金额够吗？"/>'
    '<endEvent id="e" name="结束"/><endEvent id="f" name="没有结果"/>'
    + flow("s", "g") + flow("g", "e", "${amount &gt; 10}") + flow("g", "f", "${amount &lt; 0}")
)  # fmt: skip


@pytest.fixture(scope="module")
def stuck(site):
    """Two cases that found no way out of a gateway."""
    with site.data():
        from app.db import db
        from app.engine import deploy, run

        deploy.deploy([("stuck.bpmn", file(BODY))], by="zhouning", lenient=True)
        for amount in (3, 5):
            run.start("p", {"amount": amount, "subject": "上海恒远机械有限公司"}, by="zhangwei")
        db.session.commit()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_pages_are_accessible_and_fit(page_as, shot, stuck, width, locale):
    page = page_as("zhouning", width=width, locale=locale, dark=width == 390)
    for address in ("/monitor", "/monitor?state=resolved", "/monitor/incidents/1"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        check_page(page)
        shot(page, f"{address.strip('/').replace('/', '-').replace('?', '-')}-{width}-{locale}")


def test_an_incident_is_tried_first_and_then_repaired(page_as, stuck):
    page = page_as("zhouning")
    page.goto("/monitor")
    page.get_by_role("link", name="金额够吗？").first.click()
    page.get_by_label("改变量").fill('{"amount": 100}')
    page.get_by_role("button", name="试跑").click()
    assert page.get_by_text("可行", exact=True).is_visible()
    assert page.get_by_text("流程结束").is_visible()
    page.get_by_label("理由").fill("金额录错了")
    page.get_by_role("button", name="确认执行").click()
    page.wait_for_url("**/monitor")
    assert page.get_by_text("已处理。").first.is_visible()
