"""/records/board: open opportunities by stage, each with the step of its flow that waits."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import render_template
from flask_login import current_user, login_required

from app import clock, errors, viewer
from app.accounts import people
from app.db import db
from app.engine.cases import Instance
from app.engine.work import UserTask
from app.records import numbers, sight
from app.records.customer import Customer
from app.records.opportunity import STAGES, Opportunity
from app.registry import routes

EACH = 40  # cards of a stage; the list has all
FLOW = "p_051_03_02"


@routes.pages.get("/board")
@login_required
def board() -> str:
    """The board of what this person may see."""
    here = viewer.here()
    if here.is_outside:
        raise errors.NotFound()
    totals = _totals(here)
    cards = {stage: _cards(stage, here) for stage in STAGES if stage in totals}
    rows = [row for found in cards.values() for row, _customer in found]
    return render_template(
        "registry/board.html", room="records", stages=STAGES, totals=totals, cards=cards,
        tasks=_tasks(rows), names=people.names({row.owner_id for row in rows if row.owner_id}),
        today=numbers.local_date(clock.now()), zero=(0, Decimal(0), Decimal(0)),
    )  # fmt: skip


def _open(here: sight.Viewer) -> list[Any]:
    return [sight.visible("opportunity", here), Opportunity.state == "跟进中"]


def _totals(here: sight.Viewer) -> dict[str, tuple[int, Decimal, Decimal]]:
    """{stage: (how many, amount, weighted)} in one query."""
    row = Opportunity
    query = sa.select(
        row.stage, sa.func.count(), sa.func.sum(row.amount), sa.func.sum(row.weighted)
    ).where(*_open(here)).group_by(row.stage)  # fmt: skip
    return {stage: (count, amount, weighted)
            for stage, count, amount, weighted in db.session.execute(query)}  # fmt: skip


def _cards(stage: str, here: sight.Viewer) -> list[tuple[Opportunity, Customer]]:
    query = (
        sa.select(Opportunity, Customer)
        .join(Customer, Opportunity.customer_id == Customer.id)
        .where(*_open(here), Opportunity.stage == stage)
        .order_by(Opportunity.close_date, Opportunity.id)
        .limit(EACH)
    )
    return [(row, customer) for row, customer in db.session.execute(query)]


def _tasks(rows: Sequence[Opportunity]) -> dict[str, UserTask]:
    """{number: the open task of its case that this person has}."""
    query = (
        sa.select(Instance.business_key, UserTask)
        .join(UserTask, UserTask.instance_id == Instance.id)
        .where(
            Instance.business_key.in_([row.number for row in rows]), Instance.process_id == FLOW,
            Instance.state == "active", UserTask.state == "open",
            UserTask.assignee == current_user.login,
        )
    )  # fmt: skip
    return {str(key): task for key, task in db.session.execute(query)}
