"""Messages, signals, timers, conditions, links and multiple events: caught, thrown, on boundaries,
at the start.
"""

import pytest

from app.engine.failures import Stuck
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    conditional,
    end,
    event_sub,
    extension,
    flows,
    mappings,
    message,
    node,
    process,
    properties,
    service,
    signal,
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.memory import NobodyWaits, Platform


def test_a_message_reaches_only_the_wait_with_its_key(memory: Platform):
    memory.deploy(
        process(
            start(),
            catch("c", extension(properties(correlationKey="order_no")), message("m")),
            user("a"),
            flows("s c", "c a"),
            head=HEAD,
        )
    )
    one, two = memory.start("p", {"order_no": "A1"}), memory.start("p", {"order_no": "A2"})
    memory.message("m", {"paid": 5}, key="A2")
    assert not one.tasks and two.data["paid"] == 5
    with pytest.raises(NobodyWaits):
        memory.message("m", key="A3")


def test_several_message_starts_begin_at_their_own_event(memory: Platform):
    memory.deploy(
        process(
            start("s1", message("m1")),
            start("s2", message("m2")),
            start("s0"),
            user("a"),
            user("b"),
            user("c"),
            flows("s1 a", "s2 b", "s0 c"),
            head=HEAD,
        )
    )
    memory.message("m2", {"x": 1})
    assert memory.names() == ["b"]
    memory.start("p")
    assert memory.names() == ["b", "c"]


def test_a_process_with_message_starts_only_has_no_plain_start(memory: Platform):
    memory.deploy(
        process(
            start("s1", message("m1")),
            start("s2", message("m2")),
            user("a"),
            flows("s1 a", "s2 a"),
            head=HEAD,
        )
    )
    with pytest.raises(Stuck) as caught:
        memory.start("p")
    assert caught.value.reason == "no_start"


def test_a_send_task_carries_key_and_input_parameters(memory: Platform):
    send = node(
        "sendTask",
        "t",
        extension(properties(correlationKey="no"), mappings({"amount": "${total + 1}"})),
        messageRef="m",
    )
    memory.deploy(process(start(), send, flows("s t"), head=HEAD))
    case = memory.start("p", {"no": "K7", "total": 4, "secret": 1}, business_key="B1")
    sent = memory.sent[0]
    assert (sent.name, sent.key, sent.variables, sent.business_key) == (
        "m",
        "K7",
        {"amount": 5},
        "B1",
    )
    assert case.completed and "amount" not in case.data


def test_a_message_thrown_by_one_process_is_caught_by_another(memory: Platform):
    memory.deploy(
        process(start(), end("e", message("m")), flows("s e"), head=HEAD),
        process(start("s2", message("m")), user("heard"), flows("s2 heard"), id="q", head=HEAD),
    )
    memory.start("p")
    assert memory.names() == ["heard"]


def test_a_message_event_with_a_topic_is_done_by_its_handler(memory: Platform):
    by_handler = (
        '<messageEventDefinition messageRef="m" camunda:type="external" camunda:topic="mail.send"/>'
    )
    memory.handlers["mail.send"] = lambda call: {"mailed": call.element_id}
    memory.deploy(
        process(start(), throw("t", by_handler), user("a"), flows("s t", "t a"), head=HEAD)
    )
    assert memory.start("p").data == {"mailed": "t"} and not memory.sent


def test_a_signal_carries_its_payload_to_everyone(memory: Platform):
    payload = extension(
        '<camunda:in source="n" target="heard"/>',
        '<camunda:in sourceExpression="${n * 2}" target="two"/>',
    )
    memory.deploy(
        process(start(), catch("c", signal("g")), user("a"), flows("s c", "c a"), head=HEAD),
        process(
            start(), throw("t", signal("g", payload)), end(), flows("s t", "t e"), id="q", head=HEAD
        ),
    )
    one, two = memory.start("p"), memory.start("p")
    memory.start("q", {"n": 4})
    assert one.data == two.data == {"heard": 4, "two": 8}


