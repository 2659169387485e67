"""Requests that no page of ours sends: without token, with somebody else's, too large, by GET."""

import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.models import UserTask
from tests.inbox import quotes

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
POSTS = ("/tasks/{}/complete", "/tasks/{}/claim", "/tasks/{}/draft", "/tasks/{}/comments",
         "/inbox/bulk", "/logout", "/language", "/look", "/settings/password")  # fmt: skip


@pytest.fixture
def task(app):
    quotes.publish()
    return quotes.begin()


@pytest.fixture
def enter(app):
    """`enter("wangqiang")`: a browser in which that person logged in through the page, and the token
    of the pages that it sees."""
    app.config["WTF_CSRF_ENABLED"] = True

    def log_in(login):
        browser = app.test_client()
        token = TOKEN.search(browser.get("/login").text)[1]
        data = {"login": login, "password": "shunliu", "csrf_token": token}
        assert browser.post("/login", data=data).status_code == 302
        return browser, TOKEN.search(browser.get("/settings").text)[1], token

    return log_in


def state(task):
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id).state


@pytest.mark.parametrize("address", POSTS)
def test_no_form_is_taken_without_its_token(task, enter, address):
    browser, _token, _before = enter("wangqiang")
    for data in ({}, {"csrf_token": "x"}, {"csrf_token": ""}):
        answer = browser.post(address.format(task.id), data={"outcome": "approve", **data})
        assert answer.status_code == 400
        assert "页面已过期" in answer.text
    assert state(task) == "open"


def test_a_token_of_somebody_else_is_not_taken(task, enter):
    _other, foreign, _before = enter("zhaomin")
    browser, token, _before = enter("wangqiang")
    address = f"/tasks/{task.id}/complete"
    answer = browser.post(address, data={"outcome": "approve", "csrf_token": foreign})
    assert answer.status_code == 400 and state(task) == "open"
    answer = browser.post(address, data={"outcome": "approve", "csrf_token": token})
    assert answer.status_code == 303 and state(task) == "done"


def test_a_session_from_before_the_login_is_worth_nothing_after_it(app, enter, task):
    browser, token, before = enter("wangqiang")
    assert token != before
    address = f"/tasks/{task.id}/claim"
    assert browser.post(address, data={"csrf_token": before}).status_code == 400
    # a cookie that somebody planted before the login stays nobody's
    planted = app.test_client()
    page = planted.get("/login")
    cookie = page.headers["Set-Cookie"].split(";")[0]
    data = {"login": "zhaomin", "password": "shunliu", "csrf_token": TOKEN.search(page.text)[1]}
    answer = planted.post("/login", data=data)
    assert answer.headers["Set-Cookie"].split(";")[0] != cookie
    thief = app.test_client()
    thief.set_cookie(*cookie.split("=", 1))
    assert thief.get("/inbox").status_code == 302


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app):
    cookie = app.test_client().get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def pages(app, task):
    """The address of every page that can be asked for with GET."""
    known = {"task_id": task.id, "instance_id": task.instance_id, "definition_id": 1, "file_id": 1,
             "number": "051-01-01", "area_id": "051-01", "element_id": "start", "entity": "customer",
             "key": "CU-202501-0001", "name": "state", "filename": "x", "version": 1}  # fmt: skip
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.arguments <= set(known):
                values = {name: known[name] for name in rule.arguments}
                values |= {"entity": "quotation"} if rule.endpoint == "records.trade_pdf" else {}
                yield app.url_for(rule.endpoint, **values)


def test_looking_never_changes_anything(app, task, as_user):
    written = []

    def note(_connection, _cursor, statement, *_more):
        if re.match(r"\s*(INSERT|UPDATE|DELETE|REPLACE)", statement, re.I):
            written.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    browser = as_user("zhouning")
    asked = list(pages(app, task))
    assert len(asked) > 25
    for address in asked:
        browser.get(address).close()
        assert not written, f"{address}: {written}"


@pytest.mark.parametrize("verb", ("complete", "claim", "release", "delegate", "comments", "draft"))
def test_a_verb_cannot_be_asked_for_by_a_link(task, as_user, verb):
    assert as_user("wangqiang").get(f"/tasks/{task.id}/{verb}?outcome=approve").status_code in (
        404,
        405,
    )
    assert state(task) == "open"


class Endless:
    """A body that counts how much of it is read."""

    def __init__(self):
        self.asked = 0

    def read(self, size=-1):
        self.asked += size if size > 0 else 30_000_000
        return b"x" * max(size, 1)

    readline = read


@pytest.mark.parametrize("where", ("files", "complete", "draft"))
def test_thirty_megabytes_are_refused_before_they_are_read(task, as_user, where):
    body = Endless()
    answer = as_user("wangqiang").post(
        f"/tasks/{task.id}/{where}", content_type="multipart/form-data; boundary=b",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "30000000"},
    )  # fmt: skip
    assert answer.status_code == 413
    assert "太大" in answer.text
    assert body.asked <= 65_536
    assert state(task) == "open"


@pytest.mark.parametrize(
    "address", ("/login?next=https://evil.example", "/login?next=//evil.example")
)
def test_the_login_page_leads_nowhere_else(app, as_user, address):
    assert as_user("wangqiang").get(address).location == "/inbox"
    page = app.test_client().get("/tasks/7?x=1")
    assert page.location.startswith("/login?next=%2Ftasks%2F7")
