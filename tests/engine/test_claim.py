"""A task is claimed, given back, handed on."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, errors, workspace
from app.db import db
from app.engine import run
from app.engine.models import Event, TaskCandidate
from app.engine.run import TaskGone
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user

GROUP = process(
    start(),
    user(
        "check", camunda_candidateGroups="sales_rep,finance_clerk", camunda_candidateUsers="helin"
    ),
    end(),
    flows("s check", "check e"),
)


def candidates() -> set[tuple[str, str, str | None, bool]]:
    rows = db.session.scalars(sa.select(TaskCandidate))
    return {(row.kind, row.value, row.department_id, row.taken) for row in rows}


def test_a_role_is_limited_to_the_departments_holders_if_there_are_any(app: Flask):
    desk.publish(GROUP)
    desk.begin(by="zhangwei")  # 华东: has sales reps, no finance clerk
    assert candidates() == {
        ("user", "helin", None, False),
        ("group", "sales_rep", "east", False),
        ("group", "finance_clerk", None, False),
    }
    assert desk.task("check").department_id == "east"


def test_a_task_without_due_time_is_due_in_a_day(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    assert desk.task("check").due_at == clock.now() + dt.timedelta(days=1)


def test_a_claimed_task_is_ones_own(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task = run.claim(desk.task("check").id, "lina")
    db.session.commit()
    assert (task.assignee, task.claimed_at) == ("lina", clock.now())
    assert all(taken for *_, taken in candidates())


def test_bob_cannot_claim_what_alice_claimed(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task_id = desk.task("check").id
    run.claim(task_id, "lina")
    db.session.commit()
    with pytest.raises(errors.Conflict, match="李娜"):
        run.claim(task_id, "zhangwei")
    assert run.claim(task_id, "lina").assignee == "lina"


def test_a_released_task_is_everybodys_again(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task_id = desk.task("check").id
    run.claim(task_id, "lina")
    task = run.release(task_id, "lina")
    db.session.commit()
    assert task.assignee is None and task.claimed_at is None
    assert not any(taken for *_, taken in candidates())


def test_a_task_that_only_one_may_do_cannot_be_released(app: Flask):
    desk.publish(process(start(), user("a", camunda_assignee="lina"), flows("s a")))
    desk.begin()
    with pytest.raises(errors.Conflict):
        run.release(desk.task("a").id, "lina")


def test_a_delegated_task_changes_hands_and_history_says_so(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task_id = desk.task("check").id
    run.claim(task_id, "lina")
    run.delegate(task_id, "zhangwei", "lina")
    db.session.commit()
    last = db.session.scalars(sa.select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert (last.kind, last.by, last.task_id, last.data) == (
        "delegated", "lina", task_id, {"to": "zhangwei"},
    )  # fmt: skip
    with pytest.raises(errors.NotFound):
        run.delegate(task_id, "nobody", "zhangwei")


def test_a_done_task_has_no_candidates_and_cannot_be_claimed(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task_id = desk.task("check").id
    desk.complete("check", by="lina")
    assert candidates() == set()
    with pytest.raises(TaskGone):
        run.claim(task_id, "zhangwei")


def test_a_task_of_another_workspace_does_not_exist(app: Flask):
    desk.publish(GROUP)
    desk.begin()
    task_id = desk.task("check").id
    with workspace.use(2):
        for act in (run.claim, run.release):
            with pytest.raises(errors.NotFound):
                act(task_id, "lina")
        with pytest.raises(errors.NotFound):
            run.complete(task_id, {}, by="lina")
        assert desk.tasks() == []
