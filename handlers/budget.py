"""费用预算：检查、占用、释放（051-07 §1、§8；051-02-02）。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.expense_budget import CAMPAIGN, DEPARTMENT, ExpenseBudget
from handlers import steps

ZERO = Decimal(0)


def of_department(department: str | None, on: dt.date) -> ExpenseBudget | None:
    """The department's yearly budget of that day, locked; None if there is none in force."""
    query = sa.select(ExpenseBudget).where(
        ExpenseBudget.type == DEPARTMENT, ExpenseBudget.object_no == department,
        ExpenseBudget.state == "已生效", ExpenseBudget.period_start <= on,
        ExpenseBudget.period_end >= on,
    )  # fmt: skip
    return db.session.scalar(query.with_for_update())


def of_campaign(number: str | None) -> ExpenseBudget | None:
    """The campaign's own budget in force, locked; None before it is reserved and after its end."""
    query = sa.select(ExpenseBudget).where(
        ExpenseBudget.type == CAMPAIGN, ExpenseBudget.object_no == number,
        ExpenseBudget.state == "已生效",
    )  # fmt: skip
    return db.session.scalar(query.with_for_update())


@handler(outputs=("budget_free", "budget_short", "problems"), pure=True)
def check_available(
    step: Step, *, plan: dict, department_id: str | None = None, over_budget: bool = False
) -> dict[str, Any]:  # fmt: skip
    """检查部门预算还够不够；不够而又没有申请追加时报 E_BUDGET_SHORT。

    Nothing is written: `budget.reserve` looks again under lock.
    """
    upper = of_department(department_id, plan["start_on"])
    free = upper.available if upper is not None else ZERO
    missing = max(Decimal(plan["budget_total"]) - free, ZERO)
    if missing and not over_budget:
        raise _short(free, Decimal(plan["budget_total"]))
    return {"budget_free": free, "budget_short": missing, "problems": None}


def _short(free: Decimal, wanted: Decimal) -> BpmnError:
    text = _("部门预算只剩 %(free)s 元，需要 %(wanted)s 元，还差 %(missing)s 元。",
             free=f"{free:,.2f}", wanted=f"{wanted:,.2f}", missing=f"{wanted - free:,.2f}")  # fmt: skip
    return BpmnError("E_BUDGET_SHORT", text, problems=text, budget_free=free,
                     budget_short=wanted - free)  # fmt: skip


@handler(outputs=("budget_no", "problems"))
def reserve(
    step: Step, *, campaign_no: str, new_total: Any = None, over_budget: bool = False
) -> dict[str, Any]:  # fmt: skip
    """占用预算：从部门年度预算借给活动自己的预算；变更时只借差额。

    Asking again for the same total lends nothing more (key campaign + version). A shortage raises
    E_BUDGET_SHORT unless an excess was approved, which is written down as `budget_excess`.
    """
    campaign: Campaign = write.need("campaign", campaign_no)
    total = Decimal(campaign.budget_total if new_total is None else new_total)
    own = of_campaign(campaign_no)
    upper = db.session.get(ExpenseBudget, own.upper_id) if own is not None and own.upper_id else (
        of_department(campaign.department_id, campaign.start_on) if own is None else None)  # fmt: skip
    delta = total - (own.total if own is not None else ZERO)
    _check(own, upper, total, delta, over_budget)
    if upper is not None and delta:
        write.change(upper, {"reserved": upper.reserved + delta}, **steps.writing(step))
    if own is None:
        own = _opened(step, campaign, upper, total)
    elif delta:
        write.change(own, {"adjusted": own.adjusted + delta}, **steps.writing(step))
    missing = -upper.available if upper is not None else delta
    if over_budget and delta > 0 and missing > 0:
        note_excess(step, upper or own, min(missing, delta), campaign_no, campaign.name)
    if campaign.state == "审批中":
        write.move(campaign, "已批准", **steps.writing(step))
    return {"budget_no": own.number, "problems": None}


def _check(
    own: ExpenseBudget | None, upper: ExpenseBudget | None, total: Decimal, delta: Decimal,
    over_budget: bool,
) -> None:  # fmt: skip
    used = own.committed + own.spent if own is not None else ZERO
    if total < used:
        text = _("已经用了 %(used)s 元，预算不能改成 %(total)s 元。",
                 used=f"{used:,.2f}", total=f"{total:,.2f}")  # fmt: skip
        raise BpmnError("E_BUDGET_SHORT", text, problems=text, budget_free=ZERO,
                        budget_short=used - total)  # fmt: skip
    free = upper.available if upper is not None else ZERO
    if delta > free and not over_budget:
        raise _short(free, delta)


def _opened(
    step: Step, campaign: Campaign, upper: ExpenseBudget | None, total: Decimal
) -> ExpenseBudget:
    made: ExpenseBudget = write.create(
        "expense_budget",
        {
            "name": campaign.name, "type": CAMPAIGN, "object_no": campaign.number,
            "upper_id": upper.id if upper is not None else None, "control": "强",
            "period_start": campaign.start_on, "period_end": campaign.end_on,
            "lines": campaign.budget_lines, "approved": total, "owner_id": campaign.owner_id,
            "department_id": campaign.department_id,
        },
        state="已生效", **steps.writing(step),
    )  # fmt: skip
    return made


def note_excess(
    step: Step, row: ExpenseBudget, amount: Decimal, object_no: str, reason: str
) -> None:
    """It is written down that the budget may be exceeded by this amount."""
    write.create(
        "budget_excess",
        {"budget_id": row.id, "amount": amount, "object_no": object_no, "reason": reason[:500]},
        by=steps.actor(step), at=step.now,
    )  # fmt: skip


@handler()
def release(step: Step, *, campaign_no: str) -> None:
    """释放预算：没有承诺也没有支出的部分还给部门；活动预算决算。

    The compensation of `budget.reserve`; done once, since the budget is 已决算 afterwards.
    """
    own = of_campaign(campaign_no)
    if own is None:
        return
    rest = own.total - own.committed - own.spent
    if own.upper_id is not None and rest > 0:
        upper = db.session.get_one(ExpenseBudget, own.upper_id)
        write.change(upper, {"reserved": upper.reserved - rest}, **steps.writing(step))
    write.move(own, "已决算", reason=_("活动取消"), **steps.writing(step))


def commit(step: Step, row: ExpenseBudget, amount: Decimal) -> None:
    """The amount is bound: confirmed, not yet paid out."""
    write.change(row, {"committed": row.committed + amount}, **steps.writing(step))
