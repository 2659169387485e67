"""A token is moved to another element of its scope: what it leaves is cancelled, nothing is undone."""

import pytest

from app.engine.spiff import moving
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    compensate,
    end,
    event_sub,
    flows,
    message,
    node,
    process,
    several,
    signal,
    start,
    sub,
    throw,
    undoable,
    user,
)  # fmt: skip
from tests.engine.memory import Case, Platform

PLAIN = process(
    start(), user("a"), catch("wait", message("m")), user("b"), end(),
    boundary("late", "a", after("PT1H"), interrupting=False), user("chase"), end("e2"),
    flows("s a", "a wait", "wait b", "b e", "late chase", "chase e2"), head=HEAD,
)  # fmt: skip
BOTH = process(
    start(), node("parallelGateway", "fork"), user("a"), user("b"),
    node("parallelGateway", "join"), user("c"), end(), user("aside"), end("e2"),
    flows("s fork", "fork a", "fork b", "a join", "b join", "join c", "c e", "aside e2"),
)  # fmt: skip
INNER = process(
    start(), sub("inside", start("s2"), user("b"), user("b2"), end("e2"),
                 flows("s2 b", "b b2", "b2 e2")),
    user("each", several("3")), user("c"), end(),
    boundary("cut", "inside", signal("g")), event_sub("alarm", start("s3", message("m")), end("e3"),
                                                      flows("s3 e3")),
    flows("s inside", "inside each", "each c", "c e", "cut c"), head=HEAD,
)  # fmt: skip


def begin(memory: Platform, file: tuple[str, bytes]) -> Case:
    memory.deploy(file)
    return memory.start("p")


def token(case: Case, element: str) -> int:
    return next(one for one in moving.standing(case.live) if one.element_id == element).token_id


def move(memory: Platform, case: Case, source: str, target: str) -> None:
    """As the platform does: one step, written."""
    if memory.cold:
        case.reload(memory)
    memory.stepping = case
    moving.move(case.live, token(case, source), target, "测试")
    case.write()


def open_tasks(case: Case) -> list[str]:
    return sorted(row.element_id for row in case.tasks.values())


def choice(case: Case, source: str, target: str) -> moving.Target:
    found = moving.targets(case.live, token(case, source))
    return next(one for one in found if one.element_id == target)


def test_the_work_and_the_timers_it_leaves_are_cancelled(memory):
    case = begin(memory, PLAIN)
    assert (open_tasks(case), len(case.waits["timers"])) == (["a"], 1)
    move(memory, case, "a", "b")
    assert (open_tasks(case), case.waits["timers"]) == (["b"], {})
    kinds = [(row.kind, row.element_id) for row in case.history[-4:]]
    assert kinds == [("moved", "a"), ("cancelled", "a"), ("entered", "b"), ("opened", "b")]
    assert case.history[-4].data == {"to": "b", "reason": "测试"}


def test_a_wait_for_a_message_goes_and_comes(memory):
    case = begin(memory, PLAIN)
    move(memory, case, "a", "wait")
    assert [row.name for row in case.waits["messages"].values()] == ["m"]
    move(memory, case, "wait", "a")
    assert case.waits["messages"] == {}
    assert (open_tasks(case), len(case.waits["timers"])) == (["a"], 1)


def test_the_same_element_begins_anew(memory):
    case = begin(memory, PLAIN)
    before = token(case, "a")
    move(memory, case, "a", "a")
    assert token(case, "a") != before
    assert open_tasks(case) == ["a"]


def test_moving_to_the_end_ends_the_case(memory):
    case = begin(memory, PLAIN)
    assert choice(case, "a", "e").warnings
    move(memory, case, "a", "e")
    assert case.completed


def test_what_was_done_is_not_undone(memory):
    case = begin(memory, process(
        start(), user("a"), undoable("a", "undo"), user("b"), end(), throw("back", compensate()),
        user("c"), flows("s a", "a b", "b back", "back c", "c e"),
    ))  # fmt: skip
    memory.step(case, "complete", token(case, "a"))
    move(memory, case, "b", "a")
    assert open_tasks(case) == ["a"]
    assert not [row for row in case.history if row.kind == "compensated"]


