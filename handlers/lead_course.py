"""线索的去向：分配、跟进、换人、入池、培育、转化、关闭（051-02-01）。"""

from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.action import Action
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.lead import Lead
from handlers import steps

AT_ONCE = 200  # leads woken in one morning; the others follow the next day
FREE = ("培育中", "线索池")


@handler(topic="lead.assign", outputs=("owner", "problems", "department_id"))
def assign(step: Step, *, lead_no: str, owner: str | None = None) -> dict[str, Any]:
    """指定负责人：线索归他，等他接收。

    Raises E_OWNER_INACTIVE when he has left (051-02-01 step 01.11).
    """
    return _given_to(step, write.need("lead", lead_no), owner)


def _given_to(
    step: Step, row: Lead, owner: str | None, reason: str = "", **more: Any
) -> dict[str, Any]:
    person = people.get(owner)
    if person is None or not person.is_active:
        text = _("%(who)s 已停用，请另选负责人。", who=owner or "")
        raise BpmnError("E_OWNER_INACTIVE", text, problems=text)
    how = steps.writing(step)
    write.change(
        row, {"owner_id": owner, "department_id": person.department_id, **more},
        reason=reason, **how,
    )  # fmt: skip
    write.move(row, "待接收", reason=reason, **how)
    return {"owner": owner, "problems": None, "department_id": person.department_id}


@handler(
    topic="lead.start_following", outputs=("intake", "opportunity", "actions", "problems", "owner")
)
def start_following(step: Step, *, lead_no: str) -> dict[str, Any]:
    """开始跟进：负责人接收了线索；备好转化时要带过去的资料。"""
    row = write.need("lead", lead_no)
    write.move(row, "跟进中", **steps.writing(step))
    return {
        "intake": _intake(row), "opportunity": _opportunity(row), "problems": None,
        "actions": _actions(row), "owner": row.owner_id,
    }  # fmt: skip


def _actions(row: Lead) -> int:
    query = sa.select(sa.func.count(Action.id)).where(
        Action.target == "线索", Action.target_no == row.number
    )
    return int(db.session.scalar(query) or 0)


def _intake(row: Lead) -> dict[str, Any]:
    """What the customer's form begins with; the lead's finder stays the discoverer."""
    customer = {
        "name": row.company or row.contact_name, "customer_type": "企业" if row.company else "个人",
        "region": row.region, "industry": row.industry, "phone": row.phone, "email": row.email,
        "source": "线索转化", "life_stage": "意向",
    }  # fmt: skip
    contact = {"name": row.contact_name, "mobile": row.mobile, "phone": row.phone,
               "email": row.email, "is_primary": True}  # fmt: skip
    if row.authority == "是":
        contact["decision_role"] = "决策者"
    return {"customer": customer, "contacts": [contact], "owner": row.owner_id,
            "discoverer": row.discoverer_id}  # fmt: skip


def _opportunity(row: Lead) -> dict[str, Any]:
    campaign = write.get("campaign", row.campaign_id).number if row.campaign_id else None
    return {
        "name": row.title_text, "amount": row.budget, "need": row.need, "source": row.source,
        "product_interest": row.product_interest, "timeframe": row.timeframe,
        "campaign_id": campaign,
    }  # fmt: skip


@handler(topic="lead.submit_costs", outputs=("action", "expense_nos"))
def submit_costs(step: Step, *, expense_nos: list | None = None) -> dict[str, Any]:
    """花费送审：每一笔交给费用控制流程（051-07-02）；行动表单清空，等下一次。"""
    for number in expense_nos or []:
        step.send("msg_expense_submitted", number, {"expense_no": number})
    return {"action": None, "expense_nos": []}


@handler(topic="lead.change_owner", outputs=("owner", "rounds", "problems", "department_id"))
def change_owner(
    step: Step, *, lead_no: str, owner: str | None = None, reassignment: dict | None = None
) -> dict[str, Any]:
    """换人跟进：轮次加一，发掘人不变。Raises E_OWNER_INACTIVE (051-02 P1)。"""
    row = write.need("lead", lead_no)
    reason = (reassignment or {}).get("reason") or ""
    made = _given_to(step, row, owner, reason, rounds=row.rounds + 1)
    return made | {"rounds": row.rounds}


@handler(topic="lead.put_in_pool", outputs=("owner", "result"))
def put_in_pool(step: Step, *, lead_no: str) -> dict[str, Any]:
    """放入线索池：没有负责人，谁都可以再领；发掘人和轮次不变。"""
    row, how = write.need("lead", lead_no), steps.writing(step)
    write.change(row, {"owner_id": None}, **how)
    write.move(row, "线索池", **how)
    return {"owner": None, "result": "入线索池"}


@handler(topic="lead.due_revisits", outputs=("rows", "subject"), pure=True)
def due_revisits(step: Step) -> dict[str, Any]:
    """列出今天到回访日期的培育线索。"""
    query = (
        sa.select(Lead.number)
        .where(Lead.state == "培育中", Lead.revisit_at <= steps.today(step))
        .order_by(Lead.revisit_at, Lead.id)
        .limit(AT_ONCE)
    )
    rows = [{"lead_no": number} for number in db.session.scalars(query)]
    return {"rows": rows, "subject": _("唤醒培育线索 %(count)s 条", count=len(rows))}


