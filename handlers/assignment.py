"""客户分配：归集、推荐、校验方案、下达、汇总（051-01-02）。"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.assignment import Assignment, AssignmentRow
from app.records.customer import Customer
from handlers import ownership, standing, steps

REASONS = {
    "new": "新客户", "claim": "申请领取", "overdue": "超期未跟进",
    "staff_left": "人员离岗", "manual": "业务调整",
}  # fmt: skip
# idle for so long that `recycle_rule` may say yes or warn
IDLE = {"潜在": 23, "意向": 38, "流失": 60}
FIRST_CONTACT_DAYS = 3
PLANNED = ("指定", "轮询")


@handler(
    outputs=("reason", "assignment_no", "rows", "dropped", "planner_role", "claim_note",
             "problems", "subject", "department_id", "crosses", "denial", "next_after", "user_id"),
)  # fmt: skip
def collect(
    step: Step, *, reason: str | None = None, customer_ids: list | None = None,
    requester: str | None = None, user_id: str | None = None, note: str | None = None,
    department_id: str | None = None, after: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """归集要分配的客户并锁定；别的分配单正在处理的不重复列入，一张分配单最多一百个。

    In the order of their numbers, from the one behind `after`; `next_after` is the last of this
    batch when there are more, else null.
    `rows` holds one context per customer, `dropped` the numbers locked elsewhere. A claim against
    the rules raises E_CLAIM_DENIED. An assignment exists only if there is something to assign.
    """
    reason = reason or _reason(step, user_id)
    found, rest = steps.batch(_wanted(step, reason, customer_ids or [], user_id, after))
    if reason == "claim":
        _check_claim(step, found, requester)
    free = [row for row in found if row.locked_by is None]
    dropped = [row.number for row in found if row.locked_by is not None]
    plan = _opened(step, reason, free, requester, department_id) if free else None
    rows = [facts(row, reason, step) for row in free]
    left = people.get(user_id) if user_id else None
    to_director = left is not None and "sales_manager" in left.group_ids
    subject = rows[0]["customer_name"] if len(rows) == 1 else REASONS[reason]
    if len(rows) > 1:
        subject = _("%(reason)s：%(count)s 个客户", reason=REASONS[reason], count=len(rows))
    return {
        "reason": reason, "rows": rows, "dropped": dropped, "subject": subject,
        "next_after": found[-1].number if rest else None, "user_id": user_id,
        "assignment_no": plan.number if plan else None, "claim_note": note, "problems": None,
        "planner_role": "sales_director" if to_director else "sales_manager", "crosses": False,
        "department_id": department_id or (free[0].department_id if free else None),
    }  # fmt: skip


def _reason(step: Step, user_id: str | None) -> str:
    if user_id:
        return "staff_left"
    return "manual" if step.by else "overdue"


def _wanted(
    step: Step, reason: str, numbers: list[str], user_id: str | None, after: str | None
) -> list[Customer]:
    live = sa.and_(Customer.state.in_(("有效", "公海")), Customer.number > (after or ""))
    query = sa.select(Customer).where(live).order_by(Customer.number).limit(steps.BATCH + 1)
    if reason == "staff_left":
        query = query.where(Customer.owner_id == user_id)
    elif reason == "overdue":
        query = query.where(Customer.owner_id.is_not(None), _idle(step.now))
    else:
        query = query.where(Customer.number.in_(numbers))
    return list(db.session.scalars(query))


def _idle(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Customers that nobody has touched for as long as `recycle_rule` begins to look at."""
    since = sa.func.coalesce(Customer.last_action_at, Customer.created_at)
    return sa.or_(
        *(
            sa.and_(Customer.life_stage == stage, since < now - dt.timedelta(days=days))
            for stage, days in IDLE.items()
        )
    )


def _check_claim(step: Step, wanted: list[Customer], requester: str | None) -> None:
    limits = current_app.config["SETTINGS"]
    since = step.now - dt.timedelta(days=1)
    claims = sa.select(sa.func.count(Assignment.id)).where(
        Assignment.reason == "申请领取", Assignment.created_by == requester,
        Assignment.created_at > since,
    )  # fmt: skip
    if int(db.session.scalar(claims) or 0) >= limits.claims_a_day:
        text = _("一天最多申请 %(most)s 个客户，请明天再申请。", most=limits.claims_a_day)
        raise _denied(step, wanted, requester, text)
    for row in wanted:
        ban = dt.timedelta(days=limits.claim_ban_days)
        fresh = row.pool_at is not None and row.pool_at > step.now - ban
        if fresh and row.previous_owner_id == requester:
            text = _("您是这个客户的上一任负责人，放入公海后 %(n)s 天内不能再领取。",
                     n=limits.claim_ban_days)  # fmt: skip
            raise _denied(step, wanted, requester, text)


def _denied(step: Step, wanted: list[Customer], requester: str | None, why: str) -> BpmnError:
    return BpmnError(
        "E_CLAIM_DENIED",
        why,
        requester=requester,
        denial={
            "customer": "、".join(row.name for row in wanted), "reason": why,
            "key": f"claim_denied:{step.instance_id}",
        },
    )  # fmt: skip


