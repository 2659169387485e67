"""A task is done, and the case goes on."""

import pytest
from flask import Flask

from app import errors
from app.db import db
from app.engine import memory, run
from app.engine.handlers import BpmnError, Step, handler
from app.engine.models import Event, Token, UserTask
from app.engine.run import TaskGone
from tests.engine import desk
from tests.engine.draw import boundary, end, error, flows, process, service, start, user

TWO = process(start(), user("a"), user("b"), end(), flows("s a", "a b", "b e"))
seen: list[dict] = []


@handler(outputs=("price",))
def reckon(step: Step, *, amount: int, rate: int = 3) -> dict:
    """The price is set."""
    seen.append({"by": step.by, "element": step.element_id, "process": step.process_id})
    return {"price": amount * rate}


@handler()
def object_to(step: Step, *, amount: int) -> None:
    """Too much is a business error."""
    if amount > 10:
        raise BpmnError("E_MUCH", "zu viel", limit=10)


@handler()
def refuse(step: Step) -> None:
    """A person is told at the field."""
    raise errors.Invalid("自己不能批准自己的申请。", fields={"result": "请换一个人。"})


def test_the_next_task_opens_and_the_first_says_who_did_it(app: Flask):
    desk.publish(TWO)
    desk.begin()
    done = desk.complete("a", by="lina", outcome="submit", note="好")
    assert (done.state, done.completed_by, done.outcome) == ("done", "lina", "submit")
    assert done.completed_at is not None and done.assignee == "lina"
    assert desk.names() == ["b"]


def test_the_case_ends_with_its_last_task(app: Flask):
    desk.publish(TWO)
    case = desk.begin()
    desk.complete("a")
    desk.complete("b")
    assert desk.state(case) == "ended"
    assert (case.result, case.ended_at is not None) == ("completed", True)
    assert desk.count(Token) == 0


def test_a_cold_case_goes_on_as_a_warm_one(app: Flask):
    desk.publish(TWO)
    case = desk.begin(n=1)
    memory.here().cases.clear()
    desk.complete("a", m={"list": [1, 2]})
    memory.here().cases.clear()
    desk.complete("b")
    assert run.variables(case.id)["m"] == {"list": [1, 2]}
    assert desk.state(case) == "ended"


def test_a_handler_is_called_in_the_same_step(app: Flask):
    seen.clear()
    desk.publish(
        process(
            start(),
            user("a"),
            service("call", "test_complete.reckon"),
            user("b"),
            flows("s a", "a call", "call b"),
        )
    )
    case = desk.begin()
    desk.complete("a", by="lina", amount=4)
    assert run.variables(case.id)["price"] == 12
    assert seen == [{"by": "lina", "element": "call", "process": "p"}]


def test_a_business_error_goes_to_its_boundary_event(app: Flask):
    desk.publish(
        process(
            start(),
            user("a"),
            service("call", "test_complete.object_to"),
            user("good"),
            boundary("much", "call", error("err")),
            user("bad"),
            flows("s a", "a call", "call good", "much bad"),
            head='<error id="err" errorCode="E_MUCH"/>',
        )
    )
    case = desk.begin()
    desk.complete("a", amount=11)
    assert desk.names() == ["bad"]
    assert run.variables(case.id)["limit"] == 10


def test_what_a_handler_refuses_in_words_reaches_the_person_and_nothing_is_written(app: Flask):
    desk.publish(
        process(
            start(),
            user("a"),
            service("call", "test_complete.refuse"),
            end(),
            flows("s a", "a call", "call e"),
        )
    )
    case = desk.begin()
    before = desk.count(Event)
    with pytest.raises(errors.Invalid) as refused:
        run.complete(desk.task("a").id, {"x": 1}, by="lina")
    db.session.rollback()
    assert refused.value.fields == {"result": "请换一个人。"}
    assert desk.names() == ["a"] and desk.count(Event) == before
    assert "x" not in run.variables(case.id)
    assert desk.incidents() == []


def test_a_task_that_somebody_has_done_is_gone_and_says_who_and_when(app: Flask):
    desk.publish(TWO)
    desk.begin()
    first = desk.task("a").id
    desk.complete("a", by="lina")
    with pytest.raises(TaskGone) as gone:
        run.complete(first, {}, by="zhangwei")
    assert "李娜" in gone.value.message and "2026-03-10 09:00" in gone.value.message
    assert gone.value.status == 409


def test_a_task_that_nobody_knows_is_not_found(app: Flask):
    with pytest.raises(errors.NotFound):
        run.complete(4711, {}, by="lina")


def test_a_value_that_cannot_be_stored_changes_nothing(app: Flask):
    desk.publish(TWO)
    desk.begin()
    with pytest.raises(TypeError):
        run.complete(desk.task("a").id, {"x": object()}, by="lina")
    db.session.rollback()
    assert desk.names() == ["a"]


def test_a_rolled_back_step_is_forgotten_by_memory_too(app: Flask):
    desk.publish(TWO)
    case = desk.begin(n=1)
    run.complete(desk.task("a").id, {"n": 99}, by="lina")
    db.session.rollback()
    assert desk.names() == ["a"]
    assert run.variables(case.id)["n"] == 1
    desk.complete("a")
    desk.complete("b")
    assert run.variables(case.id)["n"] == 1
    assert desk.state(case) == "ended"


def test_a_rolled_back_savepoint_is_forgotten_too(app: Flask):
    desk.publish(TWO)
    case = desk.begin(n=1)
    with db.session.begin_nested() as savepoint:
        run.complete(desk.task("a").id, {"n": 99}, by="lina")
        savepoint.rollback()
    db.session.commit()
    desk.complete("a")
    assert run.variables(case.id)["n"] == 1 and desk.names() == ["b"]


def test_a_session_that_has_the_task_loaded_sees_it_done(app: Flask):
    desk.publish(TWO)
    desk.begin()
    task = desk.task("a")
    assert run.complete(task.id, {}, by="lina") is task
    assert task.state == "done" and db.session.get(UserTask, task.id) is task
