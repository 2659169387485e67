"""The monitor in Chromium: readable on every screen, repaired by mouse and by keyboard."""

import itertools

import pytest

from tests.browser.conftest import check_page
from tests.check.drawings import file, flow

BODY = (
    '<startEvent id="s" name="开始"/><userTask id="t" name="核对金额"/>'
    '<exclusiveGateway id="g" name="金额够吗？"/><userTask id="u" name="人工复核"/>'
    '<endEvent id="e" name="结束"/><endEvent id="f" name="没有结果"/>'
    + flow("s", "g") + flow("g", "e", "${amount &gt; 10}") + flow("g", "f", "${amount &lt; 0}")
    + flow("t", "u") + flow("u", "e")
)  # fmt: skip
PLACES = {"s": (80, 100), "t": (240, 220), "g": (240, 100), "u": (480, 220), "e": (720, 100),
          "f": (480, 100)}  # fmt: skip
SIZES = {"s": (36, 36), "e": (36, 36), "f": (36, 36), "g": (50, 50)}


def drawn(content: bytes) -> bytes:
    """The file with a drawing: shapes at their places, straight flows."""
    parts = []
    for id, (x, y) in PLACES.items():
        width, height = SIZES.get(id, (100, 80))
        parts.append(
            f'<di:BPMNShape id="{id}_di" bpmnElement="{id}" isMarkerVisible="true">'
            f'<dc:Bounds x="{x - width / 2}" y="{y - height / 2}" width="{width}" '
            f'height="{height}"/></di:BPMNShape>'
        )
    for a, b in (("s", "g"), ("g", "e"), ("g", "f"), ("t", "u"), ("u", "e")):
        ends = "".join(f'<i:waypoint x="{PLACES[one][0]}" y="{PLACES[one][1]}"/>' for one in (a, b))
        parts.append(f'<di:BPMNEdge id="{a}_{b}_di" bpmnElement="{a}_to_{b}">{ends}</di:BPMNEdge>')
    spaces = (
        'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
        'xmlns:i="http://www.omg.org/spec/DD/20100524/DI"'
    )
    picture = (
        f'<di:BPMNDiagram id="d" {spaces}><di:BPMNPlane id="pl" bpmnElement="p">'
        f"{''.join(parts)}</di:BPMNPlane></di:BPMNDiagram></definitions>"
    )
    text = content.decode().replace('id="p" isEx', 'id="p" name="金额复核" isEx')
    return text.replace("</definitions>", picture).encode()


LOOKS = list(itertools.product((1400, 390), (False, True), ("zh", "en")))
PAGES = {
    "overview": "/monitor", "incidents": "/monitor/incidents", "incident": "/monitor/incidents/1",
    "resolved": "/monitor/incidents?state=resolved", "cases": "/monitor/cases",
    "case": "/monitor/cases/1", "history": "/monitor/cases/1?history=all",
    "move": "/monitor/cases/{task}/move", "process": "/monitor/processes/p_browser",
    "jobs": "/monitor/background", "messages": "/monitor/background?what=messages&state=待发",
    "bulks": "/monitor/bulk", "bulk": "/monitor/bulk/1", "log": "/monitor/log",
    "webhooks": "/monitor/webhooks", "webhook": "/monitor/webhooks/1",
    "webhook-new": "/monitor/webhooks/new",
}  # fmt: skip
PICTURES = {"overview": "monitor", "incident": "incident", "move": "move", "process": "process"}


@pytest.fixture(scope="module")
def full(site):
    """A company at work: quotes under way, cases stuck at a gateway, work in bulk, a failed job."""
    from app.jobs import queue
    from tests.inbox import quotes

    with site.data():
        quotes.publish()
        quotes.fill()
    with site.data():
        from app.db import db
        from app.engine import deploy, run
        from app.engine.models import Instance
        from app.jobs.models import Job
        from app.monitor import acts, bulk, incidents
        from app.notify import outbox

        deploy.deploy([("stuck.bpmn", drawn(file(BODY)))], by="zhouning", lenient=True)
        for amount in (3, 5, 7):
            run.start("p", {"amount": amount, "subject": "上海恒远机械有限公司"}, by="zhangwei")
        ask = incidents.Ask(process="p")
        bulk.begin("retry", "模板已改", "选中的故障", incidents.chosen(ask, [1]), "zhouning")
        acts.note("move", "case", "#1", "客户改了主意", instance_id=1, by="zhouning")
        outbox.put("邮件", "qianjin@example.com", "报价单 QT-202511-0037", "…", key="x")
        add_webhook()
        db.session.commit()
        queue.run_due()
        db.session.add_all(
            Job(workspace_id=1, kind="engine.message", payload={}, subject=f"instance:{n}",
                run_at=job_time(), state="failed", attempts=4, retries=[],
                last_error="Traceback\nRuntimeError: 没有名为 quote.pdf 的模板", created_at=job_time())
            for n in (1, 2)
        )  # fmt: skip
        site.task_case = db.session.scalar(
            db.select(Instance.id).where(Instance.process_id == "p_browser").limit(1)
        )
    return site


