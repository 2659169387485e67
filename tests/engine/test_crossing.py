"""Transactions that meet half-way: none waits for another in a circle, none overlooks another.

On SQLite one writer has the whole file, so there they follow one another.
"""

import contextlib
import threading

import pytest
from flask import Flask

from app.db import db
from app.engine import run
from app.engine.models import KeptMessage
from tests.engine import desk
from tests.engine.draw import catch, end, flows, node, process, signal, start, user
from tests.engine.other import Other

HEARS = process(
    start(), catch("wait", signal("g")), user("after"), flows("s wait", "wait after"),
    id="hears", head='<signal id="g" name="storm"/>',
)  # fmt: skip
WAITS = process(
    start(), user("first"), node("receiveTask", "wait", messageRef="m"), user("after"), end(),
    flows("s first", "first wait", "wait after", "after e"), id="waits",
    head='<message id="m" name="paid"/>',
)  # fmt: skip
PLAIN = process(start(), user("a"), user("b"), end(), flows("s a", "a b", "b e"))


def cases(count: int) -> list[int]:
    ids = [desk.begin("hears").id for _ in range(count)]
    db.session.remove()
    return ids


def test_two_who_hold_a_case_and_broadcast_do_not_wait_for_each_other(app: Flask):
    desk.publish(HEARS)
    first, second = cases(2)
    both_hold = threading.Barrier(2)

    def broadcast_from(case_id: int) -> None:
        run.case(case_id)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_hold.wait(2)
        run.broadcast("storm")

    others = [Other(app, lambda id=id: broadcast_from(id)) for id in (first, second)]
    assert [one.ended().problem for one in others] == [None, None]
    desk.work()
    assert desk.names() == ["after", "after"], "each case has heard it once"


def test_who_completes_while_the_case_ends_is_told(app: Flask):
    desk.publish(PLAIN)
    case = desk.begin().id
    task = desk.task("a").id
    db.session.remove()
    run.case(case)
    other = Other(app, lambda: run.complete(task, {}, by="lina"))
    other.waits()
    run.cancel(case, "no longer needed", "zhouning")
    db.session.commit()
    assert isinstance(other.ended().problem, run.TaskGone)
    assert desk.names() == []


def test_a_case_that_begins_to_wait_while_a_message_is_kept_has_it(app: Flask):
    desk.publish(WAITS)
    desk.begin("waits")
    task = desk.task("first").id
    db.session.remove()
    assert run.correlate("paid", "A-1", keep=True) == 0
    other = Other(app, lambda: run.complete(task, {}, by="lina"))
    other.waits()
    db.session.commit()
    assert other.ended().problem is None
    desk.work()
    assert desk.names() == ["after"] and desk.count(KeptMessage) == 0


def test_a_message_sent_while_a_case_begins_to_wait_reaches_it(app: Flask):
    desk.publish(WAITS)
    desk.begin("waits")
    run.complete(desk.task("first").id, {}, by="lina")
    other = Other(app, lambda: run.correlate("paid", "A-1", keep=True))
    other.waits()
    db.session.commit()
    assert other.ended().problem is None
    assert desk.names() == ["after"] and desk.count(KeptMessage) == 0


TWICE = process(
    start(), node("parallelGateway", "fork"), node("receiveTask", "one", messageRef="m"),
    node("receiveTask", "two", messageRef="m"), user("first"), user("second"),
    flows("s fork", "fork one", "fork two", "one first", "two second"), id="twice",
    head='<message id="m" name="paid"/>',
)  # fmt: skip


def correlated(app: Flask, *, keep: bool) -> Exception | None:
    """Somebody sends the message once more, while this transaction has just sent it."""
    other = Other(app, lambda: run.correlate("paid", keep=keep))
    other.waits()
    db.session.commit()
    return other.ended().problem


@pytest.mark.parametrize("keep", [False, True])
def test_two_messages_at_once_reach_the_two_that_wait(app: Flask, keep: bool):
    desk.publish(TWICE)
    desk.begin("twice")
    db.session.remove()
    run.correlate("paid")
    assert correlated(app, keep=keep) is None
    assert desk.names() == ["first", "second"] and desk.count(KeptMessage) == 0


def test_the_second_of_two_messages_for_one_is_told_that_nobody_waits(app: Flask):
    desk.publish(WAITS)
    desk.begin("waits")
    run.complete(desk.task("first").id, {}, by="lina")
    db.session.commit()
    db.session.remove()
    run.correlate("paid")
    assert isinstance(correlated(app, keep=False), run.NobodyWaits)
    assert desk.names() == ["after"]
