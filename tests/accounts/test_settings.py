"""Language, look and password are kept with the person."""

import pytest

from app.accounts import people


def test_the_language_is_kept(as_user, db_session):
    browser = as_user("zhangwei")
    browser.post("/language", data={"locale": "en", "next": "/settings"})
    assert 'lang="en"' in browser.get("/settings").text
    db_session.expire_all()
    assert people.get("zhangwei").locale == "en"


def test_a_language_that_does_not_exist_is_refused(as_user):
    assert as_user("zhangwei").post("/language", data={"locale": "xx"}).status_code == 422


def test_the_look_is_kept(as_user):
    browser = as_user("zhangwei")
    browser.post("/look", data={"theme": "dark", "density": "compact"})
    page = browser.get("/settings").text
    assert 'data-theme="dark"' in page and 'data-density="compact"' in page


def test_a_look_that_does_not_exist_is_refused(as_user):
    assert as_user("zhangwei").post("/look", data={"theme": "<b>"}).status_code == 422


@pytest.mark.parametrize(
    ("form", "text"),
    (
        ({"old": "wrong", "new": "long enough", "again": "long enough"}, "现在的密码不对"),
        ({"old": "shunliu", "new": "short", "again": "short"}, "新密码至少"),
        ({"old": "shunliu", "new": "long enough", "again": "other one"}, "不一样"),
    ),
)
def test_a_bad_new_password_is_refused_beside_its_field(as_user, form, text):
    answer = as_user("zhangwei").post("/settings/password", data=form)
    assert answer.status_code == 422 and text in answer.text
    assert people.get("zhangwei").has_password("shunliu")


def test_a_new_password_holds(as_user, db_session):
    new = "流程自己会走的2026"
    form = {"old": "shunliu", "new": new, "again": new}
    assert as_user("zhangwei").post("/settings/password", data=form).status_code == 302
    db_session.expire_all()
    assert people.get("zhangwei").has_password(new)