def add_webhook():
    """One that failed before, with a delivery in each state that stands still."""
    from app.db import db
    from app.jobs import queue
    from app.notify import events, sealing
    from app.notify.models import Delivery, Webhook

    hook = Webhook(name="金蝶 ERP 的客户同步（生产环境）", url="https://erp.example.com/hooks/shunliu?" + "x" * 80,
                   sealed=sealing.seal("whsec_" + "A" * 43 + "="), events=list(events.NAMES), processes=["p"],
                   fields=["customer"], failures=2, created_at=job_time(), created_by="zhouning")  # fmt: skip
    db.session.add(hook)
    db.session.flush()
    for state, status in (("已发", 200), ("失败", 503), ("不发", None)):
        number = events.put(hook.id, "task.completed", {"case": 1, "element": "t"}, 1)
        queue.drop(events.subject(number))  # nothing leaves
        row = db.session.get_one(Delivery, number)
        row.state, row.status, row.attempts = state, status, 6
        row.error = "503 Service Unavailable: <html>" + "no room " * 20 if status == 503 else None


def job_time():
    from app import clock

    return clock.now()


@pytest.mark.parametrize("width", [1400, 390])
def test_an_empty_monitor_says_so(page_as, shot, site, width):
    page = page_as("zhouning", width=width)
    for name in ("", "/incidents", "/cases", "/bulk", "/log", "/background",
                 "/webhooks", "/webhooks/new"):  # fmt: skip
        page.goto(f"/monitor{name}")
        page.wait_for_load_state("networkidle")
        check_page(page)
        shot(page, f"monitor-empty{name.replace('/', '-')}-{width}")


@pytest.mark.parametrize(
    ("width", "dark", "locale"),
    LOOKS,
    ids=[f"{width}-{'dark' if dark else 'light'}-{locale}" for width, dark, locale in LOOKS],
)
def test_every_page_is_accessible_and_fits(page_as, shot, picture, full, width, dark, locale):
    page = page_as("zhouning", width=width, locale=locale, dark=dark)
    for name, address in PAGES.items():
        page.goto(address.format(task=full.task_case))
        page.wait_for_load_state("networkidle")
        check_page(page)
        shot(page, f"monitor-{name}-{width}-{'dark' if dark else 'light'}-{locale}")
        if (width, dark, locale) == (1400, False, "zh") and name in PICTURES:
            picture(page, PICTURES[name])


def test_a_value_is_changed_and_the_step_retried(page_as, full, expects):
    expects.add(422)
    page = page_as("zhouning")
    page.goto("/monitor/incidents/2")
    page.get_by_role("button", name="修改 amount").click()
    page.get_by_label("amount的新值").fill("很多")
    page.get_by_role("button", name="试跑").click()
    assert page.get_by_text("请写一个数字").first.is_visible()
    page.get_by_label("amount的新值").fill("100")
    page.get_by_role("button", name="试跑").click()
    assert page.get_by_text("实例结束").is_visible()
    page.get_by_label("理由").fill("金额录错了")
    page.get_by_role("button", name="确认执行").click()
    page.wait_for_url("**/monitor/incidents")
    assert page.get_by_text("已处理。").first.is_visible()
    page.goto("/monitor/log")
    assert page.get_by_text("金额录错了").is_visible()


def test_another_kind_brings_another_control(page_as, full):
    page = page_as("zhouning")
    page.goto("/monitor/cases/2")
    page.get_by_role("button", name="修改 subject").click()
    for kind, control in (
        ("date", "input[type=date]"),
        ("boolean", "select"),
        ("json", "textarea"),
    ):
        page.get_by_label("subject的类型").select_option(kind)
        assert page.locator(f"[data-control] {control}[name='value:subject']").is_visible()


def test_a_case_is_moved_by_a_click_and_by_the_list(page_as, full):
    page = page_as("zhouning")
    page.goto(f"/monitor/cases/{full.task_case}")
    page.get_by_role("link", name="移动…").first.click()
    page.locator("[data-diagram][data-ready=yes]").wait_for()
    page.locator("[data-element-id=rework] .djs-hit").first.click()
    chosen = page.locator("#target").input_value()
    assert chosen == "rework"
    page.locator("#target").focus()
    page.locator("#target").select_option(index=1)
    assert page.locator(".djs-shape.x-add").count() == 1
    page.locator("#target").select_option(chosen)
    page.get_by_role("button", name="试跑").click()
    assert page.get_by_text("关闭任务：审批报价").is_visible()
    assert page.get_by_text("下一步：修改报价").is_visible()
    page.get_by_label("理由").fill("客户改了主意")
    page.get_by_role("button", name="确认移动").click()
    page.get_by_text("已移动。").first.wait_for()
    assert page.get_by_text("客户改了主意").is_visible()


def test_a_click_on_the_heat_filters_the_list(page_as, full):
    page = page_as("zhouning")
    page.goto("/monitor/processes/p_browser")
    page.locator(".djs-shape.h-5").wait_for()
    page.locator("[data-element-id=approve] .djs-hit").first.click()
    page.wait_for_url("**step=approve*")
    assert page.locator("input[name=id]").count() > 1


def test_ticked_incidents_are_ended_together(page_as, full):
    page = page_as("zhouning")
    page.goto("/monitor/incidents")
    page.get_by_label("选择这一页的全部").check()
    assert page.locator("[data-ticked]").inner_text() == str(page.locator("input[name=id]").count())
    page.get_by_label("做什么").select_option("cancel")
    page.get_by_label("理由（会记入历史）").fill("试验数据")
    page.get_by_role("button", name="批量执行").click()
    page.wait_for_url("**/monitor/bulk/*")
    with full.data():
        from app.jobs import queue

        queue.run_due()
    page.get_by_text("完成于").wait_for()  # the page asks by itself
    assert page.get_by_text("全部做成").count() == 0 or page.locator(".tag.done").first.is_visible()
