"""The lists of cases: filters, pages, figures; and the page of one with all it waits for."""

import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import run
from app.engine.models import Instance
from app.monitor import cases, processes
from tests.engine import desk
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    end,
    flows,
    message,
    node,
    process,
    start,
    user,
)

FLOW = process(
    start(), user("a"), catch("wait", message("m")), user("b"), end(),
    boundary("late", "a", after("PT1H"), interrupting=False), end("e2"),
    flows("s a", "a wait", "wait b", "b e", "late e2"), head=HEAD,
)  # fmt: skip


@pytest.fixture
def company(app):
    """Five cases: the third waits for a message, the fourth is suspended, the fifth has ended."""
    desk.publish(FLOW)
    made = [desk.begin(by=by) for by in ("zhangwei", "lina", "lina", "lina", "zhangwei")]
    run.complete(desk.tasks(made[2])[0].id, {}, by="lina")
    run.suspend(made[3].id, "盘点", "zhouning")
    run.cancel(made[4].id, "x", "zhouning")
    key = sa.literal("QT-") + sa.cast(Instance.id, sa.String)
    db.session.execute(sa.update(Instance).values(business_key=key))
    db.session.commit()
    return made


def listed(as_user, query: str, path: str = "cases") -> list[int]:
    page = as_user("zhouning").get(f"/monitor/{path}?{query}").text
    return [int(id) for id in re.findall(r'name="id" value="(\d+)"', page)]


@pytest.mark.parametrize(
    ("query", "found"),
    [("", [4, 3, 2, 1]), ("state=suspended", [4]), ("state=ended", [5]), ("state=all", [5, 4, 3, 2, 1]),
     ("state=overdue", []), ("state=stuck", []), ("process=p&step=wait", [3]), ("starter=lina", [4, 3, 2]),
     ("key=QT-2", [2]), ("key=QT-", [4, 3, 2, 1]), ("key=QT%25", []), ("older=1", []),
     ("version=1", [4, 3, 2, 1]), ("version=9", []), ("process=q", [])],
)  # fmt: skip
def test_the_filter_finds(company, as_user, query, found):
    assert listed(as_user, query) == found


def test_pages_go_to_older_and_newer_ones(company, as_user, monkeypatch):
    monkeypatch.setattr(cases, "PER_PAGE", 2)
    assert listed(as_user, "") == [4, 3]
    assert listed(as_user, "before=3") == [2, 1]
    assert listed(as_user, "after=2") == [4, 3]


def test_the_figures_are_those_of_the_versions(company):
    desk.publish(process(start(), user("c"), end(), flows("s c", "c e")))
    desk.begin()
    [flow] = processes.flows()
    assert [(one.version, one.running, one.suspended) for one in flow.versions] == [
        (2, 1, 0),
        (1, 3, 1),
    ]
    desk.work(days=3)
    [flow] = processes.flows()
    assert flow.sum("overdue") == 4  # the suspended one too: its task is late all the same


def test_heat_counts_tokens_overdue_and_stuck(company, as_user):
    desk.work(days=3)
    answer = as_user("zhouning").get("/monitor/processes/p/heat").json
    assert ["a", "over", "3 · 3 逾期"] in answer["notes"]
    assert ["wait", "", "1"] in answer["notes"]
    assert ["a", "h-5"] in answer["marks"]


def test_the_number_of_queries_does_not_grow_with_the_lines(company, as_user, app):
    admin, counted = as_user("zhouning"), []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *_: counted.append(1))

    def queries(path: str) -> int:
        admin.get(path)
        counted.clear()
        assert admin.get(path).status_code == 200
        return len(counted)

    paths = ("/monitor", "/monitor/cases", "/monitor/processes/p", "/monitor/incidents")
    before = [queries(path) for path in paths]
    for _n in range(20):
        desk.begin()
    assert [queries(path) for path in paths] == before


def test_a_case_tells_what_it_waits_for(company, as_user):
    admin = as_user("zhouning")
    assert "消息 m" in admin.get("/monitor/cases/3").text
    page = admin.get("/monitor/cases/1").text
    assert page.count('datetime="2026-03-10T02:00') == 1  # the timer, an hour from the start


def test_who_began_whom_is_a_tree(app, as_user):
    desk.publish(
        process(start(), node("sendTask", "tell", messageRef="m"), user("a"), end(),
                flows("s tell", "tell a", "a e"), head=HEAD),
        process(start("s", message("m")), user("b"), end(), flows("s b", "b e"), id="q", head=HEAD),
    )  # fmt: skip
    first = desk.begin()
    second = db.session.scalars(sa.select(Instance).where(Instance.process_id == "q")).one()
    assert second.caused_by == first.id
    tree = cases.family(second)
    assert (tree.case.id, [one.case.id for one in tree.below]) == (first.id, [second.id])
    assert f"#{first.id} p" in as_user("zhouning").get(f"/monitor/cases/{second.id}").text


def test_a_case_of_another_workspace_is_not_there(company, as_user):
    db.session.execute(sa.update(Instance).where(Instance.id == 1).values(workspace_id=7))
    db.session.commit()
    assert as_user("zhouning").get("/monitor/cases/1").status_code == 404
    assert listed(as_user, "") == [4, 3, 2]
