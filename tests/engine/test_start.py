"""A case begins."""

import pytest
from flask import Flask

from app import errors
from app.db import db
from app.engine import run
from app.engine.models import Instance, Token, UserTask
from tests.engine import desk
from tests.engine.draw import end, flows, process, service, start, user, xor

ONE = process(start(), user("approve"), end(), flows("s approve", "approve e"))


def test_a_started_case_waits_at_its_first_task(app: Flask):
    desk.publish(ONE)
    case = desk.begin(amount=5)
    assert desk.names() == ["approve"]
    assert (case.state, case.revision, case.started_by) == ("active", 1, "zhangwei")


def test_who_started_it_and_the_department_are_variables(app: Flask):
    desk.publish(ONE)
    case = desk.begin(amount=5)
    assert run.variables(case.id) == {
        "amount": 5,
        "starter": "zhangwei",
        "department_id": "east",
    }
    assert case.department_id == "east"


def test_the_initiator_is_the_variable_that_the_start_event_names(app: Flask):
    desk.publish(
        process(
            start(camunda_initiator="boss"),
            user("a", camunda_assignee="${boss}"),
            flows("s a"),
        )
    )
    desk.begin(by="lina")
    assert desk.task("a").assignee == "lina"


def test_a_process_nobody_published_is_not_found(app: Flask):
    with pytest.raises(errors.NotFound, match="nothing"):
        run.start("nothing", by="zhangwei")


def test_an_outsider_cannot_start_what_names_its_starters(app: Flask):
    file, text = ONE
    text = text.replace(
        b'isExecutable="true"',
        b'isExecutable="true" camunda:candidateStarterGroups="sales_rep, admin"',
    )
    desk.publish((file, text))
    with pytest.raises(errors.NotAllowed):
        run.start("p", by="baijie")
    assert desk.count(Instance) == 0
    assert desk.begin(by="lina").started_by == "lina"


def test_a_suspended_definition_starts_nothing(app: Flask):
    made = desk.publish(ONE)
    made.definitions[0].suspended = True
    with pytest.raises(errors.Conflict):
        run.start("p", by="zhangwei")


def test_the_business_key_and_the_subject_are_shown_by_case_and_tasks(app: Flask):
    desk.publish(ONE)
    case = run.start("p", {"subject": "海潮公司"}, by="zhangwei", business_key="C-7")
    task = desk.task("approve")
    assert (case.business_key, case.subject) == ("C-7", "海潮公司")
    assert (task.business_key, task.subject) == ("C-7", "海潮公司")
    assert "海潮公司" in task.search_text


def test_a_rolled_back_start_leaves_nothing(app: Flask):
    desk.publish(ONE)
    run.start("p", by="zhangwei")
    db.session.rollback()
    assert [desk.count(table) for table in (Instance, Token, UserTask)] == [0, 0, 0]


def test_a_case_that_finds_no_way_at_once_waits_as_an_incident(app: Flask):
    desk.publish(
        process(
            start(),
            xor("which"),
            user("a"),
            user("b"),
            flows("s which", "which a ${n == 1}", "which b ${n == 2}"),
        )
    )
    case = desk.begin(n=3)
    (found,) = desk.incidents()
    assert (found.element_id, found.kind) == ("which", "no_way_out")
    assert found.values == {"n": 3}
    assert case.incidents == 1 and case.state == "active"


def test_a_handler_that_fails_at_once_leaves_the_case_waiting_for_its_retry(app: Flask):
    desk.publish(process(start(), service("call", "test_start.absent"), flows("s call")))
    desk.begin()
    (found,) = desk.incidents()
    assert "test_start.absent" in found.message
