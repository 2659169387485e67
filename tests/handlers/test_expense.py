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
from tests.flows import trade

ROWS = [{"category": "差旅", "amount": 300}, {"category": "招待", "amount": None}]


def logged(run: Any, **action: Any) -> dict[str, Any]:
    given = {"action_type": "电话", "content": "问价", "result": "要报价", **action}
    return run("action.log", by="zhangwei", target="客户", target_no=trade.HENGYUAN, action=given)


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
