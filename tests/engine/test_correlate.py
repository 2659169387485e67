"""Messages find their one receiver, signals everybody."""

import pytest
from flask import Flask

from app import workspace
from app.db import db
from app.engine import run, waits
from app.engine.handlers import Step, handler
from app.engine.models import Instance, KeptMessage
from app.engine.run import NobodyWaits
from tests.engine import desk
from tests.engine.draw import (
    catch,
    end,
    flows,
    message,
    node,
    process,
    service,
    signal,
    start,
    throw,
    user,
)

HEAD = '<message id="m" name="paid"/><signal id="g" name="storm"/>'
CATCH = process(
    start(),
    node("receiveTask", "wait", messageRef="m"),
    user("after"),
    end(),
    flows("s wait", "wait after", "after e"),
    id="catching",
    head='<message id="m" name="paid"/>',
)
STARTED = process(
    start("s", message("m")), user("begun"), flows("s begun"), id="started", head=HEAD
)


@handler()
def send_paid(step: Step, *, receiver: str | None = None) -> None:
    """The message leaves with the step."""
    step.send("paid", receiver, {"sum": 5})


SENDER = process(
    start(), user("pay"), service("tell", "test_correlate.send_paid"), user("told"),
    flows("s pay", "pay tell", "tell told"), id="sender",
)  # fmt: skip


def waiting(key: str) -> Instance:
    made = run.start("catching", {}, by="zhangwei", business_key=key)
    db.session.commit()
    return made


def test_the_business_key_says_who_is_meant(app: Flask):
    desk.publish(CATCH)
    one, other = waiting("A-1"), waiting("A-2")
    assert run.correlate("paid", "A-2", {"sum": 7}) == other.id
    db.session.commit()
    assert desk.names(one) == [] and desk.names(other) == ["after"]
    assert run.variables(other.id)["sum"] == 7


def test_a_message_for_two_cases_is_refused_in_words(app: Flask):
    desk.publish(CATCH)
    waiting("A-1"), waiting("A-2")
    with pytest.raises(waits.SeveralWait, match="2"):
        run.correlate("paid")


def test_a_message_nobody_waits_for_is_refused_or_kept(app: Flask):
    desk.publish(CATCH)
    with pytest.raises(NobodyWaits):
        run.correlate("paid", "A-1")
    assert run.correlate("paid", "A-1", {"sum": 3}, keep=True) == 0
    case = waiting("A-1")
    assert desk.names(case) == ["after"]
    assert run.variables(case.id)["sum"] == 3
    assert desk.count(KeptMessage) == 0


def test_a_kept_message_expires_after_seven_days(app: Flask):
    desk.publish(CATCH)
    run.correlate("paid", "A-1", keep=True)
    db.session.commit()
    desk.work(days=8)
    assert desk.names(waiting("A-1")) == []


def test_a_message_that_no_process_catches_is_not_kept(app: Flask):
    desk.publish(CATCH)
    with pytest.raises(NobodyWaits):
        run.correlate("other", keep=True)
    assert desk.count(KeptMessage) == 0


def test_a_message_starts_a_case(app: Flask):
    desk.publish(STARTED)
    made = run.correlate("paid", "K-9", {"sum": 1}, by="lina")
    db.session.commit()
    case = db.session.get_one(Instance, made)
    assert (case.business_key, case.started_by) == ("K-9", "lina")
    assert desk.names() == ["begun"]


def test_what_a_step_sends_arrives_if_the_step_is_committed(app: Flask):
    desk.publish(CATCH, SENDER)
    case = waiting("A-1")
    sender = desk.begin("sender", receiver="A-1")
    run.complete(desk.task("pay").id, {}, by="lina")
    if db.engine.dialect.name == "sqlite":  # elsewhere a job of the same transaction delivers
        assert desk.names(case) == ["after"]
    db.session.rollback()
    desk.work()
    assert desk.names(case) == [] and desk.names(sender) == ["pay"]
    desk.complete("pay")
    desk.work()
    assert desk.names(case) == ["after"] and desk.names(sender) == ["told"]


def test_a_case_that_a_message_began_knows_its_cause(app: Flask):
    desk.publish(STARTED, SENDER)
    sender = desk.begin("sender", receiver="K-1")
    desk.complete("pay")
    begun = desk.task("begun").instance
    assert begun.caused_by == sender.id


def test_a_sent_message_nobody_waits_for_yet_is_kept(app: Flask):
    desk.publish(CATCH, SENDER)
    desk.begin("sender", receiver="A-5")
    desk.complete("pay")
    assert desk.count(KeptMessage) == 1
    assert desk.names(waiting("A-5")) == ["after"]


def test_a_sent_message_for_several_becomes_an_incident_of_the_sender(app: Flask):
    desk.publish(CATCH, SENDER)
    waiting("A-1"), waiting("A-2")
    sender = desk.begin("sender")
    desk.complete("pay")
    for minutes in (0, 2, 6, 31):
        desk.work(minutes=minutes)
    (found,) = desk.incidents()
    assert (found.instance_id, found.kind) == (sender.id, "message")


def test_a_signal_reaches_all_and_starts_cases(app: Flask):
    head = '<signal id="g" name="storm"/>'
    hears = process(
        start(), catch("wait", signal("g")), user("after"), flows("s wait", "wait after"),
        id="hears", head=head,
    )  # fmt: skip
    begins = process(start("s", signal("g")), user("begun"), flows("s begun"), id="b", head=head)
    desk.publish(hears, begins)
    desk.begin("hears"), desk.begin("hears")
    assert run.broadcast("storm", {"force": 9}) == 3
    db.session.commit()
    desk.work()
    assert sorted(desk.names()) == ["after", "after", "begun"]
    assert run.broadcast("calm") == 0


def test_a_thrown_signal_reaches_other_cases(app: Flask):
    head = '<signal id="g" name="storm"/>'
    hears = process(
        start(), catch("wait", signal("g")), user("after"), flows("s wait", "wait after"),
        id="hears", head=head,
    )  # fmt: skip
    throws = process(
        start(), throw("cry", signal("g")), end(), flows("s cry", "cry e"), id="throws", head=head
    )
    desk.publish(hears, throws)
    case = desk.begin("hears")
    desk.begin("throws")
    desk.work()
    assert desk.names(case) == ["after"]


def test_another_workspace_hears_nothing(app: Flask):
    desk.publish(CATCH)
    waiting("A-1")
    with workspace.use(2), pytest.raises(NobodyWaits):
        run.correlate("paid", "A-1")


@handler()
def send_every_paid(step: Step, *, receiver: str) -> None:
    """Every case that waits with this key hears it."""
    step.send_every("paid", receiver, {"sum": 5})


CALLER = process(
    start(), service("tell", "test_correlate.send_every_paid"), end(), flows("s tell", "tell e"),
    id="caller",
)  # fmt: skip


def test_a_message_to_every_case_with_the_key_reaches_them_all_and_is_not_kept(app: Flask):
    desk.publish(CATCH, CALLER)
    one, other, third = waiting("A-1"), waiting("A-1"), waiting("A-2")
    run.start("caller", {"receiver": "A-1"}, by="zhangwei")
    run.start("caller", {"receiver": "A-9"}, by="zhangwei")
    db.session.commit()
    desk.work()
    assert [desk.names(case) for case in (one, other, third)] == [["after"], ["after"], []]
    assert run.variables(other.id)["sum"] == 5
    assert desk.count(KeptMessage) == 0