def _opened(
    step: Step, reason: str, free: list[Customer], requester: str | None, department: str | None
) -> Assignment:
    how = steps.writing(step)
    if reason == "claim" and requester:
        how["by"] = requester
    plan = write.create(
        "assignment",
        {"reason": REASONS[reason], "department_id": department or free[0].department_id},
        **how,
    )
    step.set_business_key(plan.number)
    lock(free, plan, how)
    return plan


def lock(customers: list[Customer], plan: Assignment, how: dict[str, Any]) -> None:
    """The customers belong to this plan until it ends; each is a line of it."""
    for row in customers:
        write.change(row, {"locked_by": plan.number}, **how)
        write.create(
            "assignment_row",
            {"assignment_id": plan.id, "customer_id": row.id, "old_owner_id": row.owner_id},
            **how,
        )


def facts(row: Customer, reason: str, step: Step) -> dict[str, Any]:
    """What the plan shows and the rules ask about a customer; nothing decided yet."""
    since = row.last_action_at or row.created_at
    owner = people.get(row.owner_id)
    return {
        "customer_id": row.number, "customer_name": row.name, "region": row.region,
        "industry": row.industry, "grade": row.grade, "life_stage": row.life_stage,
        "has_open_opp": standing.has_open_opportunity(row), "days_idle": (step.now - since).days,
        "old_owner": row.owner_id, "old_owner_name": owner.name if owner else _("（无）"),
        "owner_active": bool(owner and owner.is_active), "reason": REASONS[reason], "mode": None,
        "new_owner": None, "move_open_docs": "全部", "contacts_follow": True, "remark": None,
        "handover": False, "first_contact": f"P{FIRST_CONTACT_DAYS}D", "access": None,
    }  # fmt: skip


@handler(outputs=("rows",))
def mark_recycle(
    step: Step, *, row: dict, recycle: dict | None = None, rows: list | None = None,
    assignment_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """按回收判定处理一个客户：收回的留在分配单里，预警的提醒负责人，其余解锁。"""
    verdict = recycle or {}
    if verdict.get("recycle"):
        return {"rows": rows or []}
    customer = write.need("customer", row["customer_id"])
    if verdict.get("warn"):
        _warn(step, customer, row)
    left = [one for one in rows or [] if one["customer_id"] != row["customer_id"]]
    how = steps.writing(step)
    write.change(customer, {"locked_by": None}, **how)
    plan = write.find("assignment", assignment_no)
    if plan is not None:
        db.session.execute(
            sa.delete(AssignmentRow).where(
                AssignmentRow.assignment_id == plan.id, AssignmentRow.customer_id == customer.id
            )
        )
        if not left:
            write.move(plan, "已取消", reason="没有需要收回的客户", **how)
    return {"rows": left}


def _warn(step: Step, customer: Customer, row: Mapping[str, Any]) -> None:
    person = deliver.recipient(customer.owner_id)
    if person is not None:
        deliver.deliver(
            person, "recycle_warning",
            {"customer": customer.name, "number": customer.number, "days": row["days_idle"]},
            ("站内",), key=f"recycle:{customer.number}:{customer.last_action_at}", at=step.now,
        )  # fmt: skip


@handler(outputs=("rows",), pure=True)
def suggest(
    step: Step, *, row: dict, advice: dict | None = None, rows: list | None = None
) -> dict[str, Any]:
    """按分配规则推荐一行：归哪个部门、给谁、要不要交接、几天内首次联系。"""
    given, rows = advice or {}, rows or []
    chosen = dict(row)
    if given.get("candidate_group") in (None, "公海"):
        chosen["mode"] = "公海"
    else:
        department = _department(given["candidate_group"])
        chosen["mode"] = given.get("method") if given.get("method") in PLANNED else "指定"
        chosen["new_owner"] = least_loaded(department, row.get("old_owner"), rows)
    days = int(given.get("first_contact_days") or 0) or FIRST_CONTACT_DAYS
    chosen["first_contact"] = f"P{days}D"
    chosen["handover"] = bool(given.get("handover")) and bool(row.get("owner_active"))
    return {"rows": [chosen if one["customer_id"] == row["customer_id"] else one for one in rows]}


def _department(name: str) -> str | None:
    return db.session.scalar(sa.select(Department.id).where(Department.name == name))


def least_loaded(
    department: str | None, besides: str | None, rows: list[dict[str, Any]]
) -> str | None:
    """The sales representative under quota with the fewest customers, those planned in `rows`
    counted; of the whole company if the department has none."""
    reps = people.holders("sales_rep", department) if department else []
    reps = [login for login in reps or people.holders("sales_rep") if login != besides]
    planned = [one.get("new_owner") for one in rows]
    loads = {login: ownership.load_of(login) + planned.count(login) for login in reps}
    free = [login for login in reps if loads[login] < ownership.quota()]
    return min(free, key=lambda login: (loads[login], login), default=None)
