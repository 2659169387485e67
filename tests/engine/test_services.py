"""Handlers, business errors, scripts and decisions."""

import pytest

from app.engine.failures import BpmnError, Stuck
from tests.engine.draw import (
    HEAD,
    boundary,
    error,
    extension,
    flows,
    mappings,
    node,
    process,
    service,
    several,
    start,
    sub,
    user,
)
from tests.engine.memory import Platform


def test_a_handler_sees_everything_and_its_answer_becomes_variables(memory: Platform):
    seen = {}

    def handler(call):
        seen.update(call.variables, key=call.business_key, element=call.element_id)
        call.set_business_key("K2")
        return {"found": 2}

    memory.handlers["customer.find"] = handler
    io = extension(mappings({"name": "${customer.name}"}))
    memory.deploy(
        process(start(), service("v", "customer.find", io), user("a"), flows("s v", "v a"))
    )
    case = memory.start("p", {"customer": {"name": "北方"}}, business_key="K1")
    assert seen == {"customer": {"name": "北方"}, "name": "北方", "key": "K1", "element": "v"}
    assert case.data == {"customer": {"name": "北方"}, "found": 2}
    assert next(iter(case.tasks.values())).business_key == "K2" and case.live.business_key == "K2"


def test_what_a_handler_does_to_an_object_stays_with_the_handler(memory: Platform):
    def handler(call):
        call.variables["customer"]["name"] = "changed"
        dict(call.variables)["contacts"].append("x")

    memory.handlers["spoil"] = handler
    memory.deploy(process(start(), service("v", "spoil"), user("a"), flows("s v", "v a")))
    case = memory.start("p", {"customer": {"name": "北方"}, "contacts": []})
    assert case.data == {"customer": {"name": "北方"}, "contacts": []}


