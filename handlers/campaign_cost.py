"""活动的花费：任务和活动用了多少，超不超（051-02-03, 051-07 §8）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.action_expense import COUNTED, ActionExpense
from app.records.campaign import Campaign
from app.records.campaign_task import CampaignTask
from app.records.expense_budget import ExpenseBudget
from handlers import budget, steps

TARGET = "活动任务"
NONE = Decimal(0)
BEYOND = Decimal("9.9999")  # the rate of a task without budget that cost something
FOUR = Decimal("0.0001")


def is_of_task(rows: list[ActionExpense]) -> bool:
    """Are these expenses of a campaign's task? All rows of one action have one target."""
    return bool(rows) and rows[0].target == TARGET


def _spent(*numbers: str) -> Decimal:
    query = sa.select(sa.func.coalesce(sa.func.sum(ActionExpense.amount), 0)).where(
        ActionExpense.target == TARGET, ActionExpense.target_no.in_(numbers),
        ActionExpense.state.in_(COUNTED),
    )  # fmt: skip
    return Decimal(db.session.scalar(query) or 0)


def rate(spent: Decimal, planned: Decimal) -> Decimal:
    """spent / planned, four places; far above 1 when nothing was planned."""
    if spent <= 0:
        return NONE
    return min((spent / planned).quantize(FOUR), BEYOND) if planned > 0 else BEYOND


@handler(
    topic="campaign.cost_rates", pure=True,
    outputs=("task_rate", "event_rate", "cost_facts", "cost_notice"),
)  # fmt: skip
def cost_rates(step: Step, *, task_no: str, expense_nos: list | None = None) -> dict[str, Any]:
    """算出费用使用率：任务和活动已确认的费用，加上这次登记的。"""
    task: CampaignTask = write.need("campaign_task", task_no)
    campaign = db.session.get_one(Campaign, task.campaign_id)
    waiting = sa.select(sa.func.coalesce(sa.func.sum(ActionExpense.amount), 0)).where(
        ActionExpense.number.in_(expense_nos or []), ActionExpense.state.in_(("已登记", "待确认"))
    )
    new = Decimal(db.session.scalar(waiting) or 0)
    task_rate = rate(task.spent + new, task.task_budget)
    event_rate = rate(campaign.spent + new, campaign.budget_total)
    shown = [
        (_("活动"), f"{campaign.name} {campaign.number}"), (_("任务"), task.name),
        (_("执行人"), steps.name_of(task.executor_id)), (_("本次费用"), f"{new:,.2f}"),
        (_("任务已用 / 预算"), f"{task.spent:,.2f} / {task.task_budget:,.2f}"),
        (_("活动已用 / 预算"), f"{campaign.spent:,.2f} / {campaign.budget_total:,.2f}"),
        (_("任务使用率（含本次）"), f"{task_rate:.0%}"),
    ]  # fmt: skip
    return {
        "task_rate": task_rate, "event_rate": event_rate,
        "cost_facts": [{"label": label, "value": value} for label, value in shown],
        "cost_notice": {
            "owner": campaign.owner_id, "key": f"cost:{task_no}:{','.join(expense_nos or [])}",
            "context": {"campaign": campaign.name, "task": task.name, "rate": f"{task_rate:.0%}"},
        },
    }  # fmt: skip


def refuse_beyond(rows: list[ActionExpense]) -> None:
    """Raises E_BUDGET_EXCEEDED when the campaign's own budget does not hold these expenses."""
    if not is_of_task(rows):
        return
    own = _own_budget(rows)
    amount = sum((row.amount for row in rows), NONE)
    if own is not None and amount > own.available:
        text = _("活动预算只剩 %(free)s 元，这次费用 %(amount)s 元，需要批准。",
                 free=f"{own.available:,.2f}", amount=f"{amount:,.2f}")  # fmt: skip
        raise BpmnError("E_BUDGET_EXCEEDED", text, problems=text)


def _own_budget(rows: list[ActionExpense]) -> ExpenseBudget | None:
    task: CampaignTask = write.need("campaign_task", rows[0].target_no)
    return budget.of_campaign(db.session.get_one(Campaign, task.campaign_id).number)


def book(step: Step, rows: list[ActionExpense], reason: str = "") -> None:
    """Confirmed expenses of a task are bound in the campaign's budget; task and campaign know
    what they have cost. What an approval let through beyond the budget is written down."""
    if not is_of_task(rows):
        return
    own = _own_budget(rows)
    amount = sum((row.amount for row in rows), NONE)
    if own is not None:
        beyond = amount - max(own.available, NONE)
        budget.commit(step, own, amount)
        if beyond > 0:
            budget.note_excess(step, own, beyond, rows[0].number, reason)
    note_spent(step, rows[0].target_no)


def note_spent(step: Step, task_no: str) -> None:
    """task.spent and campaign.spent follow from the confirmed expenses."""
    task: CampaignTask = write.need("campaign_task", task_no)
    campaign = db.session.get_one(Campaign, task.campaign_id)
    write.change(task, {"spent": _spent(task.number)}, **steps.writing(step))
    query = sa.select(CampaignTask.number).filter_by(campaign_id=campaign.id)
    numbers = list(db.session.scalars(query))
    write.change(campaign, {"spent": _spent(*numbers)}, **steps.writing(step))
