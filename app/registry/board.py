"""/records/board: open opportunities by stage, each with the step of its flow that waits.

Moving a card writes no record: it presses a verb of the task 跟进机会 of the running case
(051-03-02 step 02.10), so that its rules apply.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from flask_login import current_user, login_required

from app import clock, errors, viewer
from app.accounts import people
from app.db import db
from app.engine.cases import Instance
from app.engine.work import UserTask
from app.records import numbers, sight
from app.records.customer import Customer
from app.records.opportunity import STAGES, Opportunity, StageHistory
from app.registry import routes

EACH = 40  # cards of a stage; the list has all
FLOW, STEP = "p_051_03_02", "follow_up"
LONG = 30  # days in one stage that deserve a look
WHOSE = ("all", "mine", "department")
PERIODS = ("any", "month", "quarter", "overdue")


@dataclass(frozen=True)
class Asked:
    """Whose opportunities, and when they are expected to close; it stands in the address."""

    whose: str = "all"
    closes: str = "any"

    @property
    def narrowed(self) -> bool:
        """Is anything left out?"""
        return self != Asked()


@routes.pages.get("/board")
@login_required
def board() -> str:
    """The board of what this person may see."""
    return render_template("registry/board.html", **_facts())


@routes.pages.get("/board/columns")
@login_required
def board_columns() -> str:
    """The columns alone, as they stand now."""
    return render_template("registry/columns.html", **_facts())


def _facts() -> dict[str, Any]:
    here = viewer.here()
    if here.is_outside:
        raise errors.NotFound()
    ask = _asked()
    today = numbers.local_date(clock.now())
    wanted = [sight.visible("opportunity", here), Opportunity.state == "跟进中",
              *_narrowed(ask, here, today)]  # fmt: skip
    totals = _totals(wanted)
    cards = {stage: _cards(stage, wanted) for stage in STAGES if stage in totals}
    rows = [row for found in cards.values() for row, _customer in found]
    return {
        "room": "records", "stages": STAGES, "totals": totals, "cards": cards, "ask": ask,
        "tasks": _tasks(rows), "names": people.names({row.owner_id for row in rows if row.owner_id}),
        "today": today, "days": _days(rows), "zero": (0, Decimal(0), Decimal(0)), "long": LONG,
        "whole": tuple(sum((one[n] for one in totals.values()), Decimal(0)) for n in (0, 1, 2)),
        "place": {stage: number for number, stage in enumerate(STAGES)},
    }  # fmt: skip


def _asked() -> Asked:
    whose, closes = request.args.get("whose", ""), request.args.get("closes", "")
    return Asked(whose if whose in WHOSE else "all", closes if closes in PERIODS else "any")


def _narrowed(ask: Asked, here: sight.Viewer, today: dt.date) -> list[Any]:
    row, found = Opportunity, []
    if ask.whose == "mine":
        found.append(row.owner_id == here.login)
    elif ask.whose == "department":
        below = people.departments_below(here.department) if here.department else []
        found.append(row.department_id.in_(below))
    if ask.closes == "overdue":
        found.append(row.close_date < today)
    elif ask.closes != "any":
        found.append(row.close_date.between(today.replace(day=1), _end(today, ask.closes)))
    return found


def _end(today: dt.date, span: str) -> dt.date:
    """The last day of this month, or of this quarter."""
    month = today.month if span == "month" else (today.month + 2) // 3 * 3
    after = dt.date(today.year + month // 12, month % 12 + 1, 1)
    return after - dt.timedelta(days=1)


def _totals(wanted: list[Any]) -> dict[str, tuple[int, Decimal, Decimal]]:
    """{stage: (how many, amount, weighted)} in one query."""
    row = Opportunity
    query = sa.select(
        row.stage, sa.func.count(), sa.func.sum(row.amount), sa.func.sum(row.weighted)
    ).where(*wanted).group_by(row.stage)  # fmt: skip
    return {stage: (count, amount, weighted)
            for stage, count, amount, weighted in db.session.execute(query)}  # fmt: skip


def _cards(stage: str, wanted: list[Any]) -> list[tuple[Opportunity, Customer]]:
    query = (
        sa.select(Opportunity, Customer)
        .join(Customer, Opportunity.customer_id == Customer.id)
        .where(*wanted, Opportunity.stage == stage)
        .order_by(Opportunity.close_date, Opportunity.id)
        .limit(EACH)
    )
    return [(row, customer) for row, customer in db.session.execute(query)]


def _days(rows: Sequence[Opportunity]) -> dict[int, int]:
    """{opportunity id: days in its present stage}, in one query."""
    last = sa.func.max(StageHistory.created_at)
    query = sa.select(StageHistory.opportunity_id, last).where(
        StageHistory.opportunity_id.in_([row.id for row in rows])
    )
    since = dict(db.session.execute(query.group_by(StageHistory.opportunity_id)).all())
    now = clock.now()
    return {row.id: max((now - (since.get(row.id) or row.created_at)).days, 0) for row in rows}


def _tasks(rows: Sequence[Opportunity]) -> dict[str, UserTask]:
    """{number: the step of its case that this person has open}; pursuing it before all others."""
    query = (
        sa.select(Instance.business_key, UserTask)
        .join(UserTask, UserTask.instance_id == Instance.id)
        .where(
            Instance.business_key.in_([row.number for row in rows]), Instance.process_id == FLOW,
            Instance.state == "active", UserTask.state == "open",
            UserTask.assignee == current_user.login,
        )
        .order_by(UserTask.element_id == STEP, UserTask.id)
    )  # fmt: skip
    return {str(key): task for key, task in db.session.execute(query)}
