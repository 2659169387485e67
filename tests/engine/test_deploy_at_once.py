"""Two publish in the same moment: both looked before either wrote."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app import errors
from app.db import db, reading
from app.engine import deploy, repair, waits
from app.engine.models import Decision, Definition, Deployment, Subscription, Timer
from tests.engine import desk
from tests.engine.draw import flows, message, process, start, timer, user
from tests.engine.other import Other
from tests.engine.test_deploy import table

HEAD = '<message id="m" name="paid"/>'
Files = list[tuple[str, bytes]]


def paid(id: str) -> tuple[str, bytes]:
    """A process that the message starts."""
    return process(start("s", message("m")), user("a"), flows("s a"), id=id, head=HEAD)


def every_night(task: str) -> tuple[str, bytes]:
    """A version of a process that starts by itself."""
    begin = start("s", timer("timeCycle", "0 0 2 * * ?"))
    return process(begin, user(task), flows(f"s {task}"), id="nightly")


def publish(*files: tuple[str, bytes]) -> None:
    with reading():
        deploy.deploy(files, by="zhouning", lenient=True)
        db.session.commit()


@pytest.fixture
def both(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Files, Files], list]:
    """Both deployments are judged before either is written; what each of them was told."""
    looked, judged = threading.Barrier(2), set()
    usual = deploy.check.check

    def check(*what: object, **how: object) -> list:
        found = usual(*what, **how)
        if threading.get_ident() not in judged:
            judged.add(threading.get_ident())
            looked.wait(60)
        return found

    def act(one: Files, two: Files) -> list:
        db.session.remove()
        monkeypatch.setattr(deploy.check, "check", check)
        others = [Other(app, lambda files=files: publish(*files)) for files in (one, two)]
        return [other.ended().problem for other in others]

    return act


def in_force(process_id: str) -> list[int]:
    """The versions that new cases get: one."""
    query = sa.select(Definition.version).where(
        Definition.process_id == process_id, Definition.is_newest
    )
    return list(db.session.scalars(query))


def test_one_message_starts_one_process_although_two_bring_one(app: Flask, both):
    problems = [one for one in both([paid("one")], [paid("two")]) if one is not None]
    (refused,) = problems
    assert isinstance(refused, errors.Refused), refused
    (found,) = [one for one in refused.findings if one.code == "start.twice"]
    assert "paid" in found.message and found.remedy
    assert desk.count(Deployment) == desk.count(Subscription) == 1


def test_two_versions_are_numbered_one_after_the_other(app: Flask, both):
    assert both([every_night("a")], [every_night("b")]) == [None, None]
    assert sorted(db.session.scalars(sa.select(Definition.version))) == [1, 2]
    (version,) = in_force("nightly")
    (clock,) = db.session.scalars(sa.select(Timer))
    newest = db.session.get_one(Definition, clock.definition_id)
    assert version == newest.version == 2, "only the newest version starts by the clock"


def test_the_same_files_are_one_deployment(app: Flask, both):
    assert both([every_night("a")], [every_night("a")]) == [None, None]
    assert desk.count(Deployment) == desk.count(Definition) == desk.count(Timer) == 1


def test_two_tables_are_numbered_one_after_the_other(app: Flask, both):
    with_table = [every_night("a"), table("small")], [every_night("a"), table("tiny")]
    assert both(*with_table) == [None, None]
    assert sorted(db.session.scalars(sa.select(Decision.version))) == [1, 2]


def suspended(*files: tuple[str, bytes]) -> int:
    """A process that is published and suspended."""
    desk.publish(*files)
    definition = db.session.scalars(sa.select(Definition)).one()
    repair.set_suspended(definition.id, True)
    db.session.commit()
    id = definition.id
    db.session.remove()
    return id


def resume(definition_id: int) -> None:
    repair.set_suspended(definition_id, False)
    db.session.commit()


def test_a_process_that_comes_back_while_its_rival_is_judged_keeps_the_message(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    one = suspended(paid("one"))
    usual, others = deploy.check.check, []

    def check(*what: object, **how: object) -> list:
        found = usual(*what, **how)
        if not others:
            others.append(Other(app, lambda: resume(one)).ended())
        return found

    monkeypatch.setattr(deploy.check, "check", check)
    with pytest.raises(errors.Refused):
        publish(paid("two"))
    db.session.rollback()
    assert others[0].problem is None and in_force("two") == []


def test_a_rival_that_is_published_while_a_process_comes_back_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
):
    one = suspended(paid("one"))
    usual, others = waits.rival, []

    def rival(definition: Definition) -> object:
        found = usual(definition)
        others.append(Other(app, lambda: publish(paid("two"))))
        others[0].waits()
        return found

    monkeypatch.setattr(waits, "rival", rival)
    resume(one)
    db.session.remove()
    assert isinstance(others[0].ended().problem, errors.Refused)
    assert in_force("two") == []
