"""Work on every customer of a company with many: batch by batch, each batch a case of its own."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.records import period, record
from app.records.account_snapshot import AccountSnapshot
from app.records.assignment import Assignment
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.prepayment import Prepayment
from handlers import steps
from tests.conftest import TODAY
from tests.flows import money
from tests.flows.stage import Stage

MONTH_END = dt.datetime(2026, 3, 31, 22, 0, tzinfo=dt.UTC)  # 1 April 06:00 in Shanghai
MARCH = "2026-03"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch):
    """A case takes five, so that a few customers are many."""
    monkeypatch.setattr(steps, "BATCH", 5)


def customers(count: int, **given: Any) -> list[Customer]:
    """So many more customers of the east, in the order of their numbers."""
    facts = {
        "customer_type": "企业", "source": "自行开发", "owner_id": "zhangwei", "grade": "D",
        "department_id": "east", "state": "有效", "created_by": "zhangwei",
        "updated_by": "zhangwei", **given,
    }  # fmt: skip
    rows = [
        facts | {"number": f"CU-202603-{n:04d}", "name": f"苏南机电第 {n} 厂"}
        for n in range(1, count + 1)
    ]
    db.session.execute(sa.insert(Customer), rows)
    db.session.commit()
    query = sa.select(Customer).where(Customer.number.like("CU-202603-%"))
    return list(db.session.scalars(query.order_by(Customer.number)))


def book(found: list[Customer], *amounts: int) -> None:
    """These amounts were booked for each of them in March."""
    rows = [
        {"customer_id": one.id, "type": "adjust", "ledger": "应收", "amount": Decimal(amount),
         "doc_type": "customer_account", "doc_no": f"{one.number}-{n}",
         "value_date": dt.date(2026, 3, 2), "created_by": "chenjing"}
        for one in found for n, amount in enumerate(amounts)
    ]  # fmt: skip
    db.session.execute(sa.insert(record.entity("ar_entry")), rows)
    db.session.commit()


def snapshots() -> int:
    query = sa.select(sa.func.count()).select_from(AccountSnapshot).filter_by(period=MARCH)
    return int(db.session.scalar(query) or 0)


def test_the_month_of_many_customers_is_closed_in_batches(stage: Stage):
    book(customers(23), 100, -100)
    stage.go_to(MONTH_END)
    cases = [one.id for one in stage.cases("p_051_01_03")]
    assert not stage.incidents()
    assert [stage.end(case) for case in cases] == ["month_closed", *["batch_closed"] * 4]
    assert [len(stage.variables(case)["customers"]) for case in cases] == [5, 5, 5, 5, 3]
    assert snapshots() == 23
    assert stage.variables(cases[0])["figures"]["customers"] == 23
    assert period.is_closed(dt.date(2026, 3, 31))


def test_a_month_stays_open_as_long_as_one_customer_of_a_later_batch_answers(stage: Stage):
    found = customers(12)
    book(found[:-1], 100, -100)
    book(found[-1:], 100)
    stage.go_to(MONTH_END)
    first, *_others, last = [one.id for one in stage.cases("p_051_01_03")]
    stage.wait(days=9)
    assert not stage.ended(first) and not stage.ended(last)
    assert not period.is_closed(dt.date(2026, 3, 31))
    (statement,) = db.session.scalars(sa.select(record.entity("statement")))
    stage.message("msg_statement_reply", statement.number, reply_result="confirmed",
                  confirmed_balance=Decimal(100))  # fmt: skip
    assert stage.end(first) == "month_closed"
    assert period.is_closed(dt.date(2026, 3, 31))


def test_a_full_batch_with_nobody_behind_it_hands_nothing_on(stage: Stage):
    book(customers(5), 100, -100)
    stage.go_to(MONTH_END)
    (case,) = stage.cases("p_051_01_03")
    assert stage.end(case.id) == "month_closed" and "hand_on" not in stage.path(case.id)


def test_credit_is_reviewed_in_batches(stage: Stage):
    known = db.session.scalar(sa.select(CustomerCredit).limit(1))
    held = {column.name: getattr(known, column.name) for column in CustomerCredit.__table__.c}
    for one in ("id", "number", "customer_id"):
        held.pop(one, None)
    found = customers(9, owner_id=None, state="公海")  # nobody recycles them meanwhile
    numbered = "number" in CustomerCredit.__table__.c
    db.session.execute(
        sa.insert(CustomerCredit),
        [held | {"customer_id": one.id} | ({"number": one.number} if numbered else {})
         for one in found],
    )  # fmt: skip
    db.session.commit()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(CustomerCredit))
    stage.message("msg_credit_review_batch")  # as the timer of January and July, without 110 days
    stage.go_to(TODAY + dt.timedelta(minutes=1))
    assert not stage.incidents()
    cases = stage.cases("p_051_01_04")
    assert len(cases) == -(-count // 5)
    listed = [number for one in cases for number in stage.variables(one.id)["customers"]]
    assert len(set(listed)) == len(listed) == count


def test_all_customers_of_who_left_are_given_to_others(stage: Stage):
    customers(12, owner_id="lina")
    mine = sa.select(sa.func.count()).select_from(Customer).where(Customer.owner_id == "lina")
    count = db.session.scalar(mine)
    stage.signal("sig_staff_left", user_id="lina")
    stage.go_to(TODAY + dt.timedelta(minutes=1))
    assert not stage.incidents()
    plans = stage.tasks("plan")
    rows = [row["customer_id"] for task in plans for row in stage.seen(task)["rows"]]
    assert len(plans) == -(-count // 5) and len(set(rows)) == len(rows) == count
    numbers = set(db.session.scalars(sa.select(Assignment.number)))
    assert {stage.seen(task)["assignment_no"] for task in plans} == numbers


def test_customers_that_are_kept_do_not_hide_those_behind_them(stage: Stage):
    long_ago = TODAY - dt.timedelta(days=400)
    customers(12, last_action_at=TODAY - dt.timedelta(days=24), life_stage="潜在")
    late = db.session.scalar(sa.select(Customer).where(Customer.number == "CU-202603-0012"))
    late.last_action_at = long_ago
    db.session.commit()
    stage.go_to(dt.datetime(2026, 3, 10, 18, 1, tzinfo=dt.UTC))  # 02:00 in Shanghai
    rows = [row["customer_id"] for task in stage.tasks("plan") for row in stage.seen(task)["rows"]]
    assert "CU-202603-0012" in rows


def test_balances_that_lie_idle_are_cleaned_in_batches(stage: Stage):
    for number in range(7):
        money.prepaid(None, "1000", f"B-{number:04d}")
    stage.go_to(TODAY + dt.timedelta(days=113))
    assert not stage.incidents()
    asked = [case.id for case in stage.cases("p_051_03_10") if not stage.ended(case.id)]
    assert sorted(len(stage.tasks("clean", case)) for case in asked) == [2, 5]
    rows = [row["prepay_no"] for case in asked for row in stage.variables(case)["idle_rows"]]
    assert sorted(rows) == sorted(db.session.scalars(sa.select(Prepayment.number)))
    for case in asked:
        for task in stage.tasks("clean", case):
            stage.complete(
                task, "chenjing", {**stage.seen(task), "outcome": "keep", "reason": "下月用"}
            )
        assert stage.end(case) == "cleaned"
    money.sound()
