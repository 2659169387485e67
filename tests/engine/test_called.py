"""Called processes: what goes in and out, which version runs, how deep they may go."""

import pytest

from app.engine.failures import Stuck
from tests.engine.draw import (
    HEAD,
    boundary,
    end,
    error,
    extension,
    flows,
    node,
    process,
    start,
    user,
)
from tests.engine.memory import Platform


def call(id: str, called: str, *inside: str, **attributes: str) -> str:
    return node(
        "callActivity",
        id,
        *([extension(*inside)] if inside else []),
        calledElement=called,
        **attributes,
    )


CHILD = process(
    start("cs"),
    user("ct"),
    node("exclusiveGateway", "x", default="ok"),
    end("ce"),
    end("bad", error("E1")),
    flows("cs ct", "ct x", "x bad ${failed}", "ok: x ce"),
    id="child",
    head=HEAD,
)


def test_a_called_process_sees_only_what_is_carried_in(memory: Platform):
    memory.deploy(
        CHILD,
        process(
            start(),
            call(
                "c",
                "child",
                '<camunda:in source="a" target="b"/>',
                '<camunda:in sourceExpression="${a + 1}" target="c"/>',
                '<camunda:in businessKey="#{execution.processBusinessKey}"/>',
                '<camunda:out source="r" target="result"/>',
            ),
            user("z"),
            flows("s c", "c z"),
            head=HEAD,
        ),
    )
    case = memory.start("p", {"a": 1, "hidden": 2}, business_key="K1")
    task = next(iter(case.tasks.values()))
    assert (task.process_id, task.business_key) == ("child", "K1")
    assert dict(case.live.open[task.token_id].names()) == {"b": 1, "c": 2}
    memory.complete("ct", failed=False, r=7, other=8)
    assert case.data == {"a": 1, "hidden": 2, "result": 7} and memory.names() == ["z"]


def test_an_error_of_a_called_process_reaches_the_call(memory: Platform):
    memory.deploy(
        CHILD,
        process(
            start(),
            call("c", "child"),
            boundary("b", "c", error("E1")),
            user("z"),
            flows("s c", "b z"),
            head=HEAD,
        ),
    )
    memory.start("p")
    memory.complete("ct", failed=True)
    assert memory.names() == ["z"]


def test_everything_may_be_carried_in_and_out(memory: Platform):
    memory.deploy(
        CHILD,
        process(
            start(),
            call("c", "child", '<camunda:in variables="all"/>', '<camunda:out variables="all"/>'),
            user("z"),
            flows("s c", "c z"),
            head=HEAD,
        ),
    )
    case = memory.start("p", {"a": 1})
    memory.complete("ct", failed=False)
    assert case.data == {"a": 1, "failed": False}


def test_the_called_process_may_be_an_expression_and_a_version(memory: Platform):
    def child(task: str) -> tuple[str, bytes]:
        return process(start(), user(task), flows(f"s {task}"), id="child")

    memory.deploy(child("old"))
    memory.deploy(child("new"))
    memory.deploy(
        process(
            start(),
            call("c", "${which}"),
            call(
                "d",
                "child",
                calledElementBinding="version",
                calledElementVersion="1",
                camunda_calledElementBinding="version",
                camunda_calledElementVersion="1",
            ),
            flows("s c", "s d"),
        )
    )
    memory.start("p", {"which": "child"})
    assert memory.names() == ["new", "old"]


def test_a_call_of_what_is_not_deployed_names_it(memory: Platform):
    memory.deploy(process(start(), call("c", "nothing"), flows("s c")))
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "not_deployed" and "nothing" in caught.value.message


def test_a_process_that_calls_itself_is_stopped(memory: Platform):
    memory.deploy(process(start(), call("c", "p"), flows("s c")))
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "limit"


def test_forty_levels_of_calls_come_back(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("exclusiveGateway", "x", default="d"),
            user("deep"),
            call("c", "p", '<camunda:in sourceExpression="${n - 1}" target="n"/>'),
            end(),
            flows("s x", "x deep ${n = 0}", "d: x c", "c e", "deep e"),
        )
    )
    case = memory.start("p", {"n": 40})
    memory.complete("deep")
    assert case.completed
