"""Claiming, putting back, handing over."""

from app.db import db
from app.engine.models import UserTask


def fresh(task: UserTask) -> UserTask:
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id)


def test_a_claimed_task_is_mine_alone(task, as_user):
    assert as_user("wangqiang").post(f"/tasks/{task.id}/claim").status_code == 303
    assert fresh(task).assignee == "wangqiang"
    assert "QT-202603-0001" in as_user("wangqiang").get("/inbox?f=mine").text


def test_claiming_twice_changes_nothing(task, as_user):
    for _again in range(2):
        assert as_user("wangqiang").post(f"/tasks/{task.id}/claim").status_code == 303
    assert fresh(task).assignee == "wangqiang"


def test_the_starter_sees_but_cannot_claim(task, as_user):
    assert as_user("zhangwei").post(f"/tasks/{task.id}/claim").status_code == 403
    assert fresh(task).assignee is None


def test_a_task_put_back_waits_for_the_group_again(task, as_user):
    browser = as_user("wangqiang")
    browser.post(f"/tasks/{task.id}/claim")
    browser.delete(f"/tasks/{task.id}/claim")
    assert fresh(task).assignee is None
    assert "QT-202603-0001" in browser.get("/inbox?f=groups").text


def test_only_who_claimed_puts_back(task, as_user):
    as_user("wangqiang").post(f"/tasks/{task.id}/claim")
    assert as_user("zhangwei").post(f"/tasks/{task.id}/release").status_code == 403
    assert fresh(task).assignee == "wangqiang"


def test_a_task_handed_over_is_the_others_and_says_why(task, as_user):
    browser = as_user("wangqiang")
    browser.post(f"/tasks/{task.id}/delegate", data={"to": "zhaomin", "text": "出差，请代办"})
    assert fresh(task).assignee == "zhaomin"
    page = as_user("zhaomin").get(f"/tasks/{task.id}").text
    assert "出差，请代办" in page and "您已认领" in page


def test_handing_over_to_nobody_is_refused(task, as_user):
    answer = as_user("wangqiang").post(f"/tasks/{task.id}/delegate", data={"to": "nobody"})
    assert answer.status_code == 422
    assert fresh(task).assignee is None
