"""An administrator repairs what is stuck: tries first, then acts, always with a reason."""

import sqlalchemy as sa

from app.db import db
from app.engine.models import Event, Incident, Instance
from app.jobs.models import Job
from tests.engine import desk

DAYS = {"new_name": "delivery_days", "new_kind": "number", "new_value": "3"}


def act(browser, incident: Incident, verb: str, **more: str):
    data = {"verb": verb, "reason": "测试", **shown(incident), **more}
    return browser.post(f"/monitor/incidents/{incident.id}", data=data)


def shown(incident: Incident) -> dict[str, int]:
    """What the form carries beside what is typed."""
    return {"revision": db.session.get_one(Instance, incident.instance_id).revision}


def state_of(incident: Incident) -> str:
    db.session.expire_all()
    return db.session.get_one(Incident, incident.id).state


def test_the_list_and_the_page_tell_what_happened(stuck, as_user):
    admin = as_user("zhouning")
    assert "delivery_days" in admin.get("/monitor").text
    page = admin.get(f"/monitor/incidents/{stuck.id}").text
    assert "the template needs delivery_days" in page
    assert "RuntimeError" in page  # the stack is for administrators


def test_others_do_not_know_the_monitor(stuck, as_user):
    for login in ("baijie", "zhangwei"):
        browser = as_user(login)
        assert browser.get("/monitor").status_code == 404
        assert browser.get(f"/monitor/incidents/{stuck.id}").status_code == 404
        assert act(browser, stuck, "cancel").status_code == 404
    assert state_of(stuck) == "open"


def test_a_dry_run_shows_the_failure_and_changes_nothing(stuck, as_user):
    page = as_user("zhouning").post(
        f"/monitor/incidents/{stuck.id}/try", data={"verb": "retry", "reason": ""}
    )
    assert "不可行" in page.text
    assert state_of(stuck) == "open"
    assert desk.names() == []


def test_a_dry_run_with_changed_data_shows_the_next_task_and_changes_nothing(stuck, as_user):
    before = db.session.scalar(sa.select(sa.func.max(Event.id)))
    page = as_user("zhouning").post(
        f"/monitor/incidents/{stuck.id}/try",
        data={"verb": "retry", **shown(stuck), **DAYS},
    )
    assert "下一步：b" in page.text
    assert state_of(stuck) == "open"
    assert desk.names() == []
    assert db.session.scalar(sa.select(sa.func.max(Event.id))) == before


def test_changed_data_lets_the_case_go_on(stuck, as_user):
    act(as_user("zhouning"), stuck, "retry", **DAYS)
    assert state_of(stuck) == "resolved"
    assert desk.names() == ["b"]
    noted = db.session.scalar(sa.select(Event).where(Event.kind == "retried"))
    assert (noted.by, noted.data["reason"]) == ("zhouning", "测试")
    assert noted.data["changes"] == [{"name": "delivery_days", "old": None, "new": 3}]


def test_a_step_that_is_skipped_counts_as_done(stuck, as_user):
    act(as_user("zhouning"), stuck, "skip")
    assert state_of(stuck) == "resolved"
    assert desk.names() == ["b"]
    desk.complete("b")
    case = db.session.get_one(Instance, stuck.instance_id, populate_existing=True)
    assert case.state == "ended"


def test_a_suspended_case_waits_and_goes_on(stuck, as_user):
    admin = as_user("zhouning")
    act(admin, stuck, "suspend")
    case = db.session.get_one(Instance, stuck.instance_id, populate_existing=True)
    assert case.state == "suspended"
    act(admin, stuck, "resume")
    assert db.session.get_one(Instance, stuck.instance_id, populate_existing=True).state == "active"


def test_a_cancelled_case_is_over(stuck, as_user):
    act(as_user("zhouning"), stuck, "cancel")
    case = db.session.get_one(Instance, stuck.instance_id, populate_existing=True)
    assert (case.state, case.incidents) == ("cancelled", 0)


def test_without_a_reason_nothing_happens(stuck, as_user):
    answer = act(as_user("zhouning"), stuck, "cancel", reason=" ")
    assert answer.status_code == 422
    assert "请写明理由" in answer.text
    assert state_of(stuck) == "open"


def test_a_value_that_does_not_fit_its_kind_is_refused_and_stays_on_the_page(stuck, as_user):
    answer = act(as_user("zhouning"), stuck, "retry", **(DAYS | {"new_value": "three"}))
    assert answer.status_code == 422
    assert "请写一个数字" in answer.text
    assert 'value="three"' in answer.text
    assert state_of(stuck) == "open"


def test_an_unknown_verb_is_refused(stuck, as_user):
    assert act(as_user("zhouning"), stuck, "explode").status_code == 422


def test_an_incident_that_is_solved_already_is_not_solved_twice(stuck, as_user):
    admin = as_user("zhouning")
    act(admin, stuck, "skip")
    assert act(admin, stuck, "skip").status_code == 409


def test_an_act_leaves_a_line_in_the_log(stuck, as_user):
    admin = as_user("zhouning")
    act(admin, stuck, "skip", reason="另行发出")
    page = admin.get("/monitor/log").text
    assert "另行发出" in page
    assert "跳过" in page


def test_the_job_that_gave_up_is_no_open_question_after_the_repair(stuck, as_user):
    assert desk.count(Job) == 1
    act(as_user("zhouning"), stuck, "retry", **DAYS)
    assert db.session.scalar(sa.select(Job).where(Job.state == "failed")) is None
