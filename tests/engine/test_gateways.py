"""Splits and joins: exclusive, parallel, inclusive, event-based, and the implicit ones."""

import pytest

from app.engine.failures import Stuck
from tests.engine.draw import (
    HEAD,
    after,
    catch,
    end,
    flows,
    node,
    process,
    start,
    sub,
    timer,
    user,
    xor,
)
from tests.engine.memory import Platform


def test_an_exclusive_gateway_takes_the_first_flow_that_holds(memory: Platform):
    memory.deploy(
        process(
            start(),
            xor("x", "d"),
            user("a"),
            user("b"),
            user("c"),
            flows("s x", "x a ${n > 10}", "x b ${n > 5}", "d: x c"),
        )
    )
    memory.start("p", {"n": 20})
    memory.start("p", {"n": 7})
    memory.start("p", {"n": 1})
    assert memory.names() == ["a", "b", "c"]


def test_no_way_out_names_the_gateway_and_the_values_it_looked_at(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            xor("x"),
            user("b"),
            user("c"),
            flows("s a", "a x", "x b ${n > 10}", "x c ${n = null}"),
        )
    )
    memory.start("p")
    with pytest.raises(Stuck) as caught:
        memory.complete("a", n=3)
    assert (caught.value.reason, caught.value.element, caught.value.values) == (
        "no_way_out",
        "x",
        {"n": 3},
    )
    assert memory.names() == ["a"]  # the step is undone: the task is still there
    memory.complete("a", n=11)
    assert memory.names() == ["b"]


def test_a_failing_condition_names_element_and_values(memory: Platform):
    memory.deploy(
        process(
            start(),
            xor("x", "d"),
            user("a"),
            user("b"),
            flows("s x", "x a ${nowhere > 1}", "d: x b"),
        )
    )
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert (caught.value.reason, caught.value.element) == ("expression", "x")
    assert caught.value.values == {"nowhere": None}


def test_a_condition_must_be_true_or_false(memory: Platform):
    memory.deploy(
        process(
            start(), xor("x", "d"), user("a"), user("b"), flows("s x", "x a ${1 + 1}", "d: x b")
        )
    )
    with pytest.raises(Stuck):
        memory.start("p")


def test_flows_out_of_a_task_split_and_those_with_conditions_are_chosen(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            user("b"),
            user("c"),
            user("d"),
            flows("s a", "a b", "a c ${go}", "a d ${not(go)}"),
        )
    )
    memory.start("p")
    memory.complete("a", go=True)
    assert memory.names() == ["b", "c"]


def test_a_parallel_join_waits_for_all(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("parallelGateway", "f"),
            user("a"),
            user("b"),
            node("parallelGateway", "j"),
            user("z"),
            flows("s f", "f a", "f b", "a j", "b j", "j z"),
        )
    )
    case = memory.start("p")
    memory.complete("a")
    assert memory.names() == ["b"]
    memory.complete("b")
    assert memory.names() == ["z"]
    memory.complete("z")
    assert case.completed


def test_a_join_that_can_never_be_reached_is_an_incident(memory: Platform):
    memory.deploy(
        process(
            start(),
            xor("x", "d"),
            user("a"),
            user("b"),
            node("parallelGateway", "j"),
            end(),
            flows("s x", "x a ${true}", "d: x b", "a j", "b j", "j e"),
        )
    )
    case = memory.start("p")
    memory.complete("a")
    assert not case.completed
    assert case.incident.reason == "deadlock" and case.incident.elements == ["j"]


def test_an_inclusive_join_waits_only_for_what_can_still_come(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("inclusiveGateway", "f", default="d"),
            user("a"),
            user("b"),
            user("c"),
            node("inclusiveGateway", "j"),
            user("z"),
            flows("s f", "f a ${x}", "f b ${y}", "d: f c", "a j", "b j", "c j", "j z"),
        )
    )
    memory.start("p", {"x": True, "y": True})
    memory.complete("a")
    assert memory.names() == ["b"]
    memory.complete("b")
    assert memory.names() == ["z"]


def test_an_inclusive_join_goes_on_when_another_branch_ends_elsewhere(memory: Platform):
    inner = sub("q", start("qs"), user("t"), flows("qs t"))
    memory.deploy(
        process(
            start(),
            node("inclusiveGateway", "f"),
            node("inclusiveGateway", "j"),
            inner,
            user("b"),
            xor("x", "d"),
            end(),
            user("z"),
            flows("s f", "f q", "f b", "q j", "b x", "x e ${out}", "d: x j", "j z"),
        )
    )
    memory.start("p")
    memory.complete("t")
    assert memory.names() == ["b"]
    memory.complete("b", out=True)
    assert memory.names() == ["z"]


def test_of_several_timers_behind_an_event_gateway_the_earliest_wins(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("eventBasedGateway", "g"),
            catch("t1", after("PT2H")),
            catch("t2", after("PT1H")),
            user("a"),
            user("b"),
            flows("s g", "g t1", "g t2", "t1 a", "t2 b"),
        )
    )
    case = memory.start("p")
    memory.advance("PT1H1M")
    assert memory.names() == ["b"]
    assert not case.waits["timers"]
    memory.advance("PT3H")
    assert memory.names() == ["b"]


def test_a_receive_task_may_follow_an_event_gateway(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("eventBasedGateway", "g"),
            node("receiveTask", "r", messageRef="m"),
            catch("t", timer("timeDate", "2026-02-01T00:00:00Z")),
            user("a"),
            user("b"),
            flows("s g", "g r", "g t", "r a", "t b"),
            head=HEAD,
        )
    )
    memory.start("p")
    memory.message("m", {"n": 1})
    assert memory.names() == ["a"]
    assert memory.cases[0].data == {"n": 1}
    memory.advance("P2M")
    assert memory.names() == ["a"]


def test_a_process_without_start_and_ends_begins_at_what_nothing_leads_to(memory: Platform):
    memory.deploy(process(user("a"), user("b"), user("c"), flows("a c")))
    case = memory.start("p")
    assert memory.names() == ["a", "b"]
    memory.complete("a")
    memory.complete("b")
    memory.complete("c")
    assert case.completed
