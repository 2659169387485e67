"""The server is killed between any two clicks of 051-01-01: nothing is lost."""

import os
import re
import signal
from pathlib import Path

import pytest

from app.db import db
from app.engine.models import Event, Instance, UserTask
from app.records import write
from tests import database as databases
from tests.browser.conftest import Site
from tests.flows.conftest import published  # noqa: F401 - the company with every flow
from tests.visitor import Visitor

PROFILE = {
    "mode": "create", "customer.name": "杭州启明精密有限公司", "customer.customer_type": "企业",
    "customer.industry": "精密加工", "customer.region": "华东", "customer.province": "浙江",
    "customer.city": "杭州", "customer.address": "杭州市滨江区江南大道 100 号",
    "customer.source": "自行开发", "customer.life_stage": "潜在", "contacts[0]._row": "",
    "contacts[0].name": "钱进", "contacts[0].mobile": "13800000001", "contacts[0].status": "在职",
    "contacts[0].decision_role": "决策者", "contacts[0].consent": "未取得",
}  # fmt: skip


class Mortal:
    """A server that can be killed without warning and started again."""

    def __init__(self, site: Site) -> None:
        self.site, self.master, self.deaths = site, site.start(), 0

    def kill(self) -> None:
        """Every process of the server is gone at once."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text()
        for pid in [self.master.pid, *map(int, children.split())]:
            os.kill(pid, signal.SIGKILL)
        self.master.wait(10)

    def die_and_return(self) -> None:
        """Killed, and serving again over the same files."""
        self.kill()
        self.deaths += 1
        self.master = self.site.start()


@pytest.fixture
def server(published, tmp_path):  # noqa: F811 - the fixture
    with databases.copied(published, tmp_path) as made:
        mortal = Mortal(Site(tmp_path, made.url if made.name else ""))
        yield mortal
        mortal.kill()
        with mortal.site.app.app_context():
            db.engine.dispose()


@pytest.fixture
def person(server):
    """`person("zhangwei")`: somebody whose every click is followed by the server's death."""

    class Unlucky(Visitor):
        def _ask(self, *given):
            answer = super()._ask(*given)
            self.hang_up()
            if given[0] == "POST":
                server.die_and_return()
            return answer

    def enter(login):
        visitor = Unlucky(server.site.address)
        visitor.log_in(login)
        return visitor

    return enter


def test_nothing_is_lost_between_any_two_clicks(server, person):
    seller = person("zhangwei")
    task = seller.post("/processes/051-01-01/start").location
    assert re.fullmatch(r"/tasks/\d+", task)
    seller.get(task)
    assert seller.post(f"{task}/draft", *PROFILE.items()).status == 200
    assert "杭州启明精密有限公司" in seller.get(task).text, "the draft survived"
    answer = seller.post(f"{task}/complete", *PROFILE.items(), outcome="submit")
    assert answer.status == 303
    assert seller.get(task).text.count("您 录入") == 0

    clerk = person("sunli")
    review = re.search(r'href="(/tasks/\d+)"', clerk.get("/inbox").text)[1]
    clerk.get(review)
    assert clerk.post(f"{review}/claim").status == 303
    assert "您已认领" in clerk.get(review).text
    assert clerk.post(f"{review}/complete", comment="资料齐全", outcome="approve").status == 303

    found = seller.get("/records/customer?q=%E5%90%AF%E6%98%8E").text
    number = re.search(r"CU-\d{6}-\d{4}", found)[0]
    assert server.deaths == 7
    with server.site.data():
        assert write.need("customer", number).owner_id == "zhangwei"
        case = db.session.scalars(
            db.select(Instance).where(Instance.process_id == "p_051_01_01")
        ).one()
        assert (case.state, case.end_event) == ("ended", "建档完成")
        tasks = db.session.scalars(
            db.select(UserTask).where(UserTask.instance_id == case.id).order_by(UserTask.id)
        )
        assert [(one.element_id, one.state, one.completed_by, one.outcome) for one in tasks] == [
            ("edit_profile", "done", "zhangwei", "submit"), ("review", "done", "sunli", "approve"),
        ]  # fmt: skip
        closed = db.select(Event.element_id).where(
            Event.instance_id == case.id, Event.kind == "closed"
        )
        assert db.session.scalars(closed).all() == ["edit_profile", "review"], "each step once"
