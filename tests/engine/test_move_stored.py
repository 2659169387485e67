"""A move in the database: one transaction, told by the history, the same after a restart."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app import errors
from app.db import db
from app.engine import memory, moves, run
from app.engine.handlers import Step, handler
from app.engine.models import Event, MessageWait, Timer, Token, UserTask
from tests.engine import desk
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    end,
    flows,
    message,
    process,
    service,
    start,
    user,
)

FLOW = process(
    start(), user("a"), catch("wait", message("m")), service("send", "test_move_stored.fails"),
    user("b"), end(), boundary("late", "a", after("PT1H")),
    flows("s a", "a wait", "wait send", "send b", "b e", "late b"), head=HEAD,
)  # fmt: skip


@handler()
def fails(step: Step) -> dict[str, object]:
    """Never works."""
    raise RuntimeError("no template")


@pytest.fixture
def case(app: Flask):
    desk.publish(FLOW)
    return desk.begin(amount=3)


def at(element: str) -> int:
    return db.session.scalars(sa.select(Token.token_id).where(Token.element_id == element)).one()


def move(case, source: str, target: str) -> None:
    moves.move(case.id, at(source), target, reason="录错了", by="zhouning")
    db.session.commit()


def test_task_and_timer_are_gone_and_the_history_tells_who_and_why(case):
    move(case, "a", "b")
    assert desk.names() == ["b"]
    assert desk.count(Timer) == 0
    left = db.session.scalars(sa.select(UserTask).where(UserTask.element_id == "a")).one()
    assert left.state == "cancelled"
    told = db.session.scalars(sa.select(Event).where(Event.kind == "moved")).one()
    assert (told.by, told.element_id, told.data) == (
        "zhouning",
        "a",
        {"to": "b", "reason": "录错了"},
    )


def test_a_case_read_from_its_rows_goes_on_from_there(case):
    move(case, "a", "wait")
    assert desk.count(MessageWait) == 1
    memory.here().cases.clear()
    move(case, "wait", "b")
    assert desk.count(MessageWait) == 0
    memory.here().cases.clear()
    desk.complete("b")
    assert desk.state(case) == "ended"


def test_variables_stay(case):
    move(case, "a", "b")
    assert run.variables(case.id)["amount"] == 3


def test_an_element_that_fails_takes_the_token_and_waits_for_help(case):
    move(case, "a", "send")
    for _attempt in range(4):
        desk.work(hours=1)
    assert [one.element_id for one in desk.incidents()] == ["send"]
    move(case, "send", "b")
    assert desk.incidents() == []
    assert desk.names() == ["b"]


def test_a_token_that_is_gone_or_a_place_that_is_not_allowed_changes_nothing(case):
    for token_id, element in ((999, "b"), (at("a"), "late"), (at("a"), "nowhere")):
        with pytest.raises(errors.Conflict):
            moves.move(case.id, token_id, element, reason="x", by="zhouning")
        db.session.rollback()
    assert desk.names() == ["a"]


def test_a_suspended_case_is_not_moved(case):
    run.suspend(case.id, "x", "zhouning")
    with pytest.raises(run.NotRunning):
        moves.move(case.id, at("a"), "b", reason="x", by="zhouning")


def test_looking_at_the_choices_changes_nothing(case):
    revision = case.revision
    found = moves.targets(case.id, at("a"))
    assert {one.element_id for one in found if one.why is None} == {"s", "a", "wait", "send", "b",
                                                                   "e"}  # fmt: skip
    assert [one.element_id for one in moves.standing(case.id)] == ["a", "late"]
    db.session.expire_all()
    assert case.revision == revision


def test_a_finished_case_has_nothing_to_move(case):
    run.cancel(case.id, "x", "zhouning")
    assert moves.standing(case.id) == []
    with pytest.raises(errors.NotFound):
        moves.standing(999)