def test_a_signal_thrown_inside_interrupts_the_boundary_around_it_at_once(memory: Platform):
    inner = sub("q", start("qs"), throw("t", signal("g")), user("never"), flows("qs t", "t never"))
    memory.deploy(
        process(
            start(),
            inner,
            boundary("b", "q", signal("g")),
            user("z"),
            flows("s q", "b z"),
            head=HEAD,
        )
    )
    memory.start("p")
    assert memory.names() == ["z"]


def test_a_signal_start_and_a_signal_end(memory: Platform):
    memory.deploy(
        process(start(), end("e", signal("g")), flows("s e"), head=HEAD),
        process(start("s2", signal("g")), user("heard"), flows("s2 heard"), id="q", head=HEAD),
    )
    memory.start("p")
    assert memory.names() == ["heard"]


@pytest.mark.parametrize(
    ("cycle", "times"), [("R3/PT1H", 3), ("R/PT1H", 5), ("0 0 * * * ?", 5), ("PT1H", 1)]
)
def test_a_noninterrupting_timer_repeats_as_its_cycle_says(
    memory: Platform, cycle: str, times: int
):
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", timer("timeCycle", cycle), interrupting=False),
            user("late"),
            flows("s a", "b late"),
        )
    )
    memory.start("p")
    memory.advance("PT5H1M")
    assert memory.names() == ["a", *["late"] * times]
    memory.complete("a")
    assert not memory.cases[0].waits["timers"]


def test_a_cycle_without_pause_fires_at_most_once_a_second(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", timer("timeCycle", "R/PT0S"), interrupting=False),
            node("task", "n"),
            flows("s a", "b n"),
        )
    )
    case = memory.start("p")
    memory.advance("PT10S")
    assert sum(event.kind == "fired" for event in case.history) <= 11


def test_a_timer_start_repeats(memory: Platform):
    memory.deploy(process(start("s", timer("timeCycle", "R3/PT10M")), user("a"), flows("s a")))
    memory.advance("PT5H")
    assert memory.names() == ["a"] * 3


def test_a_timer_reads_dates_and_durations_from_variables(memory: Platform):
    memory.deploy(
        process(
            start(),
            catch("t", timer("timeDate", '${date and time("2026-01-01T10:00:00Z")}')),
            catch("u", after("${wait}")),
            user("a"),
            flows("s t", "t u", "u a"),
        )
    )
    memory.start("p", {"wait": "PT30M"})
    memory.advance("PT2H")
    assert memory.names() == []
    memory.advance("PT1H")
    assert memory.names() == ["a"]


def test_a_time_that_is_none_names_the_element(memory: Platform):
    memory.deploy(process(start(), catch("t", after("${wait}")), flows("s t")))
    with pytest.raises(Stuck) as caught:
        memory.start("p", {"wait": "soon"})
    assert caught.value.element == "t"


def test_a_condition_is_looked_at_when_variables_change(memory: Platform):
    memory.deploy(
        process(start(), catch("c", conditional("${v = 1}")), user("a"), flows("s c", "c a"))
    )
    memory.start("p")
    memory.set(v=0)
    assert memory.names() == []
    memory.set(v=1)
    assert memory.names() == ["a"]


def test_a_condition_may_ask_for_one_variable_and_kind_of_change(memory: Platform):
    more = 'camunda:variableName="v" camunda:variableEvents="update"'
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", conditional("${true}", more), interrupting=False),
            user("z"),
            flows("s a", "b z"),
        )
    )
    memory.start("p")
    assert memory.names() == ["a", "z"]  # it is looked at once when it begins to wait
    memory.set(w=1)
    memory.set(v=1)
    assert memory.names() == ["a", "z"]
    memory.set(v=2)
    assert memory.names() == ["a", "z", "z"]


def test_a_condition_of_an_event_subprocess_interrupts_its_scope(memory: Platform):
    alarm = event_sub("alarm", start("as", conditional("${v = 1}")), user("et"), flows("as et"))
    memory.deploy(
        process(
            start(),
            sub("q", start("qs"), user("t"), user("t2"), flows("qs t", "t t2"), alarm),
            user("z"),
            flows("s q", "q z"),
        )
    )
    memory.start("p")
    memory.complete("t", v=1)
    assert memory.names() == ["et"]
    memory.complete("et")
    assert memory.names() == ["z"]


