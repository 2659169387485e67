"""User tasks: what is evaluated when they open, for whom, until when; manual and abstract tasks
pass.
"""

from datetime import UTC, datetime

import pytest

from app.engine.failures import Stuck
from tests.engine.draw import (
    boundary,
    conditional,
    extension,
    flows,
    node,
    process,
    properties,
    start,
    sub,
    user,
)
from tests.engine.memory import Platform


def test_everything_about_a_task_is_evaluated_when_it_opens(memory: Platform):
    task = node(
        "userTask",
        "a",
        "<documentation>给 ${who} 的说明</documentation>",
        extension(properties(hint="x")),
        camunda_formRef="customer_edit",
        camunda_assignee="${who}",
        camunda_candidateUsers="lina, ${who}",
        camunda_candidateGroups="sales_rep,${group}",
        camunda_dueDate="P1D",
        camunda_followUpDate="${after}",
        camunda_priority="${10 + 5}",
    )
    memory.deploy(process(start(), task, flows("s a")))
    case = memory.start(
        "p",
        {"who": "zhaomin", "group": "info_specialist", "after": "2026-02-03"},
        business_key="K1",
    )
    row = next(iter(case.tasks.values()))
    assert (row.form_key, row.assignee, row.priority, row.documentation) == (
        "customer_edit",
        "zhaomin",
        15,
        "给 zhaomin 的说明",
    )
    assert row.candidate_users == ["lina", "zhaomin"] and row.candidate_groups == [
        "sales_rep",
        "info_specialist",
    ]
    assert row.due_at == datetime(2026, 1, 2, 8, 0, 30, tzinfo=UTC)
    assert row.follow_up_at == datetime(2026, 2, 3, tzinfo=UTC)
    assert (row.process_id, row.business_key, row.properties) == ("p", "K1", {"hint": "x"})


def test_candidates_may_be_a_list(memory: Platform):
    memory.deploy(process(start(), user("a", camunda_candidateUsers="${people}"), flows("s a")))
    case = memory.start("p", {"people": ["lina", "linyue"]})
    assert next(iter(case.tasks.values())).candidate_users == ["lina", "linyue"]


def test_a_task_knows_its_lane_also_inside_a_subprocess(memory: Platform):
    lanes = (
        '<laneSet id="ls"><lane id="lane_sales_manager" name="销售经理"><flowNodeRef>q</flowNodeRef></lane>'
        '<lane id="l2" name="系统"><extensionElements><camunda:properties>'
        '<camunda:property name="candidateGroups" value="a,b"/></camunda:properties></extensionElements>'
        "<flowNodeRef>z</flowNodeRef></lane></laneSet>"
    )
    memory.deploy(
        process(
            lanes,
            start(),
            sub("q", start("qs"), user("t"), flows("qs t")),
            user("z"),
            flows("s q", "q z"),
        )
    )
    case = memory.start("p")
    row = next(iter(case.tasks.values()))
    assert (row.lane, row.lane_groups) == ("销售经理", ["sales_manager"])
    memory.complete("t")
    assert next(iter(case.tasks.values())).lane_groups == ["a", "b"]


@pytest.mark.parametrize("attribute", ["assignee", "dueDate", "priority"])
def test_an_attribute_that_fails_names_the_task(memory: Platform, attribute: str):
    memory.deploy(
        process(start(), user("a", **{f"camunda_{attribute}": "${wrong + 1}"}), flows("s a"))
    )
    with pytest.raises(Stuck) as caught:
        memory.start("p", {"wrong": "x"})
    assert caught.value.element == "a"


def test_manual_and_abstract_tasks_pass(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("manualTask", "m"),
            node("task", "t"),
            user("z"),
            flows("s m", "m t", "t z"),
        )
    )
    memory.start("p")
    assert memory.names() == ["z"]


def test_a_task_that_is_taken_away_at_once_never_opens(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", conditional("${true}")),
            user("z"),
            flows("s a", "b z"),
        )
    )
    case = memory.start("p")
    assert memory.names() == ["z"]
    assert "a" in [event.element_id for event in case.history if event.kind == "opened"]


def test_completing_twice_is_a_key_error(memory: Platform):
    memory.deploy(process(start(), user("a"), user("b"), flows("s a", "a b")))
    case = memory.start("p")
    id = next(iter(case.tasks))
    memory.complete("a")
    with pytest.raises(KeyError):
        memory.step(case, "complete", id, {})


def test_cancelling_closes_everything(memory: Platform):
    memory.deploy(
        process(
            start(), user("a"), sub("q", start("qs"), user("t"), flows("qs t")), flows("s a", "s q")
        )
    )
    case = memory.start("p")
    memory.step(case, "cancel", "changed my mind")
    assert case.live.ended == "cancelled" and not case.tasks and not case.tokens and not case.scopes
    assert case.history[-1].kind == "ended" and case.history[-1].data["reason"] == "changed my mind"
