"""行动费用：登记、确认、超支批准、驳回（051-07 §8）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.action import Action
from app.records.action_expense import COUNTED, PAID_BY, ActionExpense
from app.records.campaign import Campaign
from app.records.errors import RecordError
from app.records.opportunity import Opportunity
from handlers import campaign_cost, steps

NONE = Decimal(0)
OVER = ("已结束", "已关闭", "已取消")
WAITING = ("已登记", "待确认")


@handler(outputs=("expense_nos", "expense_amount", "problems"))
def post(
    step: Step, *, action_no: str | int | None = None, expense_rows: list | None = None
) -> dict[str, Any]:
    """登记行动费用：一次行动的每一行费用各成一张，已登记。

    A line of an action comes once only (key action+line); a row without an amount is left out.
    """
    if action_no is None or not expense_rows:
        return {"expense_nos": [], "expense_amount": NONE, "problems": None}
    action = db.session.get_one(Action, int(action_no))
    known = {row.line_no: row for row in _of_action(action.id)}
    rows = [known.get(n) or _posted(step, action, n, row)
            for n, row in enumerate(expense_rows, 1) if row.get("amount")]  # fmt: skip
    return {"expense_nos": [row.number for row in rows], "problems": None,
            "expense_amount": sum((row.amount for row in rows), NONE)}  # fmt: skip


def _of_action(action_id: int) -> list[ActionExpense]:
    return list(db.session.scalars(sa.select(ActionExpense).filter_by(action_id=action_id)))


def _posted(step: Step, action: Action, line: int, row: Mapping[str, Any]) -> ActionExpense:
    spent_on = row.get("spent_on") or steps.today(step)
    if spent_on > steps.today(step):
        raise Invalid(_("费用的发生日期不能晚于今天。"))
    _still_runs(action)
    opportunity = write.find("opportunity", action.target_no) if action.target == "机会" else None
    given = {
        "action_id": action.id, "line_no": line, "target": action.target,
        "target_no": action.target_no,
        "category": row.get("category") or row.get("type") or _("其他"),
        "opportunity_id": opportunity.id if opportunity is not None else None,
        "amount": row["amount"], "spent_on": spent_on, "paid_by": row.get("paid_by") or PAID_BY[0],
        "invoice": row.get("invoice") or row.get("file"), "owner_id": action.owner_id,
        "department_id": action.department_id,
    }  # fmt: skip
    made: ActionExpense = write.create("action_expense", given, **steps.writing(step))
    return made


def _still_runs(action: Action) -> None:
    """Costs of a campaign that is over belong to its department: E_CAMPAIGN_CLOSED (051-02-03)."""
    task = write.find("campaign_task", action.target_no) if action.target == "活动任务" else None
    campaign = db.session.get(Campaign, task.campaign_id) if task is not None else None
    if campaign is not None and campaign.state in OVER:
        text = _(
            "市场活动 %(number)s 已经结束，费用请在本部门的预算里报销。", number=campaign.number
        )
        raise RecordError("E_CAMPAIGN_CLOSED", text)


def rows_of(numbers: list | None) -> list[ActionExpense]:
    """The expenses with these numbers, locked until the transaction ends."""
    query = sa.select(ActionExpense).where(ActionExpense.number.in_(numbers or []))
    return list(db.session.scalars(query.order_by(ActionExpense.id).with_for_update()))


def spent_on(target: str, target_no: str) -> Decimal:
    """What the object has cost so far: all expenses that are confirmed or further."""
    query = sa.select(sa.func.coalesce(sa.func.sum(ActionExpense.amount), 0)).where(
        ActionExpense.target == target, ActionExpense.target_no == target_no,
        ActionExpense.state.in_(COUNTED),
    )  # fmt: skip
    return Decimal(db.session.scalar(query) or 0)


@handler(outputs=("problems",))
def commit(
    step: Step, *, expense_nos: list | None = None, expense_limit: Any = None
) -> dict[str, Any]:
    """确认费用：记入对象的费用；超过给定的限额时不确认（E_BUDGET_EXCEEDED）。

    `expense_limit` is what the object may cost in all; without one nothing is refused here.
    """
    rows = [row for row in rows_of(expense_nos) if row.state in WAITING]
    if expense_limit is not None and rows:
        after = spent_on(rows[0].target, rows[0].target_no) + sum((r.amount for r in rows), NONE)
        if after > Decimal(expense_limit):
            text = _("费用合计 %(after)s 超过限额 %(limit)s，需要批准。",
                     after=after, limit=expense_limit)  # fmt: skip
            raise BpmnError("E_BUDGET_EXCEEDED", text, problems=text)
    campaign_cost.refuse_beyond(rows)
    _confirm(step, rows, "")
    return {"problems": None}


@handler(outputs=("problems",))
def approve_over(
    step: Step, *, expense_nos: list | None = None, comment: str | None = None,
    approved_by: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """批准超支：费用已确认，记下是谁因为什么批准的。"""
    who = steps.name_of(approved_by or steps.actor(step))
    reason = _("%(who)s 批准超支：%(why)s", who=who, why=comment or "—")
    rows = [row for row in rows_of(expense_nos) if row.state in WAITING]
    for row in rows:
        write.change(row, {"over_reason": reason[:500]}, **steps.writing(step))
    _confirm(step, rows, reason)
    return {"problems": None}


def _confirm(step: Step, rows: list[ActionExpense], reason: str) -> None:
    for row in rows:
        write.move(row, "已确认", reason=reason, **steps.writing(step))
    campaign_cost.book(step, rows, reason)
    for number in {row.target_no for row in rows if row.target == "机会"}:
        note_cost(step, number)


def note_cost(step: Step, number: str) -> None:
    """The opportunity's cost follows from its expenses."""
    row: Opportunity = write.need("opportunity", number)
    write.change(row, {"cost": spent_on("机会", number)}, **steps.writing(step))


@handler(outputs=("problems",))
def reject(
    step: Step, *, expense_nos: list | None = None, comment: str | None = None
) -> dict[str, Any]:
    """驳回费用：不计入对象的费用，也不能报销。"""
    for row in rows_of(expense_nos):
        if row.state in WAITING:
            write.move(row, "已驳回", reason=comment or "", **steps.writing(step))
    return {"problems": _("费用没有批准：%(why)s", why=comment or "—")}
