"""Sub-processes, event sub-processes, transactions and called processes."""

from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    end,
    error,
    escalation,
    event_sub,
    extension,
    flows,
    mappings,
    message,
    node,
    process,
    several,
    start,
    sub,
    throw,
    timer,
    undoable,
    user,
)
from tests.engine.memory import Platform


def test_variables_of_a_subprocess_stay_inside_unless_they_are_mapped_out(memory: Platform):
    io = extension(mappings({"x": "${n + 1}"}, {"result": "${x * 10}"}))
    memory.deploy(
        process(
            start(),
            sub("q", io, start("qs"), user("t"), flows("qs t")),
            user("z"),
            flows("s q", "q z"),
        )
    )
    case = memory.start("p", {"n": 1})
    memory.complete("t", x=7, y=3)
    assert case.data == {"n": 1, "y": 3, "result": 70}


def test_parallel_branches_do_not_overwrite_each_others_locals(memory: Platform):
    def task(id: str) -> str:
        return user(id, extension(mappings({"mine": f"${{{id}_in}}"}, {f"{id}_out": "${mine}"})))

    memory.deploy(process(start(), task("a"), task("b"), flows("s a", "s b")))
    case = memory.start("p", {"a_in": 1, "b_in": 2})
    memory.complete("a", mine=10)
    memory.complete("b", mine=20)
    assert case.data == {"a_in": 1, "b_in": 2, "a_out": 10, "b_out": 20} and case.completed


def test_an_event_subprocess_that_does_not_interrupt_runs_beside(memory: Platform):
    inner = event_sub("deep", start("ds", message("m2")), user("deepest"), flows("ds deepest"))
    esp = event_sub(
        "esp", start("es", message("m1"), isInterrupting="false"), user("et"), flows("es et"), inner
    )
    memory.deploy(process(start(), user("a"), flows("s a"), esp, head=HEAD))
    case = memory.start("p")
    memory.message("m1")
    memory.message("m1")
    assert memory.names() == ["a", "et", "et"]
    memory.message("m2")
    assert memory.names() == ["a", "deepest", "et"]
    memory.complete("a")
    memory.complete("et")
    assert not case.completed
    memory.complete("deepest")
    assert case.completed and not any(case.waits.values())


def test_an_interrupting_event_subprocess_ends_what_runs_in_its_scope(memory: Platform):
    esp = event_sub("esp", start("es", after("PT1H")), user("et"), flows("es et"))
    memory.deploy(
        process(
            start(),
            sub("q", start("qs"), user("t"), user("u"), flows("qs t", "qs u"), esp),
            user("z"),
            flows("s q", "q z"),
        )
    )
    memory.start("p")
    memory.advance("PT2H")
    assert memory.names() == ["et"]
    memory.complete("et")
    assert memory.names() == ["z"]


def test_an_event_subprocess_with_a_cycle_repeats(memory: Platform):
    esp = event_sub(
        "esp",
        start("es", timer("timeCycle", "R2/PT1H"), isInterrupting="false"),
        user("et"),
        flows("es et"),
    )
    memory.deploy(process(start(), user("a"), flows("s a"), esp))
    case = memory.start("p")
    memory.advance("PT6H")
    assert memory.names() == ["a", "et", "et"]
    for label in ("a", "et", "et"):
        memory.complete(label)
    assert case.completed


def test_an_event_subprocess_does_not_catch_what_it_throws(memory: Platform):
    esp = event_sub("esp", start("es", error("E1")), end("ee", error("E1")), flows("es ee"))
    memory.deploy(
        process(
            start(),
            sub("q", start("qs"), end("qe", error("E1")), flows("qs qe"), esp),
            boundary("b", "q", error("E1")),
            user("z"),
            flows("s q", "b z"),
            head=HEAD,
        )
    )
    memory.start("p")
    assert memory.names() == ["z"]


def test_the_nearest_catch_wins_even_when_it_catches_all(memory: Platform):
    esp = event_sub("esp", start("es", error("E1")), user("far"), flows("es far"))
    memory.deploy(
        process(
            start(),
            sub("q", start("qs"), end("qe", error("E1")), flows("qs qe")),
            boundary("b", "q", error()),
            user("near"),
            flows("s q", "b near"),
            esp,
            head=HEAD,
        )
    )
    memory.start("p")
    assert memory.names() == ["near"]


