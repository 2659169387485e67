"""The demo company's inboxes are not empty."""

from app.db import db
from app.inbox import demo
from tests.flows.stage import Stage


def test_something_waits_at_every_interesting_task(stage: Stage):
    assert demo.load_cases() == 10
    db.session.commit()
    assert set(stage.open()) >= {
        "edit_profile",
        "judge",
        "handle_duplicate",
        "review",
        "plan",
        "hand_over",
        "accept",
    }
    assert not stage.incidents()
    assert stage.record("customer", "CU-202603-0001").name == "杭州启明精密有限公司"


def test_a_second_time_begins_nothing(stage: Stage):
    demo.load_cases()
    assert demo.load_cases() == 0
