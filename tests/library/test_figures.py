"""What the map says of how much runs: what stands now, and what ended lately, never all history."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app import clock
from app.db import db
from app.engine import archive, run
from app.engine.models import Incident, Instance
from app.library import figures
from app.library.figures import Figures
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.inbox.test_list import asked_by, explained

FLOWS = [process(start(), user("a"), end(), flows("s a", "a e"), id=id) for id in ("p", "q")]


def finish(process_id: str) -> None:
    (task,) = desk.tasks(desk.begin(process_id))
    run.complete(task.id, {}, by="zhangwei")
    db.session.commit()


@pytest.fixture
def company(app) -> None:
    """Of p: one of the first version and two of the second run, one of them is stuck and one is
    suspended; two ended today, one forty days ago. Of q one was cancelled."""
    desk.publish(*FLOWS)
    finish("p")
    clock.stop_at(clock.now() + dt.timedelta(days=40))
    desk.begin("p")
    desk.publish(process(start(), user("b"), end(), flows("s b", "b e"), id="p"))
    stuck, held = desk.begin("p"), desk.begin("p")
    db.session.add(Incident(instance_id=stuck.id, process_id="p", kind="handler", message="x",
                            created_at=clock.now()))  # fmt: skip
    db.session.execute(sa.update(Instance).where(Instance.id == stuck.id).values(incidents=1))
    run.suspend(held.id, "盘点", "zhouning")
    run.cancel(desk.begin("q").id, "x", "zhouning")
    db.session.commit()
    for _n in range(2):
        finish("p")


def test_what_runs_now_is_counted_over_all_versions(company):
    assert figures.by_process() == {"p": Figures(running=3, stuck=1)}
    assert figures.by_process("p") == {"p": Figures(running=3, stuck=1)}
    assert figures.by_process("q") == figures.by_process("nobody") == {}


def test_what_ended_is_counted_for_a_month(company):
    assert figures.finished(["p", "q", "nobody"]) == {"p": 2, "q": 1}
    assert figures.finished([]) == {}
    clock.stop_at(clock.now() + dt.timedelta(days=31))
    assert figures.finished(["p", "q"]) == {}


def test_what_was_archived_meanwhile_counts_as_well(company):
    (case,) = db.session.scalars(sa.select(Instance.id).where(Instance.process_id == "q"))
    archive.move(archive.pack(case))
    db.session.commit()
    assert figures.finished(["p", "q"]) == {"p": 2, "q": 1}


def test_cases_of_another_workspace_are_not_counted(company):
    db.session.execute(sa.update(Instance).values(workspace_id=7))
    db.session.commit()
    assert figures.by_process() == figures.finished(["p", "q"]) == {}


@pytest.mark.parametrize(
    "act", (figures.by_process, lambda: figures.by_process("p"), lambda: figures.finished(["p", "q"])),
    ids=("map", "flow", "ended"),
)  # fmt: skip
def test_no_case_that_ended_long_ago_is_looked_at(company, act):
    asked = [one for one in asked_by(act) if "instance" in one[0] or "archived_case" in one[0]]
    assert asked
    for text, given in asked:
        plan = explained(text, given)
        for line in plan:
            assert not line.startswith(("SCAN instance", "SCAN archived_case", "Seq Scan")), plan
            if db.engine.dialect.name == "sqlite" and "SEARCH instance" in line:
                bounded = ("state=?", "ended_at>?", "ix_instance_with_incidents", "rowid=?")
                assert any(part in line for part in bounded), plan


def test_the_pages_say_what_the_figures_mean(company, as_user, monkeypatch):
    monkeypatch.setattr("app.library.routes._newest", lambda number: newest())
    page = as_user("zhangwei").get("/processes/051-01-01").text
    assert "近 30 天办结" in page


def newest():
    return figures.newest_definitions()["p"]
