"""A session goes on while somebody works; what answers late never overwrites it."""

from app.accounts import people, sessions
from tests.inbox import quotes


def test_a_page_lengthens_the_session(app, as_user):
    browser = as_user("wangqiang")
    with browser.session_transaction() as session:
        session.permanent = True
    assert "session=" in browser.get("/inbox").headers.get("Set-Cookie", "")


def test_a_fragment_does_not_write_the_session(app, as_user):
    quotes.publish()
    quotes.begin()
    browser = as_user("wangqiang")
    with browser.session_transaction() as session:
        session.permanent = True
    browser.get("/inbox")
    for address in ("/inbox/list", "/inbox/counts", "/tasks/1/peek"):
        answer = browser.get(address, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers, address


def test_a_copied_cookie_is_worthless_after_logging_out(app, client):
    thief = app.test_client()
    client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    thief.set_cookie("session", client.get_cookie("session").value)
    assert thief.get("/inbox").status_code == 200
    client.post("/logout")
    answer = thief.get("/inbox")
    assert answer.status_code == 302 and "/login" in answer.location
    assert "/login" in thief.post("/look", data={"theme": "dark"}).location


def test_logging_out_here_leaves_the_phone_alone(app, client):
    phone = app.test_client()
    for browser in (client, phone):
        browser.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    client.post("/logout")
    assert client.get("/inbox").status_code == 302
    assert phone.get("/inbox").status_code == 200


def test_a_new_password_ends_every_other_session(app, client):
    phone = app.test_client()
    for browser in (client, phone):
        browser.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    copy = client.get_cookie("session").value
    new = {"old": "shunliu", "new": "a new long one", "again": "a new long one"}
    client.post("/settings/password", data=new)
    assert client.get("/inbox").status_code == 200
    assert phone.get("/inbox").status_code == 302
    phone.set_cookie("session", copy)
    assert phone.get("/inbox").status_code == 302, "also a copy of the session that went on"


def test_all_other_devices_can_be_logged_out(app, client):
    phone = app.test_client()
    for browser in (client, phone):
        browser.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    assert "退出其他设备" in client.get("/settings").text
    assert client.post("/settings/sessions").status_code == 302
    assert client.get("/inbox").status_code == 200
    assert phone.get("/inbox").status_code == 302


def test_what_is_remembered_of_left_sessions_stays_short(app, client, db_session):
    waiting = app.test_client()
    waiting.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    for _time in range(sessions.MOST_LEFT + 2):
        client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
        client.post("/logout")
    person = people.get("zhangwei")
    assert len(person.left_sessions) <= sessions.MOST_LEFT
    assert person.session_serial == 1
    assert waiting.get("/inbox").status_code == 302, "so many that all were ended"


def test_somebody_else_is_not_logged_out(app, client, as_user):
    colleague = as_user("lina")
    client.post("/login", data={"login": "zhangwei", "password": "shunliu"})
    client.post("/logout")
    assert colleague.get("/inbox").status_code == 200
