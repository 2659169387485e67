"""asyncBefore and asyncAfter: tokens that another transaction goes on with."""

from tests.engine.draw import (
    HEAD,
    boundary,
    extension,
    flows,
    message,
    node,
    process,
    service,
    several,
    start,
    user,
)
from tests.engine.memory import Platform


def test_a_token_stops_before_and_goes_on_by_a_job(memory: Platform):
    called = []
    memory.handlers["v"] = lambda call: called.append(1)
    retries = extension(
        "<camunda:failedJobRetryTimeCycle>R3/PT5M</camunda:failedJobRetryTimeCycle>"
    )
    memory.deploy(
        process(
            start(),
            service("v", "v", retries, camunda_asyncBefore="true"),
            user("a"),
            flows("s v", "v a"),
        )
    )
    case = memory.start("p")
    row = next(iter(case.waits["jobs"].values()))
    assert (row.element_id, row.kind, row.retries) == ("v", "before", "R3/PT5M")
    assert not called and case.incident is None
    assert memory.run_jobs() == 1
    assert called and memory.names() == ["a"] and not case.waits["jobs"]


def test_a_task_done_stops_after_and_goes_on_by_a_job(memory: Platform):
    memory.deploy(
        process(
            start(),
            user("a", camunda_asyncAfter="true"),
            boundary("b", "a", message("m")),
            user("z"),
            user("y"),
            flows("s a", "a z", "b y"),
            head=HEAD,
        )
    )
    case = memory.start("p")
    memory.complete("a", n=1)
    assert memory.names() == [] and case.data == {"n": 1} and not case.waits["messages"]
    assert [row.kind for row in case.waits["jobs"].values()] == ["after"]
    memory.run_jobs()
    assert memory.names() == ["z"]


def test_before_and_after_together(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("task", "t", camunda_asyncBefore="true", camunda_asyncAfter="true"),
            user("z"),
            flows("s t", "t z"),
        )
    )
    memory.start("p")
    assert memory.run_jobs() == 1 and memory.names() == []
    assert memory.run_jobs() == 1 and memory.names() == ["z"]


def test_each_instance_may_be_a_job_of_its_own(memory: Platform):
    called = []
    memory.handlers["v"] = lambda call: called.append(call.loop_index)
    loop = (
        several("3")
        .replace("<multiInstance", "<multiInstance", 1)
        .replace(" isSequential", ' camunda:asyncBefore="true" isSequential')
    )
    memory.deploy(process(start(), service("v", "v", loop), user("z"), flows("s v", "v z")))
    case = memory.start("p")
    assert len(case.waits["jobs"]) == 3
    memory.run_jobs()
    assert called == [0, 1, 2] and memory.names() == ["z"]


def test_a_start_event_may_be_a_job(memory: Platform):
    memory.deploy(process(start("s", camunda_asyncBefore="true"), user("a"), flows("s a")))
    case = memory.start("p")
    assert memory.names() == [] and not case.completed
    memory.run_jobs()
    assert memory.names() == ["a"]


def test_an_inclusive_join_waits_for_a_branch_that_is_a_job(memory: Platform):
    memory.deploy(
        process(
            start(),
            node("inclusiveGateway", "f"),
            node("task", "a"),
            node("task", "b", camunda_asyncBefore="true"),
            node("inclusiveGateway", "j"),
            user("z"),
            flows("s f", "f a", "f b", "a j", "b j", "j z"),
        )
    )
    memory.start("p")
    assert memory.names() == []
    memory.run_jobs()
    assert memory.names() == ["z"]
