"""051-01-01 in a browser: the catalogue's three scenarios, each role logging in as itself, from the
process library to the customer's page. In Chinese; the first also in English.

`make docs-pictures` runs these tests and keeps the pictures that the documentation shows.
"""

import re

import pytest

from app.db import db
from app.i18n import label
from app.records import write
from app.records.customer import Customer
from tests.browser.conftest import check_page
from tests.flows.conftest import published  # noqa: F401 - the company with every flow

FLOW = "051-01-01"


@pytest.fixture(scope="session")
def template(published):  # noqa: F811 - the fixture
    """The server's database begins as the company with its records and flows."""
    return published


class Actor:
    """One person in front of the browser, in one language."""

    def __init__(self, page, site, locale):
        self.page, self.site, self.locale = page, site, locale

    def says(self, text):
        """A label of a form or flow as this person reads it."""
        with self.site.app.test_request_context(headers={"Accept-Language": self.locale}):
            return str(label(text))

    def begin(self):
        """Finds the flow in the library and starts a case; its form is open."""
        page = self.page
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/processes")
        page.locator(f"a[href$='/processes/{FLOW}']").first.click()
        page.get_by_role("button", name=self.says("发起"), exact=True).click()
        page.wait_for_url("**/tasks/*")

    def fill(self, **fields):
        """Types into the fields, chooses in menus and radio buttons."""
        for key, text in fields.items():
            name = f"customer.{key}"
            field = self.page.locator(f"[name='{name}']").first
            if field.get_attribute("type") == "radio":
                self.page.locator(f"[name='{name}'][value='{text}']").check()
            elif field.evaluate("it => it.tagName") == "SELECT":
                field.select_option(text)
            else:
                field.fill(text)

    def contact(self, line=0, **fields):
        """Fills in a row of the contacts; the first is there already."""
        listed = self.page.locator("[data-list=contacts]")
        if line:
            listed.locator("[data-add]").last.click()
        for key, text in fields.items():
            field = listed.locator(f"[name='contacts[{line}].{key}']")
            (field.select_option if key == "decision_role" else field.fill)(text)

    def press(self, verb):
        """Presses a verb of the form; the inbox is open again."""
        self.page.locator(".outcomes").get_by_role(
            "button", name=re.compile(f"^{re.escape(self.says(verb))}")
        ).click()
        self.page.wait_for_url("**/inbox*")

    def open(self, words):
        """Opens the task with these words from the own queue."""
        self.page.locator(".task.on").wait_for()
        row = self.page.locator(".task", has_text=words).first
        if "on" not in row.get_attribute("class").split():
            row.locator(".nm a").click()
        self.page.locator(".task.on", has_text=words).wait_for()
        self.page.keyboard.press("e")
        self.page.wait_for_url("**/tasks/*")


@pytest.fixture
def keep(picture):
    """`keep(actor, "form")` keeps a picture of what a person sees, in Chinese."""
    return lambda seen, name: seen.locale == "zh" and picture(seen.page, name)


@pytest.fixture
def actor(page_as, site):
    """`actor("zhangwei", locale="en")`: the person, logged in."""

    def enter(login, locale="zh", **window):
        return Actor(page_as(login, locale=locale, **window), site, locale)

    return enter


