"""Who may see a task, a case, and what belongs to them."""

import pytest

ADDRESSES = ("/tasks/{task}", "/tasks/{task}/peek", "/instances/{case}", "/instances/{case}/peek")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_outsider_is_told_that_there_is_nothing(task, as_user, address):
    url = address.format(task=task.id, case=task.instance_id)
    assert as_user("baijie").get(url).status_code == 404


@pytest.mark.parametrize("verb", ("claim", "release", "complete", "delegate", "comments"))
def test_an_outsider_can_do_nothing(task, as_user, verb):
    answer = as_user("baijie").post(f"/tasks/{task.id}/{verb}", data={"to": "lina", "text": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("who", ("zhangwei", "wangqiang", "zhaomin", "gaoyuan", "zhouning"))
def test_starter_candidate_superiors_and_admin_see_it(task, as_user, who):
    assert as_user(who).get(f"/instances/{task.instance_id}").status_code == 200


def test_a_task_that_never_was_is_not_found(task, as_user):
    assert as_user("zhouning").get("/tasks/99999").status_code == 404


def test_nobody_sees_anything_without_login(task, client):
    answer = client.get(f"/tasks/{task.id}")
    assert answer.status_code == 302
    assert "/login" in answer.location


def test_only_admins_see_variables(task, as_user):
    case = f"/instances/{task.instance_id}"
    assert "department_id" in as_user("zhouning").get(case).text
    assert "department_id" not in as_user("wangqiang").get(case).text


def test_a_script_in_a_name_is_only_text(app, as_user):
    from tests.inbox import quotes

    quotes.publish()
    task = quotes.begin("<script>alert(1)</script>")
    for url in ("/inbox", f"/tasks/{task.id}", f"/tasks/{task.id}/peek"):
        assert "<script>alert(1)" not in as_user("wangqiang").get(url).text
