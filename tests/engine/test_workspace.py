"""What happens in a practice session does not exist for the company, and the other way round."""

import pytest
from flask import Flask

from app import errors, workspace
from app.db import db
from app.engine import run
from app.engine.models import Incident, Instance, UserTask
from tests.engine import desk
from tests.engine.draw import flows, process, start, user, xor

FLOW = process(start(), user("a"), flows("s a"))
STUCK = process(start(), xor("x"), user("b"), user("c"),
                flows("s x", "x b ${n == 1}", "x c ${n == 2}"), id="stuck")  # fmt: skip
PRACTICE = 2


def test_cases_tasks_and_incidents_are_seen_in_their_own_workspace_only(app: Flask):
    desk.publish(FLOW, STUCK)
    with workspace.use(PRACTICE):
        case_id = desk.begin().id
        desk.begin("stuck", n=3)
        assert [desk.count(table) for table in (Instance, UserTask, Incident)] == [2, 1, 1]
    assert [desk.count(table) for table in (Instance, UserTask, Incident)] == [0, 0, 0]
    assert db.session.get(Instance, case_id, populate_existing=True) is None


@pytest.mark.parametrize(
    "act",
    [
        lambda id: run.variables(id),
        lambda id: run.cancel(id, "x", "zhouning"),
        lambda id: run.suspend(id, "x", "zhouning"),
        lambda id: run.set_variables(id, {"x": 1}, by="zhouning"),
        lambda id: run.trigger(id, 3, by="zhouning"),
    ],
    ids=["variables", "cancel", "suspend", "set_variables", "trigger"],
)
def test_nothing_can_be_done_to_a_case_from_outside(app: Flask, act):
    desk.publish(FLOW)
    with workspace.use(PRACTICE):
        case_id = desk.begin().id
    with pytest.raises(errors.NotFound):
        act(case_id)


def test_a_broadcast_stays_inside(app: Flask):
    desk.publish(FLOW)
    with workspace.use(PRACTICE):
        desk.begin()
        assert run.broadcast("anything") == 0
        assert desk.names() == ["a"]
