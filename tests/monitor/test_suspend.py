"""A version or a case is suspended: nobody begins, nothing moves, nothing is lost, all goes on."""

import datetime as dt

import pytest
import sqlalchemy as sa

from app import clock, errors
from app.db import db
from app.engine import run
from app.engine.models import Definition, Instance, Token
from app.jobs import queue
from app.monitor.models import OperatorAct
from tests.engine import desk
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    end,
    flows,
    message,
    node,
    process,
    signal,
    start,
    throw,
    user,
)

FLOW = process(
    start(), node("parallelGateway", "both"), user("a"), catch("wait", message("m")), user("b"),
    user("c"), end(), end("e2"), boundary("late", "a", after("PT1H"), interrupting=False),
    user("chase"), end("e3"),
    flows("s both", "both a", "both wait", "wait b", "a e", "b e2", "late chase", "chase e3", "c e"),
    head=HEAD,
)  # fmt: skip


@pytest.fixture
def case(app):
    desk.publish(FLOW)
    return desk.begin()


def suspend(as_user, verb: str = "suspend", **more):
    answer = as_user("zhouning").post(
        "/monitor/processes/p/versions/1", data={"verb": verb, "reason": "年底盘点", **more}
    )
    queue.run_due()
    return answer


def test_a_suspended_version_is_not_begun_and_its_cases_go_on(case, as_user):
    assert suspend(as_user).status_code == 302
    with pytest.raises(errors.Conflict, match="已停用"):
        run.start("p", by="zhangwei")
    db.session.rollback()
    assert desk.state(case) == "active"
    desk.complete("a")
    told = db.session.scalars(sa.select(OperatorAct)).one()
    assert (told.verb, told.kind, told.reason) == ("suspend", "definition", "年底盘点")
    suspend(as_user, "resume")
    desk.begin()


def test_its_cases_wait_too_when_that_is_chosen(case, as_user):
    answer = suspend(as_user, cases="1")
    assert "/monitor/bulk/" in answer.location
    assert desk.state(case) == "suspended"
    suspend(as_user, "resume", cases="1")
    assert desk.state(case) == "active"


def test_an_employee_sees_why_and_can_do_nothing(case, as_user):
    mine = desk.task("a")
    run.delegate(mine.id, "zhangwei", "zhouning")
    run.suspend(case.id, "年底盘点", "zhouning")
    db.session.commit()
    browser = as_user("zhangwei")
    page = browser.get(f"/tasks/{mine.id}").text
    assert "实例已被管理员暂停" in page
    assert "年底盘点" in page
    assert "name=outcome" not in page.replace('"', "")
    answer = browser.post(f"/tasks/{mine.id}/complete", data={"outcome": "submit"})
    assert answer.status_code == 409
    assert desk.task("a").state == "open"


def test_timers_and_messages_are_kept_and_happen_when_it_goes_on(case, as_user):
    admin = as_user("zhouning")
    admin.post(f"/monitor/cases/{case.id}", data={"verb": "suspend", "reason": "盘点"})
    run.correlate("m", keep=True)
    db.session.commit()
    desk.work(hours=3)
    assert desk.names() == ["a"]
    admin.post(f"/monitor/cases/{case.id}", data={"verb": "resume", "reason": "盘完"})
    queue.run_due()
    assert sorted(desk.names()) == ["a", "b", "chase"]


def test_a_signal_finds_a_suspended_version_asleep_and_its_thrower_goes_on(app, as_user):
    desk.publish(
        process(start(), throw("call", signal("g")), user("a"), end(),
                flows("s call", "call a", "a e"), head=HEAD),
        process(start("s", signal("g")), user("b"), end(), flows("s b", "b e"), id="q", head=HEAD),
    )  # fmt: skip
    db.session.execute(sa.update(Definition).where(Definition.process_id == "q").values(suspended=True))  # fmt: skip
    db.session.commit()
    desk.begin()
    assert desk.names() == ["a"]
    assert desk.count(Instance) == 1


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [("p/versions/1", {"verb": "suspend", "reason": ""}, 422),
     ("p/versions/1", {"verb": "explode", "reason": "x"}, 422),
     ("p/versions/9", {"verb": "suspend", "reason": "x"}, 404),
     ("q/versions/1", {"verb": "suspend", "reason": "x"}, 404)],
)  # fmt: skip
def test_what_makes_no_sense_changes_nothing(case, as_user, path, data, status):
    answer = as_user("zhouning").post(f"/monitor/processes/{path}", data=data)
    assert answer.status_code == status
    assert not db.session.get_one(Definition, 1).suspended


LATE = process(
    start(), user("a"), user("b"), end(), boundary("late", "a", after("PT1H")), user("chase"),
    end("e2"), flows("s a", "a b", "b e", "late chase", "chase e2"), head=HEAD,
)  # fmt: skip
PARKED = process(
    start(), user("a"), node("task", "go", camunda_asyncBefore="true"), user("b"), end(),
    flows("s a", "a go", "go b", "b e"), head=HEAD,
)  # fmt: skip


def suspended_between_claim_and_work(case: Instance) -> None:
    """A worker has claimed what is due; then the case is suspended; then the worker does it."""
    queue.feed()
    (claimed,) = queue.claim(worker="w")
    run.suspend(case.id, "盘点", "zhouning")
    db.session.commit()
    assert queue.perform(claimed, worker="w")
    queue.run_due()
    run.unsuspend(case.id, "盘完", "zhouning")
    db.session.commit()


def test_a_timer_that_a_worker_had_already_is_not_lost(app):
    desk.publish(LATE)
    case = desk.begin()
    clock.stop_at(clock.now() + dt.timedelta(hours=2))
    suspended_between_claim_and_work(case)
    assert desk.names() == ["a"], "nothing happened meanwhile"
    queue.run_due()
    assert desk.names() == ["chase"]


def test_a_step_that_a_worker_had_already_goes_on_afterwards(app):
    desk.publish(PARKED)
    case = desk.begin()
    run.complete(desk.task("a").id, {}, by="zhangwei")
    db.session.commit()
    suspended_between_claim_and_work(case)
    queue.run_due()
    assert desk.names() == ["b"]


@pytest.mark.parametrize(
    ("kind", "payload"), [("engine.message_to", {}), ("engine.signal", {"signal": True})]
)
def test_what_was_on_its_way_to_a_suspended_case_arrives_afterwards(app, kind, payload):
    what = signal("g") if payload else message("m")
    desk.publish(process(start(), catch("wait", what), user("b"), end(),
                         flows("s wait", "wait b", "b e"), head=HEAD))  # fmt: skip
    case = desk.begin()
    token = db.session.scalar(sa.select(Token.token_id).where(Token.element_id == "wait"))
    queue.enqueue(kind, {"instance_id": case.id, "token_id": token, "variables": {}, "by": None},
                  subject="sent:99")  # fmt: skip
    db.session.commit()
    suspended_between_claim_and_work(case)
    queue.run_due()
    assert desk.names() == ["b"]
