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
LOOKS = list(itertools.product((1400, 390), (False, True), ("zh", "en")))
PAGES = {
    "overview": "/monitor", "incidents": "/monitor/incidents", "incident": "/monitor/incidents/1",
    "resolved": "/monitor/incidents?state=resolved", "cases": "/monitor/cases",
    "case": "/monitor/cases/1", "history": "/monitor/cases/1?history=all",
    "move": "/monitor/cases/{task}/move", "process": "/monitor/processes/p_browser",
    "jobs": "/monitor/background", "messages": "/monitor/background?what=messages&state=待发",
    "bulks": "/monitor/bulk", "bulk": "/monitor/bulk/1", "log": "/monitor/log",
}  # fmt: skip


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

        deploy.deploy([("stuck.bpmn", file(BODY))], by="zhouning", lenient=True)
        for amount in (3, 5, 7):
            run.start("p", {"amount": amount, "subject": "上海恒远机械有限公司"}, by="zhangwei")
        ask = incidents.Ask(process="p")
        bulk.begin("retry", "模板已改", "选中的故障", incidents.chosen(ask, [1]), "zhouning")
        acts.note("move", "case", "#1", "客户改了主意", instance_id=1, by="zhouning")
        outbox.put("邮件", "qianjin@example.com", "报价单 QT-202511-0037", "…", key="x")
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


def job_time():
    from app import clock

    return clock.now()


@pytest.mark.parametrize(
    ("width", "dark", "locale"),
    LOOKS,
    ids=[f"{width}-{'dark' if dark else 'light'}-{locale}" for width, dark, locale in LOOKS],
)
def test_every_page_is_accessible_and_fits(page_as, shot, full, width, dark, locale):
    page = page_as("zhouning", width=width, locale=locale, dark=dark)
    for name, address in PAGES.items():
        page.goto(address.format(task=full.task_case))
        page.wait_for_load_state("networkidle")
        check_page(page)
        shot(page, f"monitor-{name}-{width}-{'dark' if dark else 'light'}-{locale}")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_first_empty_monitor_says_so(page_as, shot, site, width):
    page = page_as("zhouning", width=width)
    for name in ("", "/incidents", "/cases", "/bulk", "/log", "/background"):
        page.goto(f"/monitor{name}")
        page.wait_for_load_state("networkidle")
        check_page(page)
        shot(page, f"monitor-empty{name.replace('/', '-')}-{width}")
