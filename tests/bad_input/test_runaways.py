"""What would run for ever or eat the memory becomes an incident; other cases go on."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import deploy, run
from app.engine.models import Incident, UserTask
from tests import effort
from tests.check.drawings import file, flow, line

REVIEW = '<userTask id="review" camunda:formRef="f" camunda:assignee="zhangwei"/>'


def deployed(body: str) -> None:
    deploy.deploy([("p.bpmn", file(body))], by="zhouning", lenient=True)
    db.session.commit()


def open_tasks() -> list[UserTask]:
    query = sa.select(UserTask).where(UserTask.state == "open").order_by(UserTask.id)
    return list(db.session.scalars(query))


def incidents() -> list[str]:
    return list(db.session.scalars(sa.select(Incident.kind).where(Incident.state == "open")))


def test_twelve_hundred_rounds_through_a_person_keep_working(app):
    deployed(
        f'<startEvent id="s"/>{REVIEW}<exclusiveGateway id="more" default="more_to_e"/>'
        '<endEvent id="e"/>' + flow("s", "review") + flow("review", "more")
        + flow("more", "review", "${again}") + flow("more", "e")
    )  # fmt: skip
    run.start("p", by="zhangwei")
    db.session.commit()
    for _round in range(1_200):
        (task,) = open_tasks()
        run.complete(task.id, {"again": True}, by="zhangwei")
        db.session.commit()
    (task,) = open_tasks()
    instance = run.complete(task.id, {"again": False}, by="zhangwei").instance
    db.session.commit()
    db.session.refresh(instance)
    assert instance.state == "ended"


def test_a_self_calling_process_stops_at_a_limit(app):
    deployed(
        '<startEvent id="s"/><exclusiveGateway id="g" default="g_to_e"/>'
        '<callActivity id="again" calledElement="p"><extensionElements>'
        '<camunda:in variables="all"/></extensionElements></callActivity><endEvent id="e"/>'
        + flow("s", "g") + flow("g", "again", "${more}") + flow("g", "e") + flow("again", "e")
    )  # fmt: skip
    run.start("p", {"more": True}, by="zhangwei")
    db.session.commit()
    assert len(incidents()) == 1


@pytest.mark.parametrize("count", [1_000_000, 10_000])
def test_a_million_parallel_tasks_stop_at_a_limit(app, count: int):
    deployed(
        line(
            '<userTask id="t" camunda:formRef="f" camunda:assignee="zhangwei">'
            '<multiInstanceLoopCharacteristics camunda:collection="${items}"'
            ' camunda:elementVariable="item"/></userTask>'
        )
    )
    with effort.stopped_soon(60):
        run.start("p", {"items": list(range(count))}, by="zhangwei")
        db.session.commit()
    assert incidents() and not open_tasks()


def test_an_endless_ring_behind_a_gateway_stops_at_the_step_limit(app):
    deployed(
        '<startEvent id="s"/><manualTask id="a"/><exclusiveGateway id="g" default="g_to_e"/>'
        '<endEvent id="e"/>' + flow("s", "a") + flow("a", "g") + flow("g", "a", "${true}")
        + flow("g", "e")
    )  # fmt: skip
    run.start("p", by="zhangwei")
    db.session.commit()
    assert incidents() == ["budget"]


def test_names_that_mean_something_to_python_are_plain_data(app):
    deployed(
        f'<startEvent id="s"/><exclusiveGateway id="g" default="g_to_e"/>{REVIEW}<endEvent id="e"/>'
        + flow("s", "g") + flow("g", "review", "${count(items) = 2}") + flow("g", "e")
        + flow("review", "e")
    )  # fmt: skip
    weapon = {"__builtins__": 1, "len": 2, "task": 3, "__class__": "x", "items": [1, 2]}
    instance = run.start("p", weapon, by="zhangwei")
    db.session.commit()
    assert len(open_tasks()) == 1
    stored = run.variables(instance.id)
    assert {name: stored[name] for name in weapon} == weapon


def test_other_cases_go_on_while_one_is_stuck(app):
    deployed(
        f'<startEvent id="s"/><exclusiveGateway id="g"/>{REVIEW}<endEvent id="e"/>'
        + flow("s", "g") + flow("g", "review", "${good}") + flow("g", "e", "${bad}")
        + flow("review", "e")
    )  # fmt: skip
    run.start("p", {"good": False, "bad": False}, by="zhangwei")
    db.session.commit()
    run.start("p", {"good": True, "bad": False}, by="zhangwei")
    db.session.commit()
    assert incidents() == ["no_way_out"]
    assert len(open_tasks()) == 1