def test_of_two_boundary_events_the_one_with_the_code_catches(memory: Platform):
    memory.deploy(
        process(
            start(),
            sub("q", start("qs"), end("qe", error("E1")), flows("qs qe")),
            boundary("b0", "q", error()),
            boundary("b1", "q", error("E1", 'camunda:errorCodeVariable="code"')),
            user("all"),
            user("one"),
            flows("s q", "b0 all", "b1 one"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    assert memory.names() == ["one"] and case.data == {"code": "E1"}


def test_an_error_end_that_nobody_catches_is_an_end_and_is_written_down(memory: Platform):
    memory.deploy(process(start(), end("e", error("E1")), flows("s e"), head=HEAD))
    case = memory.start("p")
    thrown = [event for event in case.history if event.kind == "thrown"]
    assert case.completed and thrown[0].data == {"event": "error", "code": "E1", "caught": False}


def test_an_escalation_goes_on_and_is_caught_beside(memory: Platform):
    memory.deploy(
        process(
            start(),
            sub(
                "q",
                several("2"),
                start("qs"),
                throw("th", escalation("X1")),
                user("t"),
                flows("qs th", "th t"),
            ),
            boundary("b", "q", escalation("X1"), interrupting=False),
            user("z"),
            flows("s q", "b z"),
            head=HEAD,
        )
    )
    memory.start("p")
    assert memory.names() == ["t", "t", "z", "z"]


def test_a_message_reaches_one_event_subprocess_per_instance(memory: Platform):
    esp = event_sub("esp", start("es", message("m")), user("et"), flows("es et"))
    memory.deploy(
        process(
            start(),
            sub("q", several("3"), start("qs"), user("t"), flows("qs t"), esp),
            user("z"),
            flows("s q", "q z"),
            head=HEAD,
        )
    )
    memory.start("p")
    memory.message("m")
    assert memory.names() == ["et", "t", "t"]
    memory.message("m")
    memory.message("m")
    for _ in range(3):
        memory.complete("et")
    assert memory.names() == ["z"]


def test_a_transaction_that_is_cancelled_undoes_and_leaves_over_its_cancel_event(memory: Platform):
    cancel = "<cancelEventDefinition/>"
    body = (
        start("ts"),
        user("book"),
        undoable("book", "unbook"),
        user("pay"),
        end("tc", cancel),
        flows("ts book", "book pay", "pay tc"),
    )
    memory.deploy(
        process(
            start(),
            node("transaction", "tx", *body),
            boundary("c", "tx", cancel),
            user("after"),
            user("cancelled"),
            flows("s tx", "tx after", "c cancelled"),
        )
    )
    case = memory.start("p")
    memory.complete("book")
    memory.complete("pay")
    assert memory.names() == ["unbook"]
    memory.complete("unbook")
    assert memory.names() == ["cancelled"]
    memory.complete("cancelled")
    assert case.completed


def test_a_nested_transaction_is_cancelled_alone(memory: Platform):
    cancel = "<cancelEventDefinition/>"
    inner = node(
        "transaction",
        "in",
        start("is"),
        user("w"),
        undoable("w", "undo_w"),
        end("ie", cancel),
        flows("is w", "w ie"),
    )
    outer = node(
        "transaction",
        "out",
        start("os"),
        user("first"),
        undoable("first", "undo_first"),
        inner,
        boundary("ic", "in", cancel),
        user("repaired"),
        flows("os first", "first in", "ic repaired"),
    )
    memory.deploy(
        process(
            start(),
            outer,
            boundary("oc", "out", cancel),
            user("never"),
            user("z"),
            flows("s out", "out z", "oc never"),
        )
    )
    memory.start("p")
    for label in ("first", "w", "undo_w"):
        memory.complete(label)
    assert memory.names() == ["repaired"]
    memory.complete("repaired")
    assert memory.names() == ["z"]


def test_terminate_ends_only_its_own_scope(memory: Platform):
    terminate = "<terminateEventDefinition/>"
    memory.deploy(
        process(
            start(),
            sub(
                "q",
                start("qs"),
                user("t"),
                user("u"),
                end("qe", terminate),
                flows("qs t", "qs u", "t qe"),
            ),
            user("z"),
            flows("s q", "q z"),
        )
    )
    memory.start("p")
    memory.complete("t")
    assert memory.names() == ["z"]


def test_terminate_of_the_process_says_so(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            user("b"),
            end("e", "<terminateEventDefinition/>"),
            flows("s a", "s b", "a e"),
        )
    )
    case = memory.start("p")
    memory.complete("a")
    assert case.live.ended == "terminated" and not case.tasks


def test_a_timer_around_nested_instances_takes_them_all_away(memory: Platform):
    inner = sub("in", several("2"), start("is"), user("t"), flows("is t"))
    memory.deploy(
        process(
            start(),
            sub(
                "q",
                start("qs"),
                inner,
                boundary("b2", "in", after("PT1H")),
                user("late"),
                flows("qs in", "b2 late"),
            ),
            boundary("b1", "q", after("P1D")),
            user("z"),
            flows("s q", "b1 z"),
        )
    )
    case = memory.start("p")
    memory.advance("PT61M")
    assert memory.names() == ["late"]
    memory.advance("P1D")
    assert memory.names() == ["z"] and not case.scopes
