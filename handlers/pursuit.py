"""跟进机会：费用核算、升阶段、暂停恢复、改派（051-03-02 步骤 02.08 … 02.18）。"""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.action import Action
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.opportunity import STAGES, Opportunity
from handlers import chances, expense, steps

NONE, PLACES = Decimal(0), Decimal("0.0001")
PROBABILITY = dict(zip(STAGES, (10, 20, 50, 75, 90), strict=True))
UPDATED = ("amount", "close_date", "probability")


@handler(
    topic="opportunity.check_cost",
    outputs=("cost", "cost_rate", "manager", "cost_context", "cost_facts", "problems", "amount"),
)  # fmt: skip
def check_cost(
    step: Step, *, opportunity_no: str, expense_nos: list | None = None,
    follow: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """核算费用：已确认的加上这次登记的，占预计金额多少；顺带更新金额、日期和把握。

    `cost` is without this time's rows when there are none; `cost_rate` = cost / amount (P4).
    """
    row: Opportunity = write.need("opportunity", opportunity_no)
    _update(step, row, follow or {})
    fresh = sum((one.amount for one in expense.rows_of(expense_nos)), NONE)
    cost = expense.spent_on("机会", row.number) + fresh
    rate = (cost / row.amount).quantize(PLACES) if row.amount else NONE
    customer = db.session.get_one(Customer, row.customer_id)
    shown = {"name": row.name, "customer": customer.name, "cost": f"{cost:,.2f}",
             "rate": f"{rate:.1%}", "number": row.number}  # fmt: skip
    facts = {_("客户"): customer.name, _("机会"): f"{row.name} {row.number}",
             _("这次的费用"): f"{fresh:,.2f}", _("费用合计"): shown["cost"],
             _("预计金额"): f"{row.amount:,.2f}", _("费用率"): shown["rate"],
             _("负责人"): steps.name_of(row.owner_id)}  # fmt: skip
    silent = not fresh
    return {
        "cost": NONE if silent else cost, "cost_rate": NONE if silent else rate,
        "manager": people.superior_of(row.owner_id or "") or people.manager_of(row.owner_id or ""),
        "cost_context": shown, "problems": None, "amount": row.amount,
        "cost_facts": [{"label": label, "value": value} for label, value in facts.items()],
    }  # fmt: skip


def _update(step: Step, row: Opportunity, follow: dict[str, Any]) -> None:
    given = {name: follow[name] for name in UPDATED if follow.get(name) is not None}
    if follow.get("need_doc"):
        given["need_doc"] = follow["need_doc"]
    if given:
        write.change(row, given, **steps.writing(step))


@handler(
    topic="opportunity.gate_facts",
    outputs=("stage", "actions_in_stage", "has_decision_maker", "has_need_doc", "has_sent_quote",
             "problems", "amount"),
)  # fmt: skip
def gate_facts(step: Step, *, opportunity_no: str, follow: dict | None = None) -> dict[str, Any]:
    """归集阶段条件：本阶段的行动数、决策人、确认过的需求、发出的报价。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    _update(step, row, follow or {})
    count = sa.select(sa.func.count(Action.id)).where(
        Action.target == "机会", Action.target_no == row.number,
        Action.at >= chances.stage_since(row),
    )  # fmt: skip
    return {
        "stage": row.stage, "actions_in_stage": int(db.session.scalar(count) or 0),
        "has_decision_maker": _has_decision_maker(row), "has_need_doc": bool(row.need_doc),
        "has_sent_quote": chances.was_sent(row), "problems": None, "amount": row.amount,
    }  # fmt: skip


def _has_decision_maker(row: Opportunity) -> bool:
    """Somebody who decides is known: in the decision chain, or as a contact of the customer."""
    if any(one.get("role") == "决策者" for one in row.decision_chain or []):
        return True
    query = sa.select(Contact.id).where(
        Contact.customer_id == row.customer_id, Contact.decision_role == "决策者"
    )
    return db.session.scalar(query.limit(1)) is not None


@handler(topic="opportunity.advance", outputs=("stage", "problems", "missing"))
def advance(
    step: Step, *, opportunity_no: str, gate: dict, follow: dict | None = None,
    actions_in_stage: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """升迁阶段：记下原阶段停留的天数和新的把握；退回前面的阶段要写原因。

    Raises E_NO_ACTION_FOR_STAGE or E_STAGE_GATE with what is missing (051-03 P4).
    """
    row: Opportunity = write.need("opportunity", opportunity_no)
    wanted = (follow or {}).get("to_stage")
    if wanted and STAGES.index(wanted) < STAGES.index(row.stage):
        return _moved(step, row, wanted, PROBABILITY[wanted], (follow or {}).get("back_reason"))
    if not gate.get("allowed"):
        missing = list(gate.get("missing") or [])
        if row.stage == STAGES[-1]:
            text = _("已经是最后一个阶段，请登记赢单或丢单。")
        else:
            text = _("还不能升阶段，缺少：%(names)s。", names="、".join(missing))
        code = "E_STAGE_GATE" if actions_in_stage else "E_NO_ACTION_FOR_STAGE"
        raise BpmnError(code, text, problems=text, missing=missing)
    if wanted and STAGES.index(wanted) > STAGES.index(row.stage) and wanted != gate["next"]:
        text = _("一次只能升一个阶段，下一个阶段是“%(stage)s”。", stage=gate["next"])
        raise BpmnError("E_STAGE_GATE", text, problems=text, missing=[])
    return _moved(step, row, gate["next"], int(gate["probability"]), None)


def _moved(
    step: Step, row: Opportunity, to: str, probability: int, reason: str | None
) -> dict[str, Any]:
    chances.note_stage(step, row, row.stage, to)
    write.change(row, {"stage": to, "probability": probability}, reason=reason or "",
                 **steps.writing(step))  # fmt: skip
    return {"stage": to, "problems": None, "missing": []}


@handler(topic="opportunity.suspend", outputs=("suspensions", "resume_at", "problems"))
def suspend(step: Step, *, opportunity_no: str, suspension: dict) -> dict[str, Any]:
    """暂停机会：到恢复日期再跟；第三次暂停就要登记丢单。

    `resume_at` is eight o'clock of that day in the company's zone.
    """
    row: Opportunity = write.need("opportunity", opportunity_no)
    day: dt.date = suspension["resume_on"]
    if day <= steps.today(step):
        raise Invalid(_("恢复日期要晚于今天。"), fields={"resume_on": _("要晚于今天")})
    count = row.suspensions + 1
    write.change(row, {"suspensions": count}, **steps.writing(step))
    if count < 3:
        write.move(row, "暂停", reason=suspension["reason"], **steps.writing(step))
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    at = dt.datetime.combine(day, dt.time(8), zone).astimezone(dt.UTC)
    told = _("这个机会已经是第三次暂停，请登记丢单。") if count >= 3 else None
    return {"suspensions": count, "resume_at": at, "problems": told}


@handler(topic="opportunity.resume", outputs=("problems", "suspension"))
def resume(step: Step, *, opportunity_no: str) -> dict[str, Any]:
    """恢复跟进：从暂停回到跟进中。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    if row.state == "暂停":
        write.move(row, "跟进中", **steps.writing(step))
    return {"problems": None, "suspension": None}


@handler(topic="opportunity.keep_on", outputs=("problems", "loss"))
def keep_on(
    step: Step, *, opportunity_no: str, loss: dict | None = None, verdict: dict | None = None
) -> dict[str, Any]:
    """继续跟进：经理不同意丢单，意见留在跟进的表单上。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    if row.state == "暂停":
        write.move(row, "跟进中", **steps.writing(step))
    said = (verdict or {}).get("comment") or "—"
    return {"problems": _("丢单没有批准：%(why)s", why=said), "loss": loss}


@handler(
    topic="opportunity.reassign", outputs=("owner", "department_id", "problems", "supervision")
)
def reassign(step: Step, *, opportunity_no: str, supervision: dict) -> dict[str, Any]:
    """改派负责人：从此由新负责人跟进，发掘人不变。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    who = supervision["new_owner"]
    if people.get(who) is None or not people.get(who).enabled:
        raise Invalid(_("请选择一位在职的业务员。"))
    department = steps.department_of(who) or row.department_id
    write.change(row, {"owner_id": who, "department_id": department},
                 reason=supervision["reason"], **steps.writing(step))  # fmt: skip
    told = _("改派给您：%(why)s", why=supervision["reason"])
    return {"owner": who, "department_id": department, "problems": told,
            "supervision": supervision}  # fmt: skip
