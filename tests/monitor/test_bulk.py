"""One verb for many: by jobs, each case by itself, with one reason; those that fail stop nobody."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import run
from app.engine.models import Event, Incident, Instance
from app.jobs import queue
from app.jobs.models import Job
from app.monitor import bulk
from app.monitor.models import Bulk, BulkItem, OperatorAct
from tests.engine import desk
from tests.monitor.conftest import FLOW


@pytest.fixture
def many(app) -> list[int]:
    """Five cases stuck at the same step with the same message; the second is healed meanwhile."""
    desk.publish(FLOW)
    ids = [desk.begin().id for _n in range(5)]
    for _n in ids:
        desk.complete("a")
    for _attempt in range(4):
        desk.work(hours=1)
    run.set_variables(ids[1], {"delivery_days": 3}, by="lina")
    db.session.commit()
    return ids


def states() -> dict[str, int]:
    query = sa.select(BulkItem.state, sa.func.count()).group_by(BulkItem.state)
    return dict(db.session.execute(query).all())


def begin(admin, verb: str, **more) -> int:
    answer = admin.post(
        "/monitor/incidents/bulk", data={"verb": verb, "reason": "模板已改", **more}
    )
    assert answer.status_code == 302, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def test_the_same_trouble_is_one_group(many, as_user):
    page = as_user("zhouning").get("/monitor/incidents").text
    assert "5<small>×" in page
    assert page.count("the template needs delivery_days") == 6  # one group, five lines


def test_messages_that_differ_in_figures_only_are_one_group():
    from app.engine import incidents

    assert incidents.signature("QT-202511-0037: 3 Zeilen") == incidents.signature(
        "QT-1-2: 44 Zeilen"
    )
    assert incidents.signature("no template") != incidents.signature("no printer")


def test_all_of_the_filter_are_retried_and_the_failing_ones_stop_nobody(many, as_user):
    number = begin(as_user("zhouning"), "retry", which="all", process="p")
    assert states() == {"waiting": 5}
    queue.run_due()
    db.session.expire_all()
    found = db.session.get_one(Bulk, number)
    assert (found.state, found.total, found.done, found.failed) == ("done", 5, 1, 4)
    assert desk.names() == ["b"]
    assert len(desk.incidents()) == 4
    told = db.session.scalars(sa.select(Event).where(Event.kind == "retried")).one()
    assert (told.instance_id, told.by, told.data["reason"]) == (many[1], "zhouning", "模板已改")
    page = as_user("zhouning").get(f"/monitor/bulk/{number}").text
    assert "the template needs delivery_days" in page


def test_only_the_ticked_ones_are_skipped(many, as_user):
    ids = [one.id for one in desk.incidents()][:2]
    begin(as_user("zhouning"), "skip", id=ids)
    queue.run_due()
    assert len(desk.incidents()) == 3
    assert desk.names() == ["b", "b"]


def test_ending_many_counts_every_case_once(many, as_user):
    begin(as_user("zhouning"), "cancel", which="all")
    queue.run_due()
    assert desk.count(BulkItem) == 5
    assert set(db.session.scalars(sa.select(Instance.state))) == {"cancelled"}


def test_cases_are_suspended_and_resumed_in_bulk(many, as_user):
    admin = as_user("zhouning")
    for verb, state, after in (
        ("suspend", "stuck", "suspended"),
        ("resume", "suspended", "active"),
    ):
        data = {"verb": verb, "reason": "盘点", "which": "all", "state": state, "process": "p"}
        assert admin.post("/monitor/cases/bulk", data=data).status_code == 302
        queue.run_due()
        assert set(db.session.scalars(sa.select(Instance.state))) == {after}


def test_small_batches_go_on_by_further_jobs(many, as_user, monkeypatch):
    monkeypatch.setattr(bulk, "PER_JOB", 2)
    begin(as_user("zhouning"), "suspend", which="all")
    for left in (3, 1, 0):
        [job] = queue.claim()
        queue.perform(job)
        assert states().get("waiting", 0) == left


def test_a_stopped_bulk_leaves_the_rest_and_can_go_on(many, as_user, monkeypatch):
    monkeypatch.setattr(bulk, "PER_JOB", 2)
    admin = as_user("zhouning")
    number = begin(admin, "suspend", which="all")
    [job] = queue.claim()
    queue.perform(job)
    assert admin.post(f"/monitor/bulk/{number}/stop", data={"reason": "先停"}).status_code == 302
    queue.run_due()
    assert states() == {"done": 2, "waiting": 3}
    admin.post(f"/monitor/bulk/{number}/continue", data={"reason": "接着做"})
    queue.run_due()
    assert states() == {"done": 5}


def test_a_bulk_whose_job_takes_too_long_does_not_stand_still(many, as_user):
    number = begin(as_user("zhouning"), "suspend", which="all")
    [job] = queue.claim()
    db.session.execute(sa.update(Job).where(Job.id == job).values(state="stuck"))
    db.session.commit()
    assert not bulk.stands_still(bulk.found(number)), "a second job would do the same beside it"
    queue.give_up(job)
    db.session.commit()
    assert bulk.found(number).state == bulk.STOPPED


def test_a_worker_that_dies_between_two_cases_repeats_none(many, as_user, monkeypatch):
    begin(as_user("zhouning"), "suspend", which="all")
    done = []
    real = bulk._one

    def dies(*given):
        if len(done) == 2:
            raise sa.exc.OperationalError("", {}, Exception("gone"))
        done.append(given)
        real(*given)

    monkeypatch.setattr(bulk, "_one", dies)
    [job] = queue.claim()
    with pytest.raises(sa.exc.OperationalError):
        queue.perform(job)
    db.session.rollback()
    assert states() == {"done": 2, "waiting": 3}
    monkeypatch.setattr(bulk, "_one", real)
    desk.work(minutes=5)
    assert states() == {"done": 5}


def test_a_dry_run_on_the_first_few_changes_nothing(many, as_user):
    before = db.session.scalar(sa.select(sa.func.max(Event.id)))
    page = as_user("zhouning").post(
        "/monitor/incidents/bulk/try", data={"verb": "retry", "which": "all"}
    )
    assert "试跑了 5 个，1 个可行" in page.text
    db.session.expire_all()
    assert db.session.scalar(sa.select(sa.func.max(Event.id))) == before
    assert len(desk.incidents()) == 5


def test_nothing_chosen_no_reason_or_no_such_verb_begins_nothing(many, as_user):
    admin = as_user("zhouning")
    for data in ({"verb": "retry", "reason": "x"}, {"verb": "retry", "which": "all"},
                 {"verb": "explode", "reason": "x", "which": "all"}):  # fmt: skip
        assert admin.post("/monitor/incidents/bulk", data=data).status_code == 422
        db.session.rollback()
    assert desk.count(Bulk) == desk.count(OperatorAct) == 0


def test_other_workspaces_are_never_touched(many, as_user):
    db.session.execute(sa.update(Incident).where(Incident.id == 1).values(workspace_id=7))
    db.session.commit()
    begin(as_user("zhouning"), "resolve", which="all")
    assert desk.count(BulkItem) == 4