def test_a_business_error_goes_to_the_boundary_event_with_its_variables(memory: Platform):
    def handler(call):
        raise BpmnError("E1", "太大", limit=5)

    memory.handlers["v"] = handler
    more = 'camunda:errorCodeVariable="code" camunda:errorMessageVariable="why"'
    memory.deploy(
        process(
            start(),
            service("v", "v"),
            boundary("b", "v", error("E1", more)),
            user("z"),
            flows("s v", "b z"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    assert memory.names() == ["z"] and case.data == {"limit": 5, "code": "E1", "why": "太大"}


def test_a_business_error_that_nobody_catches_is_stuck(memory: Platform):
    def handler(call):
        raise BpmnError("E2", "没有")

    memory.handlers["v"] = handler
    memory.deploy(
        process(
            start(),
            user("a"),
            service("v", "v"),
            boundary("b", "v", error("E1")),
            flows("s a", "a v"),
            head=HEAD,
        )
    )
    memory.start("p")
    with pytest.raises(Stuck) as caught:
        memory.complete("a", x=1)
    assert (caught.value.reason, caught.value.element) == ("uncaught_error", "v")
    assert memory.names() == ["a"] and memory.cases[0].data == {}


def test_any_other_failure_leaves_the_step_and_poisons_the_live_object(memory: Platform):
    calls = []

    def handler(call):
        calls.append(call.token_id)
        if len(calls) == 1:
            raise ZeroDivisionError

    memory.handlers["v"] = handler
    memory.deploy(
        process(start(), user("a"), service("v", "v"), user("b"), flows("s a", "a v", "v b"))
    )
    case = memory.start("p")
    with pytest.raises(ZeroDivisionError):
        memory.complete("a", x=1)
    assert memory.names() == ["a"] and case.data == {}
    memory.complete("a", x=1)
    assert (
        memory.names() == ["b"] and calls[0] == calls[1]
    )  # the same token asks again: a journal may answer


def test_a_poisoned_instance_refuses_to_go_on():
    memory = Platform()
    memory.handlers["v"] = lambda call: 1 / 0
    memory.deploy(process(start(), user("a"), service("v", "v"), flows("s a", "a v")))
    live = memory.start("p").live
    id = next(iter(live.open))
    with pytest.raises(ZeroDivisionError):
        live.complete(id, {})
    assert live.poisoned and live.find(live.running).task_spec.name == "v"
    with pytest.raises(RuntimeError, match="poisoned"):
        live.set_variables({})


def test_an_error_in_one_instance_takes_all_of_them_away(memory: Platform):
    def handler(call):
        if call.loop_index == 1:
            raise BpmnError("E1")

    memory.handlers["v"] = handler
    inner = sub("q", several("3"), start("qs"), user("t"), service("v", "v"), flows("qs t", "t v"))
    memory.deploy(
        process(
            start(),
            inner,
            boundary("b", "q", error("E1")),
            user("z"),
            flows("s q", "b z"),
            head=HEAD,
        )
    )
    memory.start("p")
    memory.complete("t")
    assert memory.names() == ["t", "t"]
    memory.complete("t")
    assert memory.names() == ["z"]


def test_a_topic_without_handler_names_it(memory: Platform):
    memory.deploy(process(start(), service("v", "nobody.home"), flows("s v")))
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "no_handler" and "nobody.home" in caught.value.message


def test_an_expression_task_and_a_script(memory: Platform):
    script = node(
        "scriptTask", "t", "<script>{ total: n * 2, half: n / 2 }</script>", scriptFormat="feel"
    )
    result = node(
        "scriptTask",
        "r",
        "<script>n + 1</script>",
        scriptFormat="feel",
        camunda_resultVariable="next",
    )
    formula = node("serviceTask", "v", camunda_expression="${n > 3}", camunda_resultVariable="many")
    memory.deploy(
        process(start(), script, result, formula, user("z"), flows("s t", "t r", "r v", "v z"))
    )
    assert memory.start("p", {"n": 4}).data == {
        "n": 4,
        "total": 8,
        "half": 2,
        "next": 5,
        "many": True,
    }


def test_a_script_in_another_language_is_never_run(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("scriptTask", "t", "<script>import os</script>", scriptFormat="python"),
            flows("s t"),
        )
    )
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "script"


TWO = [{"level": "A", "rate": 5}, {"level": "B", "rate": 7}]


@pytest.mark.parametrize(
    ("mapping", "rows", "result"),
    [
        ("singleEntry", [{"level": "A"}], "A"),
        ("singleEntry", [], None),
        ("singleResult", TWO[:1], TWO[0]),
        ("collectEntries", [{"level": "A"}, {"level": "B"}], ["A", "B"]),
        ("resultList", TWO, TWO),
    ],
)
def test_a_decision_is_mapped_as_asked(memory: Platform, mapping: str, rows: list, result: object):
    memory.tables["level"] = lambda names: rows
    rule = node(
        "businessRuleTask",
        "r",
        camunda_decisionRef="level",
        camunda_resultVariable="out",
        camunda_mapDecisionResult=mapping,
    )
    memory.deploy(process(start(), rule, user("z"), flows("s r", "r z")))
    assert memory.start("p").data == {"out": result}


@pytest.mark.parametrize(
    ("mapping", "rows"), [("singleEntry", TWO[:1]), ("singleResult", TWO), ("collectEntries", TWO)]
)
def test_a_decision_that_does_not_fit_is_stuck(memory: Platform, mapping: str, rows: list):
    memory.tables["level"] = lambda names: rows
    rule = node(
        "businessRuleTask",
        "r",
        camunda_decisionRef="level",
        camunda_resultVariable="out",
        camunda_mapDecisionResult=mapping,
    )
    memory.deploy(process(start(), rule, flows("s r")))
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert (caught.value.reason, caught.value.element) == ("decision", "r")


def test_a_decision_without_variable_is_local_and_can_be_mapped_out(memory: Platform):
    memory.tables["level"] = lambda names: [{"level": names["n"]}]
    rule = node(
        "businessRuleTask",
        "r",
        extension(mappings({}, {"best": "${decisionResult[0].level}"})),
        camunda_decisionRef="level",
    )
    memory.deploy(process(start(), rule, user("z"), flows("s r", "r z")))
    assert memory.start("p", {"n": 3}).data == {"n": 3, "best": 3}
