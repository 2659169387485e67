"""Python that service tasks call: registered once, filled from variables, journalled."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from app import signals
from app.db import db
from app.engine import handlers, run
from app.engine.handlers import HandlerError, Step, handler
from app.engine.models import HandlerJournal
from app.jobs import queue, registry
from app.jobs.models import Job
from tests.engine import desk
from tests.engine.draw import end, flows, process, service, start, user

kept: list[Step] = []
sent: list[dict] = []


@handler(outputs=("total", "on"), pure=True)
def add(
    step: Step, *, one: Decimal, other: Decimal | None = None, rows: list | None = None
) -> dict:
    """两数相加。"""
    kept.append(step)
    if rows is not None:
        rows.append("changed by the handler")
    return {"total": one + (other or 0), "on": dt.date(2026, 3, 10)}


@handler(outputs=("a",))
def wrong_name(step: Step) -> dict:
    """Returns what it did not declare."""
    return {"b": 1}


@handler()
def no_dict(step: Step) -> list:
    """Returns what is no dict."""
    return [1]


@handler()
def cannot_be_stored(step: Step) -> dict:
    """Returns an object."""
    return {"x": object()}


@handler()
def outside(step: Step) -> None:
    """Sends a mail, and changes the key."""
    step.set_business_key("K-1")
    step.effect("test.mail", {"to": "a@example.com"})


@registry.job("test.mail")
def mail(payload: dict, _job: Job) -> None:
    """The mail is on its way."""
    sent.append(payload)


def flow(topic: str) -> tuple[str, bytes]:
    return process(
        start(), user("a"), service("call", f"test_handlers.{topic}"), user("b"), end(),
        flows("s a", "a call", "call b", "b e"),
    )  # fmt: skip


def test_what_is_known_of_a_handler_describes_it():
    found = handlers.get("test_handlers.add")
    assert found is not None
    assert (found.outputs, found.pure, found.documentation) == (("total", "on"), True, "两数相加。")
    assert [(p.name, p.required) for p in found.parameters] == [
        ("one", True), ("other", False), ("rows", False),
    ]  # fmt: skip
    assert found.parameters[0].type == "Decimal"
    assert "test_handlers.add" in handlers.every()


def test_a_topic_belongs_to_one_function():
    def add(step: Step) -> None:
        """Another one."""

    before = handlers.get("test_handlers.add")
    with pytest.raises(HandlerError, match="taken"):
        handler(topic="test_handlers.add")(add)
    assert handlers.get("test_handlers.add") is before


def test_a_signature_that_cannot_be_filled_is_refused_and_not_registered():
    def bad(step: Step, amount: int) -> None:
        """Its parameter is not by keyword."""

    with pytest.raises(HandlerError, match=r"\*"):
        handler(topic="test_handlers.bad")(bad)
    assert handlers.get("test_handlers.bad") is None


def test_parameters_are_filled_by_name_and_results_keep_their_types(app: Flask):
    desk.publish(flow("add"))
    case = desk.begin(one=Decimal("0.1"), other=Decimal("0.2"))
    desk.complete("a")
    found = run.variables(case.id)
    assert found["total"] == Decimal("0.3") and found["on"] == dt.date(2026, 3, 10)


def test_a_handler_cannot_change_variables_behind_the_engines_back(app: Flask):
    desk.publish(flow("add"))
    case = desk.begin(one=1, rows=[1])
    desk.complete("a")
    assert run.variables(case.id)["rows"] == [1]
    step = kept[-1]
    step.variables["rows"].append(2)
    assert step.variables["rows"] == [1]


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("add", "needs the variable `one`"),
        ("wrong_name", "declare it in outputs"),
        ("no_dict", "must return a dict"),
        ("cannot_be_stored", "cannot be stored"),
    ],
)
def test_a_misused_handler_says_what_is_wrong(app: Flask, topic: str, words: str):
    desk.publish(flow(topic))
    desk.begin()
    desk.complete("a")
    for minutes in (2, 6, 31):
        desk.work(minutes=minutes)
    (found,) = desk.incidents()
    assert words in found.message


def test_effects_happen_after_the_commit_and_once(app: Flask):
    sent.clear()
    desk.publish(flow("outside"))
    case = desk.begin()
    run.complete(desk.task("a").id, {}, by="lina")
    assert sent == []
    db.session.commit()
    assert queue.run_due() == 1 and queue.run_due() == 0
    assert sent == [{"to": "a@example.com"}]
    assert (case.business_key, desk.task("b").business_key) == ("K-1", "K-1")


def test_a_step_that_is_rolled_back_has_no_effect(app: Flask):
    sent.clear()
    desk.publish(flow("outside"))
    desk.begin()
    run.complete(desk.task("a").id, {}, by="lina")
    db.session.rollback()
    assert queue.run_due() == 0 and sent == []


def test_the_journal_keeps_what_a_handler_answered(app: Flask):
    desk.publish(flow("outside"))
    case = desk.begin()
    desk.complete("a")
    row = db.session.scalars(sa.select(HandlerJournal)).one()
    assert row.handler == "test_handlers.outside"
    assert row.key.startswith(f"{case.id}:call:") and row.result == {}


def test_higher_rooms_are_told_inside_the_transaction(app: Flask):
    heard: list[tuple[str, dict]] = []

    def listener(name: str):
        return lambda _sender, **facts: heard.append((name, facts))

    names = ("instance_started", "task_opened", "task_closed", "instance_ended")
    listeners = {name: listener(name) for name in names}
    for name, receiver in listeners.items():
        getattr(signals, name).connect(receiver)
    try:
        desk.publish(process(start(), user("a", camunda_candidateUsers="lina"), flows("s a")))
        desk.begin()
        desk.complete("a", by="lina")
    finally:
        for name, receiver in listeners.items():
            getattr(signals, name).disconnect(receiver)
    assert [name for name, _ in heard] == [
        "instance_started", "task_opened", "task_closed", "instance_ended",
    ]  # fmt: skip
    assert heard[1][1]["task"]["candidates"] == [("user", "lina", None)]
    told = {name: value for name, value in heard[2][1].items() if name != "facts"}
    assert told == {"task_id": heard[1][1]["task_id"], "state": "done", "by": "lina"}
    assert heard[2][1]["facts"].task(told["task_id"])["element_id"] == "a"
