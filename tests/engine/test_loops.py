"""Multi-instance, parallel and sequential, and the standard loop."""

import statistics

import pytest

from app.engine.failures import Stuck
from tests import effort
from tests.engine.draw import (
    HEAD,
    boundary,
    end,
    extension,
    flows,
    mappings,
    message,
    node,
    process,
    several,
    start,
    sub,
    user,
    xor,
)
from tests.engine.memory import Platform


def test_a_collection_gives_each_instance_its_element(memory: Platform):
    task = user(
        "a", several(collection="items", elementVariable="item"), camunda_assignee="${item.who}"
    )
    memory.deploy(process(start(), task, end(), flows("s a", "a e")))
    case = memory.start("p", {"items": [{"who": "lina"}, {"who": "zhaomin"}]})
    assert [(t.assignee, t.loop_index) for t in case.tasks.values()] == [
        ("lina", 0),
        ("zhaomin", 1),
    ]
    memory.complete("a")
    memory.complete("a")
    assert case.completed and set(case.data) == {"items"}


def test_a_sequential_one_opens_the_next_when_one_is_done(memory: Platform):
    task = user(
        "a",
        several(collection="items", elementVariable="item", sequential=True),
        camunda_assignee="${item}",
    )
    memory.deploy(process(start(), task, end(), flows("s a", "a e")))
    case = memory.start("p", {"items": ["x", "y"]})
    seen = []
    while case.tasks:
        seen += [task.assignee for task in case.tasks.values()]
        memory.complete("a", items=[])  # the items of the beginning count
    assert seen == ["x", "y"] and case.completed


def test_counters_and_completion_condition(memory: Platform):
    task = user(
        "a",
        several(
            "5",
            until="${nrOfCompletedInstances / nrOfInstances >= 0.4 and nrOfActiveInstances = 3}",
        ),
    )
    memory.deploy(process(start(), task, user("z"), flows("s a", "a z")))
    memory.start("p")
    memory.complete("a")
    assert len(memory.names()) == 4
    memory.complete("a")
    assert memory.names() == ["z"]


def test_the_condition_sees_the_variables_of_the_instance_that_is_done(memory: Platform):
    io = extension(mappings({"verdict": "none"}))
    memory.deploy(
        process(
            start(),
            user("a", io, several("3", until='${verdict = "no"}')),
            user("z"),
            flows("s a", "a z"),
        )
    )
    memory.start("p")
    memory.complete("a", verdict="yes")
    memory.complete("a", verdict="no")
    assert memory.names() == ["z"]


def test_nothing_to_do_passes(memory: Platform):
    memory.deploy(
        process(start(), user("a", several(collection="items")), user("z"), flows("s a", "a z"))
    )
    memory.start("p", {"items": []})
    assert memory.names() == ["z"]


@pytest.mark.parametrize("items", [None, "text", 5])
def test_what_is_no_list_names_the_element(memory: Platform, items: object):
    memory.deploy(process(start(), user("a", several(collection="items")), flows("s a")))
    with pytest.raises(Stuck) as caught:
        memory.start("p", {"items": items})
    assert caught.value.element == "a" and caught.value.values == {"items": items}


def test_too_many_instances_are_stopped_by_number(memory: Platform):
    memory.deploy(
        process(start(), user("a", several("1000000")), flows("s a")),
        process(start(), user("a", several(collection="items")), flows("s a"), id="q"),
    )
    for id, data in (("p", {}), ("q", {"items": list(range(1001))})):
        with pytest.raises(Stuck) as caught:
            memory.start(id, data)
        assert caught.value.reason == "limit" and "1000" in caught.value.message


