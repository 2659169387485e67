"""An administrator repairs what is stuck: tries first, then acts, always with a reason."""

import sqlalchemy as sa

from app.db import db
from app.engine.models import Event, Incident, Instance
from tests.engine import desk


def act(browser, incident: Incident, verb: str, **more: str):
    data = {"verb": verb, "reason": "测试", **more}
    return browser.post(f"/monitor/incidents/{incident.id}", data=data)


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
        data={"verb": "retry", "variables": '{"delivery_days": 3}'},
    )
    assert "下一步：b" in page.text
    assert state_of(stuck) == "open"
    assert desk.names() == []
    assert db.session.scalar(sa.select(sa.func.max(Event.id))) == before


def test_changed_data_lets_the_case_go_on(stuck, as_user):
    act(as_user("zhouning"), stuck, "retry", variables='{"delivery_days": 3}')
    assert state_of(stuck) == "resolved"
    assert desk.names() == ["b"]
    noted = db.session.scalar(sa.select(Event).where(Event.kind == "retried"))
    assert (noted.by, noted.data["reason"]) == ("zhouning", "测试")


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


def test_variables_that_are_no_json_are_refused(stuck, as_user):
    answer = act(as_user("zhouning"), stuck, "retry", variables="delivery_days=3")
    assert answer.status_code == 422
    assert state_of(stuck) == "open"


def test_an_unknown_verb_is_refused(stuck, as_user):
    assert act(as_user("zhouning"), stuck, "explode").status_code == 422


def test_several_are_retried_and_those_that_fail_again_stay(stuck, as_user):
    as_user("zhouning").post("/monitor/incidents/retry", data={"id": [str(stuck.id)]})
    assert state_of(stuck) == "open"


def test_an_incident_that_is_solved_already_is_not_solved_twice(stuck, as_user):
    admin = as_user("zhouning")
    act(admin, stuck, "skip")
    assert act(admin, stuck, "skip").status_code == 422
