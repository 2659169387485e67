"""A handler fails: the person's work is kept, the failing step tries again, then waits."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, errors
from app.accounts.models import Group
from app.db import db
from app.engine import delivery, repair, run
from app.engine.handlers import Step, handler
from app.engine.models import HandlerJournal, Token, UserTask
from app.jobs import queue, registry
from app.jobs.models import Job
from tests.engine import desk
from tests.engine.draw import (
    after,
    boundary,
    catch,
    end,
    flows,
    message,
    process,
    service,
    signal,
    start,
    user,
    xor,
)  # fmt: skip

trouble: dict[str, Exception | None] = {"error": None}
calls: list[str] = []


@handler(outputs=("number",))
def book(step: Step) -> dict:
    """A group is written, then trouble comes, if there is any."""
    calls.append(step.element_id)
    db.session.add(Group(id=f"booked-{step.element_id}", name="x"))
    db.session.flush()
    if trouble["error"] is not None:
        raise trouble["error"]
    return {"number": 7}


@handler(pure=True)
def not_pure(step: Step) -> None:
    """Breaks its promise."""
    db.session.add(Group(id="secret", name="x"))


@pytest.fixture(autouse=True)
def no_trouble():
    trouble["error"] = None
    calls.clear()


FLOW = process(
    start(), user("a"), service("first", "test_retry.book"), user("b"),
    service("second", "test_retry.book"), end(),
    flows("s a", "a first", "first b", "b second", "second e"),
)  # fmt: skip


def groups() -> set[str]:
    return set(db.session.scalars(sa.select(Group.id).where(Group.id.like("booked%"))))


def test_the_completion_is_kept_and_the_handlers_writing_is_gone(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("the mail server is away")
    done = desk.complete("a", by="lina", x=1)
    assert (done.state, done.completed_by) == ("done", "lina")
    assert desk.names() == [] and desk.state(case) == "active"
    assert groups() == set() and run.variables(case.id)["x"] == 1
    assert desk.history(case)[-1] == "failed"


def test_it_is_tried_again_after_a_minute_and_goes_on(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a")
    assert desk.work(seconds=59) == 0
    trouble["error"] = None
    assert desk.work(seconds=2) == 1
    assert desk.names() == ["b"] and groups() == {"booked-first"}
    assert run.variables(case.id)["number"] == 7
    assert desk.count(Job) == 0


def test_after_four_attempts_it_is_an_incident_with_values_and_stack(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a", x=1)
    for minutes in (2, 6, 31):
        assert desk.incidents() == []
        desk.work(minutes=minutes)
    (found,) = desk.incidents()
    assert (found.element_id, found.kind, found.message) == ("first", "handler", "away")
    assert found.values["x"] == 1 and "RuntimeError: away" in found.stack
    assert calls == ["first"] * 4
    db.session.refresh(case)
    assert case.incidents == 1


def test_the_models_own_cycle_counts(app: Flask):
    desk.publish(
        process(
            start(), user("a"),
            service("first", "test_retry.book",
                    '<extensionElements><camunda:failedJobRetryTimeCycle>R2/PT10M'
                    '</camunda:failedJobRetryTimeCycle></extensionElements>'),
            flows("s a", "a first"),
        )
    )  # fmt: skip
    desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a")
    assert desk.work(minutes=9) == 0
    assert desk.work(minutes=2) == 1
    assert len(desk.incidents()) == 1


def test_waits_that_grow_are_kept_to_the_second(app: Flask):
    grows = ("<extensionElements><camunda:failedJobRetryTimeCycle>PT1M,PT10M,PT1H"
             "</camunda:failedJobRetryTimeCycle></extensionElements>")  # fmt: skip
    aside = service("first", "test_retry.book", grows, camunda_asyncBefore="true")
    desk.publish(process(start(), aside, user("b"), flows("s first", "first b")))
    trouble["error"] = RuntimeError("away")
    desk.begin()
    assert desk.work() == 1
    for seconds in (60, 600, 3600):
        assert desk.incidents() == [] and desk.work(seconds=seconds - 1) == 0
        assert desk.work(seconds=1) == 1
    (found,) = desk.incidents()
    assert found.attempts == len(calls) == 4 and desk.work(days=30) == 0


def test_an_incident_that_is_retried_goes_on_and_is_resolved(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a")
    for minutes in (2, 6, 31):
        desk.work(minutes=minutes)
    (found,) = desk.incidents()
    with pytest.raises(errors.ShunliuError):
        repair.retry(found.id, reason="noch einmal", by="zhouning")
    db.session.rollback()
    trouble["error"] = None
    repair.retry(found.id, reason="mail server is back", by="zhouning")
    db.session.commit()
    assert desk.names() == ["b"] and desk.incidents() == []
    db.session.refresh(found)
    assert (found.state, found.resolved_by) == ("resolved", "zhouning")
    db.session.refresh(case)
    assert case.incidents == 0 and "retried" in desk.history(case)


def test_a_gateway_without_way_out_is_repaired_by_changing_a_variable(app: Flask):
    desk.publish(
        process(
            start(), user("a"), xor("which"), user("small"), user("big"),
            flows("s a", "a which", "which small ${n < 5}", "which big ${n > 5}"),
        )
    )  # fmt: skip
    desk.begin()
    desk.complete("a", n=5)
    (found,) = desk.incidents()
    assert (found.element_id, found.kind, found.values) == ("which", "no_way_out", {"n": 5})
    repair.retry(found.id, reason="6 was meant", by="zhouning", variables={"n": 6})
    db.session.commit()
    assert desk.names() == ["big"] and desk.incidents() == []


def test_a_failing_boundary_timer_stops_in_front_of_its_task(app: Flask):
    desk.publish(
        process(
            start(), user("a"), user("b"), boundary("late", "b", after("${wait}")), end(),
            flows("s a", "a b", "b e", "late e"),
        )
    )  # fmt: skip
    desk.begin()
    desk.complete("a", wait="soon")
    (found,) = desk.incidents()
    assert found.element_id == "b" and desk.names() == []
    repair.retry(found.id, reason="a real time", by="zhouning", variables={"wait": "PT1H"})
    db.session.commit()
    assert desk.names() == ["b"]


def test_a_later_failure_leaves_the_earlier_handlers_result(app: Flask):
    desk.publish(
        process(
            start(), user("a"), service("first", "test_retry.book"),
            service("second", "test_retry.absent"), flows("s a", "a first", "first second"),
        )
    )  # fmt: skip
    desk.begin()
    desk.complete("a")
    assert groups() == {"booked-first"}
    assert [one.element_id for one in desk.incidents()] == ["second"]
    assert db.session.scalars(sa.select(HandlerJournal.handler)).all() == ["test_retry.book"]


def test_a_database_error_in_a_handler_does_not_spoil_the_step(app: Flask):
    desk.publish(FLOW)
    desk.begin()
    db.session.add(Group(id="booked-first", name="there already"))
    db.session.commit()
    assert desk.complete("a").state == "done"
    assert desk.history(desk.count and db.session.get(UserTask, 1).instance)[-1] == "failed"


def test_a_pure_handler_that_writes_is_found_out(app: Flask):
    desk.publish(
        process(start(), user("a"), service("call", "test_retry.not_pure"), flows("s a", "a call"))
    )
    desk.begin()
    desk.complete("a")
    assert db.session.get(Group, "secret") is None
    job = db.session.scalars(sa.select(Job)).one()
    assert job.run_at == clock.now() + dt.timedelta(minutes=1)


def test_async_before_runs_in_a_transaction_of_its_own(app: Flask):
    desk.publish(
        process(
            start(), user("a"), service("first", "test_retry.book", camunda_asyncBefore="true"),
            user("b"), flows("s a", "a first", "first b"),
        )
    )  # fmt: skip
    desk.begin()
    desk.complete("a")
    assert calls == [] and desk.names() == []
    assert desk.work() == 1
    assert calls == ["first"] and desk.names() == ["b"]


def test_what_comes_behind_async_after_cannot_undo_the_step(app: Flask):
    desk.publish(
        process(
            start(), user("a", camunda_asyncAfter="true"), service("first", "test_retry.book"),
            user("b"), flows("s a", "a first", "first b"),
        )
    )  # fmt: skip
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    assert desk.complete("a", x=1).state == "done"
    assert calls == [] and run.variables(case.id)["x"] == 1, "the person waits for nothing more"
    desk.work()
    assert calls == ["first"] and desk.names() == [] and desk.incidents() == []
    trouble["error"] = None
    desk.work(minutes=1)
    assert desk.names() == ["b"] and groups() == {"booked-first"} and desk.count(Job) == 0


def test_a_suspended_case_waits_and_then_goes_on(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a")
    run.suspend(case.id, "holiday", "zhouning")
    db.session.commit()
    trouble["error"] = None
    assert desk.work(hours=2) == 0
    with pytest.raises(run.NotRunning):
        run.set_variables(case.id, {"x": 1}, by="zhouning")
    run.unsuspend(case.id, "back", "zhouning")
    db.session.commit()
    assert desk.work() == 1 and desk.names() == ["b"]


def test_a_cancelled_case_has_no_tasks_jobs_or_incidents_left(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    trouble["error"] = RuntimeError("away")
    desk.complete("a")
    run.cancel(case.id, "entered twice", "zhouning")
    db.session.commit()
    assert desk.state(case) == "cancelled"
    assert desk.count(Job) == 0 and desk.work(hours=1) == 0
    with pytest.raises(run.NotRunning):
        run.cancel(case.id, "again", "zhouning")


CATCHES = process(
    start(), catch("wait", message("m")), user("then"), end(),
    flows("s wait", "wait then", "then e"), head='<message id="m" name="paid"/>',
)  # fmt: skip
HEARS = process(
    start(), catch("wait", signal("g")), user("then"), end(),
    flows("s wait", "wait then", "then e"), head='<signal id="g" name="paid"/>',
)  # fmt: skip


@pytest.mark.parametrize(("kind", "flow"), [("message_to", CATCHES), ("signal", HEARS)])
def test_a_receiver_that_never_takes_what_was_sent_has_an_incident_and_can_be_repaired(
    app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str, flow: tuple[str, bytes]
):
    desk.publish(flow)
    case = desk.begin()
    (token,) = db.session.scalars(sa.select(Token.token_id).where(Token.element_id == "wait"))
    payload = {"instance_id": case.id, "token_id": token, "variables": {"sum": 5}, "by": None}
    queue.enqueue(f"engine.{kind}", payload, subject="sent:999")
    db.session.commit()

    def fails(*_args: object, **_how: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(delivery.step, "advance", fails)
    for minutes in (0, 2, 6, 31):
        assert desk.incidents() == []
        desk.work(minutes=minutes)
    monkeypatch.undo()
    (found,) = desk.incidents()
    assert (found.instance_id, found.token_id, found.message) == (case.id, token, "broken")
    repair.retry(found.id, reason="repaired", by="zhouning")
    db.session.commit()
    assert desk.work() == 1 and desk.names() == ["then"]
    assert run.variables(case.id)["sum"] == 5 and desk.count(Job) == 0


def test_an_effect_that_never_goes_is_an_incident_of_its_case_and_can_be_repaired(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    queue.enqueue("test.effect", {}, subject=f"effect:{case.id}")
    db.session.commit()
    trouble["error"] = RuntimeError("away")
    desk.work()
    (found,) = desk.incidents()
    assert (found.instance_id, found.kind, found.element_id) == (case.id, "effect", None)
    assert found.message == "没有发送成功（test.effect）：away"
    trouble["error"] = None
    repair.retry(found.id, reason="it is back", by="zhouning")
    db.session.commit()
    assert desk.work() == 1 and calls == ["effect", "effect"] and desk.incidents() == []


@registry.job("test.effect", retries=())
def effect(_payload: dict, _job: Job) -> None:
    """Goes out of the house, if there is no trouble."""
    calls.append("effect")
    if trouble["error"] is not None:
        raise trouble["error"]


def test_every_kind_of_job_that_belongs_to_a_case_tells_when_it_gives_up():
    once = [kind for kind in registry.kinds.values() if kind.every is None]
    silent = {kind.name for kind in once if kind.gave_up is None and not _is_test(kind.name)}
    assert silent == set()


def _is_test(name: str) -> bool:
    return name.startswith(("test.", "proof.", "reliability."))