def test_a_link_is_a_flow(memory: Platform):
    link = '<linkEventDefinition name="on"/>'
    memory.deploy(
        process(start(), throw("t", link), catch("c", link), user("a"), flows("s t", "c a"))
    )
    memory.start("p")
    assert memory.names() == ["a"]


def test_a_multiple_catch_takes_the_first_and_a_parallel_one_needs_all(memory: Platform):
    both = message("m") + signal("g")
    memory.deploy(
        process(start(), catch("c", both), user("a"), flows("s c", "c a"), head=HEAD),
        process(
            start(),
            catch("c", both, parallelMultiple="true"),
            user("b"),
            flows("s c", "c b"),
            id="q",
            head=HEAD,
        ),
    )
    memory.start("p")
    memory.message("m")
    assert memory.names() == ["a"]
    with pytest.raises(NobodyWaits):
        memory.signal("g")
    memory.start("q")
    memory.message("m")
    assert memory.names() == ["a"]
    memory.signal("g")
    assert memory.names() == ["a", "b"]


def test_multiple_boundary_events_any_or_all(memory: Platform):
    both = message("m") + signal("g")
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", both, interrupting=False),
            user("any"),
            boundary("c", "a", both, interrupting=False, parallelMultiple="true"),
            user("all"),
            flows("s a", "b any", "c all"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    assert len(case.waits["messages"]) == 2
    memory.step(case, "deliver", min(case.waits["messages"]), None)
    assert memory.names() == ["a", "any"]
    memory.step(case, "deliver", max(case.waits["messages"]), None)
    memory.step(case, "deliver", max(case.waits["signals"]), None)
    assert memory.names() == ["a", "all", "any"]
    memory.step(case, "deliver", max(case.waits["signals"]), None)
    memory.step(case, "deliver", max(case.waits["messages"]), None)
    assert memory.names() == ["a", "all", "all", "any"]


def test_several_things_are_thrown_by_one_event(memory: Platform):
    memory.deploy(
        process(
            start(),
            throw("t", signal("g1"), message("m")),
            user("a"),
            flows("s t", "t a"),
            head=HEAD,
        ),
        process(start("s2", signal("g1")), user("x"), flows("s2 x"), id="q", head=HEAD),
    )
    memory.start("p")
    assert memory.names() == ["a", "x"] and [sent.name for sent in memory.sent] == ["m"]


def test_a_receive_task_without_message_is_continued_by_hand(memory: Platform):
    memory.deploy(process(start(), node("receiveTask", "r"), user("a"), flows("s r", "r a")))
    case = memory.start("p")
    memory.step(case, "trigger", next(iter(case.live.open)), {"n": 1})
    assert memory.names() == ["a"] and case.data == {"n": 1}


def test_an_event_that_waits_is_gone_when_its_task_is_done(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a"),
            boundary("b", "a", message("m")),
            boundary("t", "a", after("P1D")),
            user("z"),
            user("y"),
            flows("s a", "a z", "b y", "t y"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    assert case.waits["messages"] and case.waits["timers"]
    memory.complete("a")
    assert not any(case.waits.values()) and memory.names() == ["z"]
    with pytest.raises(NobodyWaits):
        memory.message("m")


def test_delivering_to_a_token_that_does_not_wait_is_a_key_error(memory: Platform):
    memory.handlers["x"] = lambda call: None
    memory.deploy(process(start(), service("v", "x"), user("a"), flows("s v", "v a")))
    case = memory.start("p")
    with pytest.raises(KeyError):
        memory.step(case, "deliver", 99, None)


def test_a_message_whose_name_is_empty_names_the_element(memory: Platform):
    head = '<message id="dynamic" name="${topic}"/>'
    body = (start(), catch("c", message("dynamic")), flows("s c"))
    memory.deploy(process(*body, head=head))
    with pytest.raises(Stuck) as caught:
        memory.start("p", {"topic": None})
    assert (caught.value.element, caught.value.values) == ("c", {"topic": None})
    memory.start("p", {"topic": "news"})
    memory.message("news")
    assert memory.cases[0].completed