QIMING = {
    "name": "杭州启明精密有限公司", "customer_type": "企业", "unified_code": "91330100MA2B0QMX0P",
    "industry": "精密加工", "region": "华东", "province": "浙江", "city": "杭州",
    "address": "杭州市滨江区江南大道 100 号", "source": "自行开发", "life_stage": "潜在",
}  # fmt: skip
QIAN = {"name": "钱进", "mobile": "13800000001", "decision_role": "决策者"}
# the story in English is about another company, which is nobody's duplicate
YUEDA = QIMING | {
    "name": "绍兴越达轴承有限公司", "unified_code": "", "city": "绍兴",
    "address": "绍兴市越城区迪荡湖路 68 号",
}  # fmt: skip
YUE = {"name": "越秀英", "mobile": "13900000009", "decision_role": "影响者"}
HENGYUAN = QIMING | {
    "name": "上海恒远机械（有限公司）", "unified_code": "91310115MA1K0TYX07", "province": "上海",
    "city": "上海", "address": "上海市闵行区元江路 1 号",
}  # fmt: skip
ZHAO = {"name": "赵岚", "mobile": "13800000031", "decision_role": "影响者"}
SUN = {"name": "孙启", "mobile": "13800000032", "decision_role": "使用者"}
MINGDA = QIMING | {
    "name": "苏州明达自动化科技", "unified_code": "", "province": "江苏", "city": "苏州",
    "source": "客户介绍", "address": "苏州市工业园区星湖街 328 号 B 座",
}  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "customer", "contact"), [("zh", QIMING, QIAN), ("en", YUEDA, YUE)], ids=["zh", "en"]
)
def test_a_new_customer_is_entered_approved_and_found(actor, keep, site, locale, customer, contact):
    seller = actor("zhangwei", locale)
    seller.begin()
    seller.fill(**customer)
    seller.contact(**contact)
    keep(seller, "form")
    seller.press("提交")
    assert seller.says("审核客户资料") in seller.page.locator("#snacks").inner_text()

    clerk = actor("sunli", locale)
    clerk.open(customer["name"])
    assert clerk.page.get_by_text(customer["address"]).first.is_visible()
    keep(clerk, "review")
    clerk.press("同意")

    page = seller.page
    page.goto(f"/records/customer?q={customer['name']}")
    page.get_by_role("link", name=customer["name"]).first.click()
    page.get_by_role("heading", name=customer["name"], level=1).wait_for()
    number = page.url.rpartition("/")[2]
    assert re.fullmatch(r"CU-\d{6}-\d{4}", number)
    history = page.get_by_role("region", name=seller.says("变更历史"))
    assert "孙丽" in history.inner_text() and seller.says("同意") in history.inner_text()
    check_page(page)
    keep(seller, "customer")
    page.get_by_role("link", name=seller.says("客户联系人维护")).first.click()
    page.locator(".diagram[data-ready=yes]").wait_for()
    passed = page.locator(".djs-shape.d-done").evaluate_all(
        "all => all.map(it => it.dataset.elementId)"
    )
    assert {"edit_profile", "review", "created"} <= set(passed)
    keep(seller, "case")
    with site.data():
        row = write.need("customer", number)
        assert (row.state, row.owner_id, row.discoverer_id) == ("有效", "zhangwei", "zhangwei")


def test_a_customer_that_exists_is_not_entered_again(actor, keep, site):
    seller = actor("lina")
    seller.begin()
    seller.fill(**HENGYUAN)
    seller.contact(**QIAN)
    seller.press("提交")
    seller.open("处理重复客户")
    page = seller.page
    page.get_by_text("受保护").first.wait_for()
    shown = page.locator("#task-form").inner_text()
    assert "上海恒远机械有限公司" in shown and "华东销售部" in shown
    assert "张伟" not in shown, "who owns it is not told"
    keep(seller, "duplicate")
    case = page.get_by_role("link", name=re.compile("实例 #")).get_attribute("href")
    seller.press("放弃登记")

    page.goto(case)
    page.get_by_text("结束：重复终止").wait_for()
    with site.data():
        same = db.select(Customer.number).where(Customer.name.contains("恒远机械"))
        assert db.session.scalars(same).all() == ["CU-202501-0001"]
        assert write.need("customer", "CU-202501-0001").owner_id == "zhangwei"


def test_a_similar_customer_is_merged(actor, site):
    agent = actor("machao")
    agent.begin()
    agent.fill(**MINGDA)
    agent.contact(**ZHAO)
    agent.contact(1, **SUN)
    agent.press("提交")

    clerk = actor("sunli")
    clerk.open("人工判重")
    assert clerk.page.get_by_text("CU-202502-0007").first.is_visible()
    clerk.page.locator("[name=judge_reason]").fill("地址和名称是同一家")
    clerk.press("合并到已有客户")

    owner = actor("lina").page
    owner.goto("/records/customer/CU-202502-0007")
    people = owner.get_by_role("complementary").inner_text()
    assert all(name in people for name in ("明秋", "赵岚", "孙启"))
    with site.data():
        row = write.need("customer", "CU-202502-0007")
        assert row.owner_id == row.discoverer_id == "lina"
