"""The lists of cases and incidents cost the same after ten years: each is read from an index in its
order, and a search in what is over ends after so many cases."""

import itertools
import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.models import Incident, Instance, UserTask
from app.monitor import cases, incidents, processes
from tests.conftest import TODAY
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.inbox.test_list import asked_by, explained

DRAWN = [process(start(), user("a"), end(), flows("s a", "a e"), id=id) for id in ("p", "q")]


@pytest.fixture
def many(app) -> None:
    """Forty cases of p and q by turns, by 李娜 and 张伟: of ten in a row seven ended, one was
    cancelled, one is suspended and one is active."""
    desk.publish(*DRAWN)
    ids = {row.process_id: row.definition_id for row in (desk.begin("p"), desk.begin("q"))}
    db.session.execute(sa.delete(UserTask))
    db.session.execute(sa.delete(Instance))
    for n in range(1, 41):
        state = {0: "active", 1: "suspended", 2: "cancelled"}.get(n % 10, "ended")
        over = TODAY if state in cases.OVER else None
        db.session.add(Instance(
            id=n, definition_id=ids["pq"[n % 2]], process_id="pq"[n % 2], state=state,
            business_key=f"QT-{n:04d}", started_by="lina" if n % 3 else "zhangwei",
            started_at=TODAY, ended_at=over,
        ))  # fmt: skip
    db.session.commit()


def walked(**asked: object) -> list[int]:
    """The cases of all pages, from the newest to the oldest."""
    found: list[int] = []
    before = None
    for _n in range(100):
        page = cases.page(cases.Ask(**asked, before=before))
        found += [row.id for row in page.cases]
        before = page.older
        if before is None:
            return found
    raise AssertionError("the pages have no end")


ASKED = [
    {"state": state} | more
    for state in ("running", "suspended", "ended", "all")
    for more in ({}, {"process": "p"}, {"version": 1}, {"starter": "lina"}, {"key": "QT-"},
                 {"key": "QT-000"}, {"process": "p", "starter": "zhangwei"}, {"older": 9},
                 {"process": "q", "key": "QT-00", "starter": "lina"}, {"step": "a"})
]  # fmt: skip


def plainly(state: str, process: str = "", version: int = 0, starter: str = "", key: str = "",
            older: int = 0, step: str = "") -> list[int]:  # fmt: skip
    """What a list has to have, found by looking at every case."""
    rows = db.session.scalars(sa.select(Instance).order_by(Instance.id.desc()))
    return [
        row.id for row in rows
        if row.state in {"running": cases.LIVE, "ended": cases.OVER}.get(state, (state, *(
            cases.LIVE + cases.OVER if state == "all" else ())))
        and process in ("", row.process_id) and version in (0, row.definition_id)
        and starter in ("", row.started_by) and (row.business_key or "").startswith(key)
        and not older and not step
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "looked_at", "many_keys"), [(50, 5000, 1000), (3, 2, 5), (1, 1, 1)]
)
def test_every_list_has_what_fits_once_and_in_order(many, monkeypatch, page, looked_at, many_keys):
    monkeypatch.setattr(cases, "PER_PAGE", page)
    monkeypatch.setattr(cases, "LOOKED_AT", looked_at)
    monkeypatch.setattr(cases, "MANY", many_keys)
    for ask in ASKED:
        assert walked(**ask) == plainly(**ask), ask


def test_one_can_go_back_to_newer_ones(many, monkeypatch):
    monkeypatch.setattr(cases, "PER_PAGE", 3)
    first = cases.page(cases.Ask(state="ended"))
    second = cases.page(cases.Ask(state="ended", before=first.older))
    third = cases.page(cases.Ask(state="ended", before=second.older))
    back = cases.page(cases.Ask(state="ended", after=third.newer))
    assert [row.id for row in back.cases] == [row.id for row in second.cases]
    assert first.newer is None and back.newer and back.older == second.older


def test_a_search_in_what_is_over_says_that_it_can_go_on(many, as_user, monkeypatch):
    monkeypatch.setattr(cases, "LOOKED_AT", 2)
    monkeypatch.setattr(cases, "MANY", 5)
    admin = as_user("zhouning")
    page = admin.get("/monitor/cases?state=ended&key=QT-00&process=p&starter=nobody").text
    assert "接着查" in page and "没有符合条件的" not in page
    assert (
        "接着查"
        not in admin.get("/monitor/cases?state=running&key=QT-00&process=p&starter=nobody").text
    )


@pytest.mark.parametrize("more", ({}, {"before": 20}, {"after": 20}), ids=str)
def test_a_page_is_read_from_indexes_in_their_order(many, monkeypatch, more):
    monkeypatch.setattr(cases, "MANY", 30)
    for ask in [*ASKED, {"state": "stuck"}, {"state": "overdue"}]:
        given = cases.Ask(**ask, **more)
        asked = asked_by(lambda given=given: cases.work_of(cases.page(given).cases))
        for text, values in (one for one in asked if "instance" in one[0]):
            plan = explained(text, values)
            ways = [
                line for line in plan if re.match(r"(SEARCH|SCAN) (instance|user_task)\b", line)
            ]
            assert not [line for line in ways if line.startswith("SCAN")], plan
            assert not [line for line in ways if line.endswith("(workspace_id=?)")], plan
            assert not [line for line in plan if line.startswith("Seq Scan on instance")], plan
            for before, line in itertools.pairwise(plan):
                few = ask["state"] in ("stuck", "overdue") or re.search("SCAN anon|[( ]id=", before)
                assert few or "TEMP B-TREE" not in line or "token" in text, plan
            if db.engine.dialect.name == "sqlite" and "UNION" in text:
                by_starter = any("started_by=?" in line for line in ways)
                only = "starter" in ask and not {"process", "version"} & ask.keys()
                assert by_starter == (only and ask["state"] in ("ended", "all")), (ask, plan)


def test_incidents_go_by_their_state(many):
    for state in ("open", "resolved"):
        ask = incidents.Ask(state=state)
        for text, given in asked_by(lambda ask=ask: incidents.page(ask)):
            plan = explained(text, given)
            assert not [line for line in plan if "TEMP B-TREE" in line or "Seq Scan" in line], plan
            assert not [line for line in plan if line.endswith("(workspace_id=?)")], plan


def test_of_solved_incidents_so_many_are_counted(many, monkeypatch, as_user):
    for n in range(5):
        db.session.add(Incident(instance_id=n + 1, process_id="p", kind="handler", message="x",
                                created_at=TODAY, state="resolved"))  # fmt: skip
    db.session.commit()
    assert incidents.total(incidents.Ask(state="resolved")) == 5
    monkeypatch.setattr(incidents, "MANY", 3)
    assert incidents.total(incidents.Ask(state="resolved")) == 3
    asked = asked_by(lambda: as_user("zhouning").get("/monitor/incidents?state=resolved"))
    assert not [text for text, _given in asked if "GROUP BY incident" in text and "min(" in text]
    assert "3+" in as_user("zhouning").get("/monitor/incidents?state=resolved").text


def test_the_latest_finished_steps_are_the_latest(many):
    for text, given in asked_by(lambda: processes.durations("p")):
        plan = explained(text, given)
        assert not [line for line in plan if "TEMP B-TREE" in line or "Seq Scan" in line], plan


def test_the_background_s_figures_go_by_the_state(many):
    for text, given in asked_by(processes.background):
        plan = explained(text, given)
        assert not [line for line in plan if line.startswith("SCAN")], plan
        assert not [line for line in plan if line.endswith("(workspace_id=?)")], plan
