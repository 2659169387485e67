"""The demo company's inboxes are not empty."""

from app.db import db
from app.inbox import demo, demo_sales
from app.records import audit
from app.records.opportunity import Opportunity
from app.records.sales_order import SalesOrder
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


def test_the_sales_rooms_are_not_empty_either(stage: Stage):
    assert demo_sales.load_sales() == 14
    assert set(stage.open()) >= {
        "distribute",
        "follow",
        "review_chance",
        "follow_up",
        "approve",
        "claim",
    }
    states = {one.state for one in db.session.scalars(db.select(Opportunity))}
    assert states >= {"报备中", "跟进中", "丢单"}
    orders = db.session.scalars(db.select(SalesOrder).order_by(SalesOrder.id)).all()
    assert [one.receipt_status for one in orders] == ["未收款", "未收款", "部分"]
    assert not stage.incidents()
    assert audit.check_all() == []
    assert demo_sales.load_sales() == 0
