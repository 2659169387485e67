"""Undoing: reverse order, sub-processes with their variables, event sub-processes, multi-instance,
called processes.
"""

from tests.engine.draw import (
    after,
    boundary,
    compensate,
    end,
    event_sub,
    extension,
    flows,
    mappings,
    node,
    process,
    service,
    several,
    start,
    sub,
    throw,
    undoable,
    user,
)
from tests.engine.memory import Platform


def undone(memory: Platform) -> list[str]:
    """The elements in the order in which `undo` is called."""
    called: list[str] = []
    memory.handlers["undo"] = lambda call: called.append(call.element_id)
    return called


def undo_task(activity: str) -> str:
    handler = f"undo_{activity}"
    return undoable(activity, handler, service(handler, "undo", isForCompensation="true"))


def test_what_was_done_last_is_undone_first(memory: Platform):
    called = undone(memory)
    memory.deploy(
        process(
            start(),
            user("a"),
            undo_task("a"),
            user("b"),
            undo_task("b"),
            user("c"),
            undo_task("c"),
            throw("t", compensate()),
            user("z"),
            flows("s a", "a b", "b t", "t z"),
        )
    )
    memory.start("p")
    memory.complete("a")
    memory.complete("b")
    assert called == ["undo_b", "undo_a"] and memory.names() == ["z"]


def test_only_the_named_activity_is_undone(memory: Platform):
    called = undone(memory)
    memory.deploy(
        process(
            start(),
            node("task", "a"),
            undo_task("a"),
            node("task", "b"),
            undo_task("b"),
            throw("t", compensate("a")),
            throw("t2", compensate()),
            flows("s a", "a b", "b t", "t t2"),
        )
    )
    assert memory.start("p").completed
    assert called == ["undo_a", "undo_b"]  # what is undone is not undone again


def test_each_round_of_a_loop_is_undone(memory: Platform):
    called = undone(memory)
    memory.deploy(
        process(
            start(),
            user("a"),
            undo_task("a"),
            node("exclusiveGateway", "x", default="d"),
            throw("t", compensate()),
            end(),
            flows("s a", "a x", "x t ${stop}", "d: x a", "t e"),
        )
    )
    case = memory.start("p", {"stop": False})
    memory.complete("a")
    memory.complete("a")
    assert len(case.live.compensations) == 1  # the list does not grow with the rounds
    memory.complete("a", stop=True)
    assert called == ["undo_a"] * 3 and case.completed


def test_a_subprocess_is_undone_with_the_variables_it_ended_with(memory: Platform):
    seen = []
    memory.handlers["undo"] = lambda call: seen.append(call.variables["v"])
    inner = sub(
        "q",
        extension(mappings({"v": "${n}"})),
        start("qs"),
        user("w"),
        undo_task("w"),
        flows("qs w"),
    )
    memory.deploy(
        process(start(), inner, throw("t", compensate()), user("z"), flows("s q", "q t", "t z"))
    )
    memory.start("p", {"n": 5})
    memory.complete("w", v=6)
    assert seen == [6] and memory.names() == ["z"]


def test_a_compensation_event_subprocess_undoes_its_scope(memory: Platform):
    called = undone(memory)
    handler = event_sub(
        "ces",
        start("cs", compensate()),
        user("decide"),
        throw("ct", compensate("w")),
        flows("cs decide", "decide ct"),
    )
    inner = sub("q", start("qs"), user("w"), undo_task("w"), flows("qs w"), handler)
    memory.deploy(
        process(start(), inner, throw("t", compensate("q")), user("z"), flows("s q", "q t", "t z"))
    )
    memory.start("p")
    memory.complete("w")
    assert memory.names() == ["decide"] and not called
    memory.complete("decide")
    assert called == ["undo_w"] and memory.names() == ["z"]


def test_an_error_event_subprocess_may_undo_the_scope_around_it(memory: Platform):
    called = undone(memory)
    fail = '<errorEventDefinition errorRef="E"/>'
    handler = event_sub(
        "ees", start("es", fail), throw("ct", compensate()), user("told"), flows("es ct", "ct told")
    )
    memory.deploy(
        process(
            start(), node("task", "a"), undo_task("a"), end("e", fail), flows("s a", "a e"), handler
        )
    )
    memory.start("p")
    assert called == ["undo_a"] and memory.names() == ["told"]


def test_each_instance_is_undone_with_its_own_element(memory: Platform):
    seen = []
    memory.handlers["undo"] = lambda call: seen.append(call.variables["item"])
    memory.deploy(
        process(
            start(),
            user("a", several(collection="items", elementVariable="item")),
            undo_task("a"),
            throw("t", compensate()),
            user("z"),
            flows("s a", "a t", "t z"),
        )
    )
    memory.start("p", {"items": ["x", "y", "w"]})
    for _ in range(3):
        memory.complete("a")
    assert seen == ["w", "y", "x"] and memory.names() == ["z"]


def test_instances_that_are_not_all_done_are_not_undone(memory: Platform):
    called = undone(memory)
    memory.deploy(
        process(
            start(),
            user("a", several("2")),
            undo_task("a"),
            user("b"),
            throw("t", compensate()),
            user("z"),
            flows("s a", "s b", "b t", "t z"),
        )
    )
    memory.start("p")
    memory.complete("a")
    memory.complete("b")
    assert called == [] and memory.names() == ["a", "z"]


def test_a_call_is_undone_by_its_handler_and_the_handler_has_its_own_timer(memory: Platform):
    child = process(start("cs"), user("ct"), flows("cs ct"), id="child")
    memory.deploy(
        child,
        process(
            start(),
            node("callActivity", "c", calledElement="child"),
            undoable("c", "undo"),
            boundary("chaser", "undo", after("PT1H")),
            user("chase"),
            throw("t", compensate("c")),
            user("z"),
            flows("s c", "c t", "t z", "chaser chase"),
        ),
    )
    memory.start("p")
    memory.complete("ct")
    assert memory.names() == ["undo"]
    memory.advance("PT2H")
    assert memory.names() == ["chase"]
    memory.complete("chase")
    assert memory.names() == ["z"]


def test_nothing_to_undo_passes(memory: Platform):
    memory.deploy(process(start(), throw("t", compensate()), user("z"), flows("s t", "t z")))
    memory.start("p")
    assert memory.names() == ["z"]
