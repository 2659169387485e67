"""What is handed out after a step: only what changed, and enough to build the same instance again."""

import random

import pytest

from app import values
from app.engine.failures import Stuck
from tests.engine.draw import (
    HEAD,
    boundary,
    event_sub,
    extension,
    flows,
    mappings,
    message,
    node,
    process,
    service,
    several,
    start,
    sub,
    timer,
    user,
)
from tests.engine.memory import Case, Platform


def test_only_changed_tokens_are_written():
    memory = Platform()
    memory.deploy(
        process(start(), user("a", several("50")), user("b"), user("c"), flows("s a", "s b", "b c"))
    )
    case = memory.start("p")
    row = next(row for row in case.tasks.values() if row.element_id == "b")
    case.live.complete(row.token_id, {})
    changes = case.live.changes()
    assert [row.element_id for row in changes.tokens] == ["c"] and changes.tokens_gone == [
        row.token_id
    ]
    assert changes.tasks_done == [row.token_id] and changes.header is None
    case.live.complete(next(iter(case.live.open)), {"x": 1})
    changes = case.live.changes()
    assert (
        len(changes.tokens) == 1 and len(changes.tokens_gone) == 1
    )  # the body's counters, and the instance
    assert changes.header.variables == {"x": 1}


def test_what_came_and_went_within_a_step_leaves_only_history():
    memory = Platform()
    memory.deploy(
        process(
            start(), node("task", "a"), node("task", "b"), user("c"), flows("s a", "a b", "b c")
        )
    )
    case = memory.start("p")
    assert len(case.tokens) == 1
    assert [(e.kind, e.element_id) for e in case.history if e.kind in ("entered", "left")] == [
        ("entered", "s"),
        ("left", "s"),
        ("entered", "a"),
        ("left", "a"),
        ("entered", "b"),
        ("left", "b"),
        ("entered", "c"),
    ]


def test_a_variable_that_did_not_change_is_not_written():
    memory = Platform()
    memory.deploy(process(start(), user("a"), user("b"), flows("s a", "a b")))
    case = memory.start("p", {"x": 1})
    case.live.complete(next(iter(case.live.open)), {"x": 1})
    changes = case.live.changes()
    assert changes.header is None and not [e for e in changes.events if e.kind == "variable"]


def test_history_names_who_owns_a_variable(memory: Platform):
    memory.deploy(process(start(), user("a", extension(mappings({"mine": "1"}))), flows("s a")))
    case = memory.start("p")
    memory.complete("a", mine=2, ours=3)
    written = [
        (e.data["name"], e.data["change"], e.data["scope"] is None)
        for e in case.history
        if e.kind == "variable"
    ]
    assert written == [
        ("mine", "create", False),
        ("mine", "update", False),
        ("ours", "create", True),
    ]


def rich() -> tuple[str, bytes]:
    """A model with everything that can wait."""
    esp = event_sub(
        "esp", start("es", message("m1"), isInterrupting="false"), user("et"), flows("es et")
    )
    alarm = event_sub(
        "alarm",
        start("as", timer("timeCycle", "R/PT6H"), isInterrupting="false"),
        node("task", "an"),
        flows("as an"),
    )
    inner = sub(
        "q",
        several("3", sequential=True),
        start("qs"),
        user("t"),
        boundary("tb", "t", timer("timeDuration", "PT3H")),
        user("late"),
        flows("qs t", "tb late"),
        esp,
    )
    return process(
        start(),
        node("inclusiveGateway", "f"),
        inner,
        user("a", several("2")),
        node("callActivity", "c", calledElement="child"),
        boundary("ab", "a", message("m2"), interrupting=False),
        user("extra"),
        node("inclusiveGateway", "j"),
        user("z"),
        node("exclusiveGateway", "x", default="d"),
        node("task", "n", camunda_asyncBefore="true"),
        flows(
            "s f",
            "f q",
            "f a ${wide}",
            "f c",
            "q j",
            "a j",
            "c n",
            "n j",
            "ab extra",
            "j z",
            "z x",
            "x f ${rounds < 3}",
        ),
        '<sequenceFlow id="d" sourceRef="x" targetRef="e"/><endEvent id="e"/>',
        alarm,
        head=HEAD,
    )


CHILD = process(start(), user("ct", extension(mappings({"x": "${1}"}))), flows("s ct"), id="child")


def walk(memory: Platform, case: Case, seed: int, steps: int = 60) -> list[object]:
    """A random walk, the same for the same seed; what can be seen after each step."""
    chance, seen = random.Random(seed), []
    for n in range(steps):
        moves = [("complete", id, {"n": n, "rounds": n // 12}) for id in sorted(case.tasks)]
        moves += [("fire", id) for id in sorted(case.waits["timers"])]
        moves += [("resume", id) for id in sorted(case.waits["jobs"])]
        moves += [
            ("deliver", id, {f"v{n}": n})
            for kind in ("messages", "signals")
            for id in sorted(case.waits[kind])
        ]
        if not moves:
            break
        memory.step(case, *chance.choice(moves))
        seen.append((memory.names(), sorted(case.tokens), values.dumps(case.data)))
    return [*seen, case.completed, [(e.kind, e.element_id, e.token_id) for e in case.history]]


@pytest.mark.parametrize("seed", range(25))
def test_rebuilt_before_each_step_it_goes_the_same_way(seed: int):
    ways = []
    for cold in (False, True):
        memory = Platform(cold=cold)
        memory.deploy(rich(), CHILD)
        ways.append(walk(memory, memory.start("p", {"wide": True, "rounds": 0}), seed))
    assert ways[0] == ways[1]


def test_rows_of_a_live_instance_are_what_a_rebuilt_one_would_write():
    memory = Platform()
    memory.deploy(rich(), CHILD)
    case = memory.start("p", {"wide": True, "rounds": 0})
    before = dict(case.tokens)
    case.reload(memory)
    for scope in [case.live, *case.live.inner.values()]:
        for token in scope.tasks.values():
            token.touch()
    case.live.ledger.tokens = {
        id: t for id, t in case.live.ledger.tokens.items() if t is not t.workflow.task_tree
    }
    changes = case.live.changes()
    assert not changes.tasks_opened and not changes.messages and not changes.jobs
    assert len(changes.tokens) == len(before)


def test_a_failed_start_leaves_nothing(memory: Platform):
    memory.deploy(process(start(), service("v", "none"), flows("s v")))
    with pytest.raises(Stuck):
        memory.start("p")
    assert memory.cases == []


def test_rows_of_a_node_that_is_gone_are_a_key_error():
    memory = Platform()
    memory.deploy(process(start(), user("old"), flows("s old")))
    case = memory.start("p")
    old = next(iter(memory.definitions))
    memory.deploy(process(start(), user("new"), flows("s new")))
    memory.definitions[old] = memory.versions["p"][-1]
    with pytest.raises(KeyError, match="old"):
        case.reload(memory)
