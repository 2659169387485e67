"""A task's form in a browser: rows, totals, pickers, uploads, drafts, a session that ends."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import deploy, run
from app.engine.models import UserTask
from tests.browser.conftest import check_page
from tests.forms.conftest import SAMPLES

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  document.activeElement.dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def published(site):
    drawing = (SAMPLES / "desk.bpmn").read_text()
    order = drawing.replace("p_desk", "p_order").replace('formRef="every"', 'formRef="order"')
    with site.data():
        for name, text in ("every", drawing), ("order", order.replace('id="desk"', 'id="order"')):
            form = (SAMPLES / f"{name}.form").read_bytes()
            deploy.deploy([(f"{name}.bpmn", text.encode()), (f"{name}.form", form)], by="zhouning")
    return site


@pytest.fixture
def task(published, page_as):
    """`task("order")`: the page of a fresh task with that form, as 张伟 sees it."""

    def begin(name, **window):
        with published.data():
            given = {"cases": [6], "most": 3, "least": 5, "limit": 5, "all_areas": ["华东"]}
            process = {"every": "p_desk", "order": "p_order"}[name]
            case = run.start(process, given, by="zhangwei")
            number = sa.select(UserTask.id).where(UserTask.instance_id == case.id)
            address = f"/tasks/{db.session.scalar(number)}"
        page = page_as("zhangwei", **window)
        page.goto(address)
        return page

    return begin


def cell(page, row, key):
    return page.locator(f"[name='lines[{row}].{key}']")


def saved(page, act):
    """Do something and wait until the draft with it has arrived."""
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        act()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("name", ["every", "order"])
def test_the_form_is_accessible(task, name, width):
    check_page(task(name, width=width))


def test_fields_and_totals_follow_what_is_typed_without_losing_the_place(task):
    page = task("order")
    page.fill("[name=name]", "杭州启明")
    saved(page, lambda: page.select_option("[name=kind]", "个人"))
    page.locator("[data-f=why]").wait_for(state="visible")
    for key, text in ("product", "主轴"), ("qty", "2"), ("price", "1234.5"):
        cell(page, 0, key).fill(text)
    page.keyboard.press("Control+Enter")
    saved(page, lambda: page.keyboard.type("驱动"))
    assert page.evaluate("document.activeElement.name") == "lines[1].product"
    assert cell(page, 1, "product").input_value() == "驱动"
    assert cell(page, 0, "price").input_value() == "1,234.50"
    page.get_by_text("¥2,469.00").first.wait_for()
    page.get_by_text("草稿已保存").wait_for()
    page.reload()
    assert cell(page, 1, "product").input_value() == "驱动"


def test_rows_are_pasted_from_a_sheet_and_taken_out_again(task):
    page = task("order")
    cell(page, 0, "product").focus()
    saved(page, lambda: page.evaluate(PASTE, "A\t1\t10\nB\t2\t20\nC\t3\t30\n"))
    page.get_by_text("¥140.00").first.wait_for()
    saved(page, lambda: page.get_by_role("button", name="删除第 2 行").click())
    page.get_by_text("¥100.00").first.wait_for()
    cell(page, 1, "product").wait_for()
    assert [cell(page, row, "product").input_value() for row in (0, 1)] == ["A", "C"]


def test_errors_are_summed_up_and_lead_to_their_fields(task, expects):
    expects.add(422)
    page = task("order")
    page.fill("[name=amount]", "1")
    page.keyboard.press("Control+Enter")
    page.locator("#problems").wait_for()
    assert page.evaluate("document.activeElement.id") == "problems"
    check_page(page)
    page.get_by_role("link", name="金额：不能小于 5.00").click()
    assert page.evaluate("document.activeElement.name") == "amount"


def test_a_person_is_found_by_initials_even_in_a_hurry(task):
    page = task("every")
    page.click("#f-owner")
    page.keyboard.type("zw")
    saved(page, lambda: page.keyboard.press("Enter"))
    assert page.locator("input[name=owner][type=hidden]").input_value() == "zhangwei"
    assert "张伟" in page.locator(".picked").inner_text()
    check_page(page)


def test_files_are_uploaded_and_programs_refused(task, expects):
    expects.add(422)
    page = task("every")
    paper = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    saved(page, lambda: page.set_input_files("#f-papers", [paper]))
    assert page.locator("ul[data-files] a").inner_text() == "合同.pdf"
    page.set_input_files("#f-papers", [{**paper, "name": "a.exe", "buffer": b"MZ"}])
    page.get_by_text("不接收“a.exe”这种文件").wait_for()
    page.reload()
    assert page.locator("ul[data-files] a").inner_text() == "合同.pdf"


def test_a_session_that_ends_in_the_middle_of_typing_loses_nothing(task, expects):
    expects |= {400, 401}
    page = task("every")
    address = page.url
    page.context.clear_cookies()
    page.fill("[name=remark]", "登录过期前写的")
    page.get_by_text("登录已过期").wait_for()
    page.get_by_role("link", name="重新登录").click()
    page.fill("#login", "zhangwei")
    page.fill("#password", "shunliu")
    page.locator("#password").press("Enter")
    page.wait_for_url(address)
    page.get_by_text("已恢复您登录过期前填写的内容").wait_for()
    assert page.input_value("[name=remark]") == "登录过期前写的"
