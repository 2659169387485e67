"""The demo company's inboxes are not empty."""

from decimal import Decimal

from app import clock
from app.accounts import people
from app.db import db
from app.engine.models import UserTask
from app.inbox import demo, demo_plan, demo_sales
from app.records import audit
from app.records.opportunity import Opportunity
from app.records.sales_order import SalesOrder
from app.records.sales_plan import SalesPlan, SalesPlanLine
from tests.flows import shown
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


def test_every_task_of_the_demo_is_shown_as_people_read_it(stage: Stage):
    demo.load_cases()
    demo_sales.load_sales()
    demo_plan.load_plans()
    reader = people.get("zhouning")
    tasks = db.session.scalars(db.select(UserTask).where(UserTask.form_key.is_not(None))).all()
    open_ones = [task for task in tasks if task.state == "open"]
    assert len({task.form_key for task in open_ones}) > 12
    found = {(task.form_key, task.subject): shown.raw(task, reader) for task in open_ones}
    assert {task: texts for task, texts in found.items() if texts} == {}


def test_the_plan_of_the_year_runs_and_has_its_first_figures(stage: Stage):
    demo_sales.load_sales()
    assert demo_plan.load_plans() == 2
    assert not stage.incidents()
    plans = db.session.scalars(db.select(SalesPlan).order_by(SalesPlan.id)).all()
    assert [(one.metric, one.state) for one in plans] == [
        ("签单额", "已锁定"),
        ("回款额", "审批中"),
    ]
    lines = db.session.scalars(
        db.select(SalesPlanLine).filter_by(plan_id=plans[0].id, month=clock.now().month)
    ).all()
    actual = {one.rep_id: (one.actual, one.rate) for one in lines if one.rep_id}
    assert actual["zhangwei"] == (168_000, Decimal("1.12")) and actual["lina"] == (0, 0)
    assert {"approve", "analyse"} <= set(stage.open())  # 88 % of the department's target
    assert audit.check_all() == []
    assert demo_plan.load_plans() == 0