def test_a_token_in_compensation_stays(memory):
    case = begin(memory, process(
        start(), user("a"), undoable("a", "undo"), throw("back", compensate()), user("c"), end(),
        flows("s a", "a back", "back c", "c e"),
    ))  # fmt: skip
    memory.step(case, "complete", token(case, "a"))
    assert open_tasks(case) == ["undo"]
    for source in ("undo", "back"):
        assert choice(case, source, "c").why
        with pytest.raises(moving.Immovable):
            moving.move(case.live, token(case, source), "c")


def test_another_scope_is_refused_and_the_way_out_is_named(memory):
    case = begin(memory, INNER)
    assert choice(case, "b", "b2").why is None
    assert "inside" in choice(case, "b", "c").why
    assert choice(case, "inside", "b2").why
    with pytest.raises(moving.Immovable):
        moving.move(case.live, token(case, "b"), "c")
    assert open_tasks(case) == ["b"]


def test_a_sub_process_is_left_with_everything_in_it(memory):
    case = begin(memory, INNER)
    assert choice(case, "inside", "c").warnings
    move(memory, case, "inside", "c")
    assert (open_tasks(case), case.scopes) == (["c"], {})
    assert case.waits["signals"] == {}
    assert len(case.waits["messages"]) == 1  # the event sub-process of the process itself


def test_one_of_several_instances_stays_the_whole_may_go(memory):
    case = begin(memory, INNER)
    move(memory, case, "inside", "each")
    assert open_tasks(case) == ["each"] * 3
    kinds = {one.why is None for one in moving.standing(case.live) if one.element_id == "each"}
    assert kinds == {True, False}
    body = min(one.token_id for one in moving.standing(case.live) if one.element_id == "each")
    moving.move(case.live, body, "c")
    case.write()
    assert open_tasks(case) == ["c"]


def test_boundary_events_and_event_sub_processes_are_no_targets(memory):
    case = begin(memory, INNER)
    for target in ("cut", "alarm"):
        assert choice(case, "inside", target).why
    waits = [one for one in moving.standing(case.live) if one.element_id in ("cut", "alarm")]
    assert len(waits) == 2
    assert all(one.why for one in waits)


def test_leaving_a_join_for_good_is_warned_of(memory):
    case = begin(memory, BOTH)
    assert choice(case, "a", "join").warnings  # it counts as one arrival
    assert "join" in choice(case, "a", "aside").warnings[0]
    memory.step(case, "complete", token(case, "b"))
    assert "还在等" in choice(case, "a", "c").warnings[0]
    move(memory, case, "a", "aside")
    memory.step(case, "complete", token(case, "aside"))
    assert case.incident is not None  # the watchdog says what the warning said


def test_passing_a_fork_again_is_warned_of(memory):
    case = begin(memory, BOTH)
    assert "fork" in choice(case, "a", "s").warnings[0]
    move(memory, case, "a", "fork")
    assert open_tasks(case) == ["a", "b", "b"]


def test_a_parked_token_moves_and_its_job_is_gone(memory):
    case = begin(memory, process(
        start(), user("a", camunda_asyncBefore="true"), user("b"), end(), flows("s a", "a b", "b e")
    ))  # fmt: skip
    assert len(case.waits["jobs"]) == 1
    move(memory, case, "a", "b")
    assert (open_tasks(case), case.waits["jobs"]) == (["b"], {})


def test_a_token_that_waits_for_the_first_of_several_is_moved_as_one(memory):
    case = begin(memory, process(
        start(), node("eventBasedGateway", "first"), catch("m1", message("m")),
        catch("t1", after("PT1H")), user("b"), end(),
        flows("s first", "first m1", "first t1", "m1 b", "t1 b", "b e"), head=HEAD,
    ))  # fmt: skip
    assert "first" in choice(case, "m1", "b").why
    assert choice(case, "first", "m1").warnings
    move(memory, case, "first", "b")
    assert open_tasks(case) == ["b"]
    assert (case.waits["messages"], case.waits["timers"]) == ({}, {})


def test_the_rows_after_a_move_give_the_same_case(memory):
    case = begin(memory, INNER)
    move(memory, case, "b", "b2")
    before = [(one.token_id, one.element_id, one.why) for one in moving.standing(case.live)]
    case.reload(memory)
    assert before == [(one.token_id, one.element_id, one.why) for one in moving.standing(case.live)]
    memory.step(case, "complete", token(case, "b2"))
    assert open_tasks(case) == ["each"] * 3