@handler(
    topic="lead.reopen",
    outputs=("lead", "lead_no", "subject", "owner", "level", "discoverer", "department_id",
             "rounds", "kept", "assignment", "actions", "problems", "reassignment", "action",
             "conversion", "invalid", "revisit_at", "campaign_id", "declined_by", "suggested"),
)  # fmt: skip
def reopen(step: Step, *, lead_no: str, claimer: str | None = None) -> dict[str, Any]:
    """准备回访：培育到期的线索回到负责人手里，线索池里的归领取人。

    Raises E_LEAD_TAKEN when somebody has it already (two claimed it, or it was woken before).
    """
    row = write.need("lead", lead_no)
    if row.state not in FREE:
        text = _("线索 %(number)s 现在是“%(state)s”，不能再领取。", number=lead_no, state=row.state)
        raise BpmnError("E_LEAD_TAKEN", text, problems=text)
    step.set_business_key(row.number)
    # woken once: whoever distributes it need not be told again tomorrow
    write.change(row, {"revisit_at": None}, **steps.writing(step))
    owner = claimer or row.owner_id
    person = people.get(owner)
    owner = owner if person is not None and person.is_active else None
    if owner is not None:
        _given_to(step, row, owner)
    return {
        "lead": {"need": row.need, "company": row.company, "contact_name": row.contact_name,
                 "mobile": row.mobile, "region": row.region, "source": row.source},
        "lead_no": row.number, "subject": row.title_text, "owner": owner, "level": row.level,
        "discoverer": row.discoverer_id, "department_id": row.department_id,
        "rounds": row.rounds, "kept": False, "actions": _actions(row),
        "assignment": {"way": "指定", "new_owner": None, "note": None, "revisit_at": None},
        "campaign_id": _opportunity(row)["campaign_id"], "suggested": None,
    } | dict.fromkeys(("problems", "reassignment", "action", "conversion", "invalid",
                       "revisit_at", "declined_by"))  # fmt: skip


@handler(topic="lead.nurture", outputs=("result",))
def nurture(step: Step, *, lead_no: str, revisit_at: Any = None) -> dict[str, Any]:
    """转入培育：到回访日期系统会再唤醒它。"""
    row, how = write.need("lead", lead_no), steps.writing(step)
    write.change(row, {"revisit_at": revisit_at}, **how)
    write.move(row, "培育中", **how)
    return {"result": "培育中"}


@handler(topic="lead.close_invalid", outputs=("result",))
def close_invalid(step: Step, *, lead_no: str, invalid: dict | None = None) -> dict[str, Any]:
    """关闭无效线索，写明原因；已购竞品时写明是谁家的。"""
    given, row, how = invalid or {}, write.need("lead", lead_no), steps.writing(step)
    parts = [given.get("reason"), given.get("competitor"), given.get("note")]
    write.change(row, {"close_reason": "；".join(part for part in parts if part)[:500]}, **how)
    write.move(row, "无效", reason=given.get("reason") or "", **how)
    return {"result": "无效"}


@handler(topic="lead.convert", outputs=("contact_id", "result", "problems"))
def convert(step: Step, *, lead_no: str, customer_id: str | None = None) -> dict[str, Any]:
    """转化线索：指向客户和联系人，活动和行动跟过去，全做或全不做。

    The customer names the lead and its campaign if it named none; the lead's actions count as the
    customer's. Raises E_LEAD_ALREADY_CONVERTED, E_CONVERSION_FAILED (051-02-01 step 01.17).
    """
    row, how = write.need("lead", lead_no), steps.writing(step)
    if row.state == "已转化":
        raise BpmnError(
            "E_LEAD_ALREADY_CONVERTED", _("线索 %(number)s 已经转化过。", number=lead_no)
        )
    customer = write.find("customer", customer_id)
    if customer is None or row.state != "跟进中":
        text = _("没有建成客户，线索不能转化。请重新选择客户或建立档案。")
        raise BpmnError("E_CONVERSION_FAILED", text, problems=text)
    contact = _contact(customer, row)
    write.change(
        row, {"customer_id": customer.id, "contact_id": contact.id if contact else None}, **how
    )
    source = {"lead_id": row.number, "campaign_id": _opportunity(row)["campaign_id"]}
    fresh = {name: value for name, value in source.items() if value and not getattr(customer, name)}
    write.change(customer, fresh, **how)
    _move_actions(row, customer)
    write.move(row, "已转化", **how)
    number = contact.number if contact else None
    return {"contact_id": number, "result": "已转化", "problems": None}


def _contact(customer: Customer, row: Lead) -> Contact | None:
    same = sa.or_(Contact.mobile_key == (row.mobile_key or "—"), Contact.name == row.contact_name)
    query = sa.select(Contact).where(Contact.customer_id == customer.id)
    query = query.order_by(sa.case((same, 0), else_=1), Contact.is_primary.desc(), Contact.id)
    return db.session.scalar(query.limit(1))


def _move_actions(row: Lead, customer: Customer) -> None:
    # an action is never rewritten; whose customer it was for is known only now
    table = Action.__table__
    mine = sa.and_(table.c.target == "线索", table.c.target_no == row.number,
                   table.c.workspace_id == row.workspace_id)  # fmt: skip
    db.session.execute(sa.update(table).where(mine).values(customer_id=customer.id))
