"""action.log and the expense handlers: once only, never after the fact, refused in words."""

import datetime as dt
from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError
from app.errors import Invalid
from app.records import write
from app.records.action import Action
from app.records.action_expense import ActionExpense
from app.records.errors import RecordError
from tests.flows import trade

ROWS = [{"category": "差旅", "amount": 300}, {"category": "招待", "amount": None}]


def logged(
    run: Any, target: str = "客户", target_no: str = trade.HENGYUAN, **action: Any
) -> dict[str, Any]:
    given = {"action_type": "电话", "content": "问价", "result": "要报价", **action}
    return run("action.log", by="zhangwei", target=target, target_no=target_no, action=given)


def test_an_action_moves_the_last_contact(run):
    found = logged(run)
    customer = write.need("customer", trade.HENGYUAN)
    assert customer.last_action_at == found["last_action_at"]
    row = db.session.get_one(Action, int(found["action_no"]))
    assert (row.owner_id, row.customer_id, row.target) == ("zhangwei", customer.id, "客户")


def test_the_same_row_of_a_phone_comes_once(run):
    assert logged(run, client_key="k1") == logged(run, client_key="k1")
    assert len(db.session.scalars(db.select(Action)).all()) == 1


def test_an_action_is_about_something_known(run):
    with pytest.raises(Invalid, match="对象"):
        run("action.log", by="zhangwei", target="天气", target_no="1", action={})


def test_the_rows_of_an_action_are_booked_once(run):
    number = logged(run)["action_no"]
    first = run("expense.post", by="zhangwei", action_no=number, expense_rows=ROWS)
    assert (len(first["expense_nos"]), first["expense_amount"]) == (1, 300)
    assert run("expense.post", by="zhangwei", action_no=number, expense_rows=ROWS) == first
    assert run("expense.post", action_no=None, expense_rows=ROWS)["expense_nos"] == []


def test_nothing_is_spent_tomorrow(run):
    number = logged(run)["action_no"]
    rows = [{"category": "差旅", "amount": 1, "spent_on": dt.date(2026, 3, 11)}]
    with pytest.raises(Invalid, match="晚于今天"):
        run("expense.post", by="zhangwei", action_no=number, expense_rows=rows)


def test_over_the_limit_waits_until_somebody_approves(run):
    number = logged(run)["action_no"]
    rows = run("expense.post", by="zhangwei", action_no=number, expense_rows=ROWS)["expense_nos"]
    with pytest.raises(BpmnError) as refused:
        run("expense.commit", expense_nos=rows, expense_limit=299)
    assert refused.value.code == "E_BUDGET_EXCEEDED"
    run("expense.approve_over", by="wangqiang", expense_nos=rows, comment="值得")
    (row,) = db.session.scalars(db.select(ActionExpense))
    assert (row.state, row.over_reason) == ("已确认", "王强 批准超支：值得")
    run("expense.reject", by="wangqiang", expense_nos=rows, comment="晚了")
    assert row.state == "已确认"


def test_a_campaign_that_is_over_takes_no_more_costs(run):
    campaign = write.create("campaign", {
        "name": "秋季展销会", "type": "展销会", "goal": "客户", "start_on": "2026-03-01",
        "end_on": "2026-03-05", "target_segment": "机床厂", "budget_total": 80000,
        "owner_id": "wuhao"}, by="wuhao")  # fmt: skip
    task = write.create("campaign_task", {
        "number": f"{campaign.number}-T1", "campaign_id": campaign.id, "name": "布展", "executor_id": "wuhao",
        "start_on": "2026-03-01", "due_on": "2026-03-05", "task_budget": 100,
        "deliverable": "展台"}, by="wuhao")  # fmt: skip
    number = logged(run, target="活动任务", target_no=task.number)["action_no"]
    assert run("expense.post", by="wuhao", action_no=number, expense_rows=ROWS)["expense_nos"]
    late = logged(run, target="活动任务", target_no=task.number)["action_no"]
    for state in ("审批中", "已批准", "已下达", "执行中", "已结束"):
        write.move(campaign, state, by="wuhao")
    with pytest.raises(RecordError, match="已经结束") as refused:
        run("expense.post", by="wuhao", action_no=late, expense_rows=ROWS)
    assert refused.value.code == "E_CAMPAIGN_CLOSED"
