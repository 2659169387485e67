"""What a process keeps in memory is what the database says, also after a rollback."""

import pytest
from flask import Flask

from app.db import db
from app.engine import definitions, deploy, memory, run
from app.engine.models import Definition
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user

BEFORE = process(start(), user("a"), end(), flows("s a", "a e"), id="before")
GIVEN_UP = process(start(), user("never"), end(), flows("s never", "never e"), id="given_up")
INSTEAD = process(start(), user("other"), end(), flows("s other", "other e"), id="instead")


def rolled_back() -> None:
    db.session.rollback()


def left_behind() -> None:
    db.session.remove()


@pytest.mark.parametrize("end_of_it", [rolled_back, left_behind])
def test_a_version_that_was_not_published_after_all_is_forgotten(app: Flask, end_of_it):
    desk.publish(BEFORE)
    deploy.deploy([GIVEN_UP], by="zhouning", lenient=True)
    case = run.start("given_up", {}, by="zhangwei")
    given_up = case.definition_id
    assert given_up in memory.here().specs
    end_of_it()
    assert given_up not in memory.here().specs and given_up not in memory.here().rows
    desk.publish(INSTEAD)
    desk.begin("instead")
    assert desk.names() == ["other"]


def test_a_version_that_was_published_is_kept(app: Flask):
    desk.publish(BEFORE)
    desk.begin("before")
    number = db.session.query(Definition).one().id
    kept = definitions.spec(number)
    db.session.rollback()
    assert definitions.spec(number) is kept


def test_a_case_that_went_on_in_a_savepoint_that_failed_is_read_from_its_rows(app: Flask):
    desk.publish(BEFORE)
    case = desk.begin("before")
    task = desk.task("a").id
    savepoint = db.session.begin_nested()
    run.complete(task, {}, by="zhangwei")
    savepoint.rollback()
    db.session.commit()
    assert desk.state(case) == "active" and desk.names() == ["a"]
    desk.complete("a")
    assert desk.state(case) == "ended"