def test_a_boundary_event_belongs_to_all_instances_together(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a", several("3")),
            boundary("b", "a", message("m")),
            user("z"),
            flows("s a", "b z"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    assert len(case.waits["messages"]) == 1
    memory.message("m")
    assert memory.names() == ["z"]


def test_outputs_are_mapped_per_instance(memory: Platform):
    io = extension(mappings({"answer": "none"}, {"last": "${answer + string(loopCounter)}"}))
    memory.deploy(
        process(
            start(), user("a", io, several("2", sequential=True)), user("z"), flows("s a", "a z")
        )
    )
    case = memory.start("p")
    memory.complete("a", answer="x")
    assert case.data == {"last": "x0"}
    memory.complete("a", answer="y")
    assert case.data == {"last": "y1"}


def test_nested_multi_instances(memory: Platform):
    inner = sub("in", several(collection="row"), start("is"), user("t"), flows("is t"))
    memory.deploy(
        process(
            start(),
            sub(
                "q",
                several(collection="rows", elementVariable="row"),
                start("qs"),
                inner,
                flows("qs in"),
            ),
            user("z"),
            flows("s q", "q z"),
        )
    )
    memory.start("p", {"rows": [[1, 2], [3]]})
    for left in (2, 1, 0):
        memory.complete("t")
        assert memory.names() == (["t"] * left or ["z"])


def test_a_standard_loop_repeats_while_its_condition_holds(memory: Platform):
    loop = "<standardLoopCharacteristics><loopCondition>${again}</loopCondition></standardLoopCharacteristics>"
    memory.deploy(process(start(), user("a", loop), user("z"), flows("s a", "a z")))
    memory.start("p", {"again": True})
    memory.complete("a")
    assert memory.names() == ["a"]
    memory.complete("a", again=False)
    assert memory.names() == ["z"]


@pytest.mark.parametrize(("maximum", "rounds"), [("2", 2), ("0", 0)])
def test_a_standard_loop_stops_at_its_maximum(memory: Platform, maximum: str, rounds: int):
    loop = f'<standardLoopCharacteristics loopMaximum="{maximum}"/>'
    memory.deploy(process(start(), user("a", loop), user("z"), flows("s a", "a z")))
    memory.start("p")
    for _ in range(rounds):
        memory.complete("a")
    assert memory.names() == ["z"]


def test_a_standard_loop_may_be_tested_before_the_first_round(memory: Platform):
    loop = (
        '<standardLoopCharacteristics testBefore="true"><loopCondition>${loopCounter &lt; n}</loopCondition>'
        "</standardLoopCharacteristics>"
    )
    memory.deploy(process(start(), user("a", loop), user("z"), flows("s a", "a z")))
    memory.start("p", {"n": 0})
    assert memory.names() == ["z"]
    memory.start("p", {"n": 2})
    memory.complete("a")
    memory.complete("a")
    assert memory.names() == ["z", "z"]


def test_an_endless_loop_without_wait_is_stopped_by_the_budget(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("task", "a"),
            xor("x", "d"),
            end(),
            flows("s a", "a x", "x e ${false}", "d: x a"),
        )
    )
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "budget" and caught.value.element in ("a", "x")


def test_tokens_that_multiply_are_stopped():
    memory = Platform(tokens=500)
    memory.deploy(process(start(), user("u"), node("task", "a"), flows("s a", "a a", "a u")))
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "limit"


def flat(work: list[int]) -> bool:
    """Is the last tenth as much work as the first?"""
    tenth = len(work) // 10
    return statistics.median(work[-tenth:]) < 1.1 * statistics.median(work[:tenth])


def completed(live: object) -> object:
    """What is to be stored after the next open task is done."""
    live.complete(next(iter(live.open)), {})
    return live.changes()


def completed_all(live: object) -> list[int]:
    work = []
    while live.open:
        work.append(effort.calls(lambda: completed(live)))
    return work


def test_ten_thousand_rounds_cost_the_same_and_leave_nothing_behind():
    memory = Platform()
    memory.deploy(
        process(
            start(), user("a"), xor("x", "d"), end(), flows("s a", "a x", "x e ${stop}", "d: x a")
        )
    )
    live, work = memory.start("p", {"stop": False}).live, []
    for turn in range(10_000):
        if 500 <= turn < 9500:
            completed(live)
        else:
            work.append(effort.calls(lambda: completed(live)))
    changes = completed(live)
    assert flat(work)
    assert (live.population, len(changes.tokens), len(changes.tokens_gone)) == (2, 1, 1)
    live.complete(next(iter(live.open)), {"stop": True})
    assert live.completed


@pytest.mark.parametrize("sequential", [False, True])
def test_a_thousand_instances_cost_the_same_each(sequential: bool):
    memory = Platform()
    items = [{"n": n, "text": "x" * 200} for n in range(1000)]
    memory.deploy(
        process(
            start(),
            user("a", several(collection="items", elementVariable="item", sequential=sequential)),
            end(),
            flows("s a", "a e"),
        )
    )
    live = memory.start("p", {"items": items}).live
    times = completed_all(live)
    assert live.completed and len(times) == 1000 and flat(times)
