"""Two administrators at the same trouble: one repairs it, the other reads so; nothing is done twice."""

import threading
import time

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.engine import repair, run
from app.engine.models import Event, Incident, Instance
from app.jobs import queue, registry
from app.jobs.models import Job
from app.monitor import acts, bulk
from app.monitor.models import DONE, RUNNING, STOPPED, Bulk, BulkItem, OperatorAct
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.engine.other import Other

PLAIN = process(start(), user("a"), user("b"), end(), flows("s a", "a b", "b e"))
CASES = 6


def later(app: Flask, browser, path: str, data: dict[str, object]) -> tuple[list, Other]:
    """Somebody presses a button while this transaction still has what it is about."""
    answers: list = []
    other = Other(app, lambda: answers.append(browser.post(path, data=data)))
    other.waits()
    return answers, other


@pytest.mark.parametrize("verb", ["retry", "skip", "resolve"])
def test_an_incident_is_repaired_once(app: Flask, stuck: Incident, as_user, verb: str):
    id, case = stuck.id, stuck.instance_id
    given = {"verb": verb, "reason": "我也来"}
    db.session.remove()
    repair.skip(id, reason="跳过", by="zhouning")
    answers, other = later(app, as_user("zhouning"), f"/monitor/incidents/{id}", given)
    db.session.commit()
    assert other.ended().problem is None
    (answer,) = answers
    assert answer.status_code == 409 and "已经处理过了" in answer.text
    db.session.remove()
    assert db.session.get_one(Incident, id).reason == "跳过"
    reasons = [(one.data or {}).get("reason") for one in db.session.scalars(sa.select(Event))]
    assert reasons.count("跳过") == 1 and "我也来" not in reasons
    assert desk.names() == ["b"] and db.session.get_one(Instance, case).incidents == 0


def test_data_that_another_has_just_changed_are_not_changed_over(app: Flask, as_user):
    desk.publish(PLAIN)
    case = desk.begin(amount=1).id
    seen = db.session.get_one(Instance, case).revision
    data = {"verb": "change", "reason": "改", "revision": seen, "new_name": "amount2",
            "new_kind": "number", "new_value": "3"}  # fmt: skip
    db.session.remove()
    repair.change(case, {"amount": 2}, reason="先改", by="zhouning")
    answers, other = later(app, as_user("zhouning"), f"/monitor/cases/{case}", data)
    db.session.commit()
    assert other.ended().problem is None
    assert answers[0].status_code == 409 and "刚刚又走了一步" in answers[0].text
    assert "amount2" not in run.variables(case)


def prepared(state: str) -> int:
    """A bulk that cancels six cases, without any job yet."""
    desk.publish(PLAIN)
    ids = [desk.begin().id for _n in range(CASES)]
    with_them = sa.select(Instance.id, sa.null()).where(Instance.id.in_(ids))
    number = bulk.begin("cancel", "不要了", "全部", with_them, "zhouning").id
    db.session.execute(sa.delete(Job).where(Job.kind == bulk.KIND))
    db.session.get_one(Bulk, number).state = state
    db.session.commit()
    db.session.remove()
    return number


def test_two_jobs_of_one_bulk_share_its_cases(app: Flask, monkeypatch: pytest.MonkeyPatch):
    number = prepared(RUNNING)
    ready, one = threading.Barrier(2), acts.one

    def slowly(*given, **more):
        time.sleep(0.02)
        return one(*given, **more)

    monkeypatch.setattr(acts, "one", slowly)

    def work() -> None:
        ready.wait(60)
        bulk.work({"bulk_id": number}, Job())

    assert [each.ended().problem for each in [Other(app, work), Other(app, work)]] == [None, None]
    found = db.session.get_one(Bulk, number)
    assert (found.done, found.failed, found.state) == (CASES, 0, DONE)


def test_a_stopped_bulk_is_continued_once(app: Flask, as_user):
    number = prepared(STOPPED)
    bulk.found(number, hold=True).state = RUNNING
    bulk._later(number)
    db.session.flush()
    path = f"/monitor/bulk/{number}/continue"
    answers, other = later(app, as_user("zhouning"), path, {"reason": "我也继续"})
    db.session.commit()
    assert other.ended().problem is None
    assert answers[0].status_code == 409
    assert desk.count(OperatorAct) == 1, "only its beginning was written down"
    queue.run_due()
    db.session.remove()
    assert db.session.get_one(Bulk, number).done == CASES
    states = sa.select(BulkItem.state).distinct()
    assert list(db.session.scalars(states)) == [DONE]


def test_a_last_attempt_that_fails_after_the_step_was_skipped_is_no_trouble(
    app: Flask, stuck: Incident
):
    payload = {"instance_id": stuck.instance_id, "token_id": stuck.token_id, "element_id": "send"}
    repair.skip(stuck.id, reason="跳过", by="zhouning")
    db.session.commit()
    job = Job(kind="engine.resume", payload=payload, attempts=4)
    registry.kinds["engine.resume"].gave_up(payload, job, RuntimeError("too late"))
    db.session.commit()
    assert desk.incidents() == [] and desk.names() == ["b"]
