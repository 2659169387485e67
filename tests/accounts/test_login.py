"""Logging in and out."""

import re
from pathlib import Path

import pytest

from app.accounts import throttle


def test_the_right_password_opens_the_inbox(client):
    answer = client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    assert answer.status_code == 302
    assert client.get("/inbox").status_code == 200


@pytest.mark.parametrize("login", ("zhangwei", "nobody", "", "x" * 500))
def test_a_wrong_password_says_so_and_nothing_more(client, login):
    answer = client.post("/login", data={"login": login, "password": "wrong"})
    assert answer.status_code == 422
    assert "账号或密码不对" in answer.text
    assert client.get("/inbox").status_code == 302


def test_guessing_is_stopped_and_the_right_password_too_late(client):
    for _guess in range(throttle.PER_LOGIN):
        client.post("/login", data={"login": "zhangwei", "password": "wrong"})
    answer = client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    assert answer.status_code == 429
    assert "分钟后再试" in answer.text


@pytest.mark.parametrize("page", ("administrator.md", "administrator.zh-CN.md"))
def test_the_handbook_names_the_limits(page):
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    part = text.split("## Logging in" if page == "administrator.md" else "## 登录")[1]
    said = {int(number) for number in re.findall(r"\d+", part.split("\n## ")[0])}
    minutes = throttle.WINDOW.total_seconds() // 60
    assert said == {throttle.PER_LOGIN, throttle.PER_ADDRESS, minutes}


def test_somebody_who_left_cannot_enter(client, db_session):
    from app.accounts import people

    people.get("zhangwei").enabled = False
    db_session.commit()
    answer = client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "target",
    ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)",
     "/inbox\nLocation: x", "http:evil", "\\\\evil"),
)  # fmt: skip
def test_the_way_back_never_leaves_the_site(client, target):
    data = {"login": "zhangwei", "password": "shunliu", "next": target}
    assert client.post("/login", data=data).location == "/inbox"


def test_the_way_back_is_kept(client):
    data = {"login": "zhangwei", "password": "shunliu", "next": "/tasks/7?x=1"}
    assert client.post("/login", data=data).location == "/tasks/7?x=1"


def test_a_form_without_its_token_is_refused(app):
    answer = app.test_client().post("/login", data={"login": "zhangwei", "password": "shunliu"})
    assert answer.status_code == 400
    assert "页面已过期" in answer.text


def test_demo_people_are_shown_only_when_the_setting_says_so(client):
    assert "演示人物" not in client.get("/login").text


def test_logging_out_ends_the_session(as_user):
    browser = as_user("zhangwei")
    browser.post("/logout")
    assert browser.get("/inbox").status_code == 302
