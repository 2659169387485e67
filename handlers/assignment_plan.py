"""分配方案：校验、下达、交接与接收的记录、汇总（051-01-02）。"""

from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.assignment import Assignment, AssignmentRow
from app.records.customer import Customer
from handlers import assignment, profile, steps


@handler(
    topic="assignment.check_plan",
    outputs=("rows", "crosses", "planner", "plan_rows", "assignment_no", "problems"),
)
def check_plan(
    step: Step, *, rows: list | None = None, assignment_no: str | None = None,
    reason: str = "manual",
) -> dict[str, Any]:  # fmt: skip
    """校验分配方案，选出轮询的负责人，判断有没有跨部门。

    Customers that the manager added are locked as well. Raises E_ASSIGNMENT_INVALID with
    everything that is wrong. `crosses`: somebody of another department gets a customer.
    """
    made = _complete(step, rows or [], reason)
    wrong = [text for row in made for text in _wrong(row, assignment_no)]
    numbers = [row["customer_id"] for row in made]
    wrong += [_("客户 %(number)s 列了两次。", number=number)
              for number in sorted({n for n in numbers if numbers.count(n) > 1})]  # fmt: skip
    if not made:
        wrong.append(_("方案里没有客户，请至少加一行，或取消分配。"))
    if wrong:
        text = "\n".join(f"- {line}" for line in wrong)
        raise BpmnError("E_ASSIGNMENT_INVALID", text, problems=text)
    plan = _plan(step, made, assignment_no, reason)
    crosses = any(row["crosses"] for row in made)
    how = steps.writing(step)
    write.change(plan, {"owner_id": steps.actor(step)}, **how)
    if plan.state == "审批中":
        write.move(plan, "拟定", reason="退回后重新提交", **how)
    if crosses:
        write.move(plan, "审批中", **how)
    return {
        "rows": made, "crosses": crosses, "planner": steps.actor(step), "problems": None,
        "plan_rows": [_shown(row) for row in made], "assignment_no": plan.number,
    }  # fmt: skip


def _complete(step: Step, rows: list[dict[str, Any]], reason: str) -> list[dict[str, Any]]:
    """Rows that the manager added know as much as those that were collected."""
    made: list[dict[str, Any]] = []
    for given in rows:
        customer = write.find("customer", given.get("customer_id"))
        row = dict(given)
        if customer is not None:
            facts = assignment.facts(customer, reason, step)
            fixed = ("customer_name", "old_owner", "old_owner_name", "owner_active")
            row = facts | {k: v for k, v in given.items() if v is not None and k not in fixed}
            if given.get("handover") is None:
                row["handover"] = facts["owner_active"] and row["mode"] in assignment.PLANNED
            if row["mode"] == "轮询":
                besides = facts["old_owner"]
                kept = row["new_owner"] if row["new_owner"] != besides else None
                row["new_owner"] = kept or assignment.least_loaded(
                    customer.department_id, besides, made
                )
        row["crosses"] = customer is not None and _crosses(row, customer)
        made.append(row)
    return made


def _crosses(row: dict[str, Any], customer: Customer) -> bool:
    if row["mode"] not in assignment.PLANNED or customer.department_id is None:
        return False
    person = people.get(row["new_owner"])
    return person is not None and person.department_id != customer.department_id


def _wrong(row: dict[str, Any], assignment_no: str | None) -> list[str]:
    number = row.get("customer_id") or "—"
    customer = write.find("customer", row.get("customer_id"))
    if customer is None:
        return [_("没有找到客户 %(number)s。", number=number)]
    if customer.locked_by not in (None, assignment_no):
        return [_("%(name)s 正在分配单 %(other)s 里处理，请先把它移出方案。",
                  name=customer.name, other=customer.locked_by)]  # fmt: skip
    if customer.state not in ("有效", "公海"):
        return [_("%(name)s 现在是“%(state)s”，不能分配。", name=customer.name,
                  state=customer.state)]  # fmt: skip
    if row["mode"] == "公海":
        return []
    person = people.get(row.get("new_owner"))
    if person is None:
        return [_("%(name)s：请选择新负责人。", name=customer.name)]
    if not person.is_active:
        return [_("%(name)s：%(who)s 已停用。", name=customer.name, who=person.name)]
    if row["mode"] != "共享" and person.login == customer.owner_id:
        return [_("%(name)s：新负责人就是现负责人。", name=customer.name)]
    return []


