"""Who is no administrator finds no monitor: every address, read and written; and CSRF."""

import pytest

from app.db import db
from app.engine.models import Instance
from tests.engine import desk

IDS = {"instance_id": 1, "incident_id": 1, "bulk_id": 1, "job_id": 1, "message_id": 1,
       "webhook_id": 1, "delivery_id": 1, "definition_id": 1, "process_id": "p"}  # fmt: skip


def addresses(app):
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("monitor."):
                given = {name: IDS[name] for name in rule.arguments}
                address = rule.build(given)[1]
                yield from ((method, address) for method in rule.methods & {"GET", "POST"})


def test_the_outsider_and_an_employee_see_nothing(stuck, app, as_user):
    found = list(addresses(app))
    assert len(found) > 25
    for login in ("baijie", "zhangwei"):
        browser = as_user(login)
        for method, address in found:
            answer = browser.open(address, method=method, data={"verb": "cancel", "reason": "x"})
            assert answer.status_code == 404, (method, address)
            assert "delivery_days" not in answer.text
    assert db.session.get_one(Instance, stuck.instance_id).state == "active"


def test_who_is_not_logged_in_is_asked_to(stuck, app, client):
    for method, address in addresses(app):
        answer = client.open(address, method=method)
        assert (answer.status_code, "/login" in (answer.location or "")) == (302, True), address


def test_nothing_is_written_without_the_token_of_the_page(stuck, app, as_user):
    admin = as_user("zhouning")
    app.config["WTF_CSRF_ENABLED"] = True
    for method, address in addresses(app):
        if method == "POST":
            answer = admin.post(address, data={"verb": "cancel", "reason": "x"})
            assert answer.status_code == 400, address
    assert desk.state(db.session.get_one(Instance, stuck.instance_id)) == "active"


@pytest.mark.parametrize("path", ["cases/9", "incidents/9", "bulk/9", "processes/nowhere"])
def test_what_is_not_there_is_not_found(stuck, as_user, path):
    assert as_user("zhouning").get(f"/monitor/{path}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["state=';drop", "version=abc", "older=-1", "older=99999999999999", "before=x", "step=%00",
     "element=%00", "like=%00", "key=%25", "after=9223372036854775807", "process=" + "x" * 500, "kind=' or 1=1--"],
)  # fmt: skip
def test_odd_filters_find_nothing_or_everything_but_never_fail(stuck, as_user, query):
    admin = as_user("zhouning")
    for path in ("cases", "incidents", "background", "log", "processes/p", "cases/1", "webhooks"):
        assert admin.get(f"/monitor/{path}?{query}").status_code == 200, path
