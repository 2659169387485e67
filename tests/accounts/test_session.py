"""A session goes on while somebody works; what answers late never overwrites it."""

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