def _plan(step: Step, rows: list[dict[str, Any]], number: str | None, reason: str) -> Assignment:
    plan = write.find("assignment", number)
    how = steps.writing(step)
    wanted = [write.need("customer", row["customer_id"]) for row in rows]
    if plan is None:
        plan = write.create(
            "assignment",
            {"reason": assignment.REASONS[reason], "department_id": wanted[0].department_id},
            **how,
        )
        step.set_business_key(plan.number)
    kept = {row.id for row in wanted}
    for row in _locked(plan.number):
        if row.id not in kept:
            write.change(row, {"locked_by": None}, **how)
    assignment.lock([row for row in wanted if row.locked_by is None], plan, how)
    return plan


def _locked(number: str) -> list[Customer]:
    return list(db.session.scalars(sa.select(Customer).where(Customer.locked_by == number)))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    person = people.get(row["new_owner"])
    return {
        "customer": row["customer_name"], "old_owner": row["old_owner_name"],
        "mode": row["mode"], "new_owner": person.name if person else "—",
        "department": profile.department_name(person.department_id) if person else "—",
        "reason": row["reason"], "remark": profile.shown(row.get("remark")),
    }  # fmt: skip


@handler(topic="assignment.execute", outputs=("rows",))
def execute(
    step: Step, *, rows: list | None = None, assignment_no: str | None = None
) -> dict[str, Any]:
    """下达方案：分配单执行中，每行记下分给谁。"""
    plan = write.need("assignment", assignment_no)
    how = steps.writing(step)
    write.move(plan, "执行中", **how)
    lines = {row.customer_id: row for row in db.session.scalars(
        sa.select(AssignmentRow).where(AssignmentRow.assignment_id == plan.id))}  # fmt: skip
    for row in rows or []:
        line = lines.pop(write.need("customer", row["customer_id"]).id, None)
        if line is not None:
            given = {"mode": row["mode"], "new_owner_id": row.get("new_owner")}
            write.change(line, given, **how)
    for gone in lines.values():
        db.session.delete(gone)
    return {"rows": rows or []}


@handler(topic="assignment.note_handover", outputs=("handover_state",))
def note_handover(step: Step, *, row: dict, assignment_no: str | None = None) -> dict[str, Any]:
    """记下原负责人没有按时交接；分配照常进行。"""
    _result(step, row, assignment_no, "交接缺失")
    return {"handover_state": "交接缺失"}


@handler(topic="assignment.note_decline", outputs=("round", "declines", "problems", "reassignment"))
def note_decline(
    step: Step, *, row: dict, target: str | None = None, result: str = "拒绝", round: int = 1,
    declines: int = 0, assignment_no: str | None = None, acceptance: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """记下这一轮没有人接收：拒绝，或者一天没有答复。"""
    _result(step, row, assignment_no, result)
    who = steps.name_of(target) or ""
    why = (acceptance or {}).get("reason") if result == "拒绝" else None
    text = _("%(who)s 没有接收：%(why)s", who=who, why=why or result)
    return {"round": round + 1, "declines": declines + 1, "problems": text, "reassignment": None}


def _result(step: Step, row: dict[str, Any], number: str | None, text: str) -> None:
    plan = write.find("assignment", number)
    customer = write.need("customer", row["customer_id"])
    line = plan and db.session.scalar(
        sa.select(AssignmentRow).where(
            AssignmentRow.assignment_id == plan.id, AssignmentRow.customer_id == customer.id
        )
    )
    if line:
        write.change(line, {"result": text}, **steps.writing(step))


@handler(topic="assignment.report", outputs=("result",))
def report(
    step: Step, *, ending: str = "已完成", assignment_no: str | None = None,
    rows: list | None = None, requester: str | None = None, planner: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """分配汇总：解除锁定，分配单结束，告诉申请人和拟定人。"""
    plan = write.find("assignment", assignment_no)
    results = {"已完成": "分配完成", "已驳回": "方案驳回", "已取消": "方案取消"}
    if plan is not None:
        how = steps.writing(step)
        for row in _locked(plan.number):
            write.change(row, {"locked_by": None}, **how)
        write.move(plan, ending, **how)
        for login in dict.fromkeys((requester, planner)):
            _tell(step, login, plan, ending, len(rows or []))
    return {"result": results[ending]}


def _tell(step: Step, login: str | None, plan: Assignment, ending: str, count: int) -> None:
    person = deliver.recipient(login)
    if person is not None and login != steps.actor(step):
        deliver.deliver(
            person, "customer_assigned", {"number": plan.number, "ending": ending, "count": count},
            ("站内",), key=f"assignment:{plan.number}", at=step.now,
        )  # fmt: skip
