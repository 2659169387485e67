"""谁负责客户：变更负责人、放入公海、共享（051-01-02）。"""

from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.assignment_history import AssignmentHistory
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.customer_team import CustomerTeam
from handlers import standing, steps


def load_of(login: str) -> int:
    """How many live customers the person looks after."""
    query = sa.select(sa.func.count(Customer.id)).where(
        Customer.owner_id == login, Customer.state == "有效"
    )
    return int(db.session.scalar(query) or 0)


def quota() -> int:
    """How many live customers one sales representative may have (051-01-02)."""
    return current_app.config["SETTINGS"].customer_quota


@handler(topic="customer.transfer", outputs=("problems", "owner_id", "declines"))
def transfer(
    step: Step, *, row: dict, target: str | None = None, assignment_no: str | None = None,
    declines: int = 0, handover: dict | None = None, handover_state: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """变更负责人：客户、联系人和未结业务归新负责人，发掘人和已完结的单据不变。

    One history row per assignment and customer. Raises E_OWNER_INACTIVE, E_QUOTA_EXCEEDED.
    """
    customer = write.need("customer", row["customer_id"])
    person = people.get(target)
    if person is None or not person.is_active:
        raise _refused("E_OWNER_INACTIVE", _("%(who)s 已停用，请改派。", who=target or ""))
    if customer.owner_id != target and load_of(target or "") >= quota():
        text = _("%(who)s 的客户已满 %(quota)s 个，请改派。", who=person.name, quota=quota())
        raise _refused("E_QUOTA_EXCEEDED", text)
    before, how = customer.owner_id, steps.writing(step)
    write.change(
        customer,
        {"owner_id": target, "department_id": person.department_id, "pool_at": None,
         "previous_owner_id": before or customer.previous_owner_id},
        reason=row.get("reason") or "", **how,
    )  # fmt: skip
    write.move(customer, "有效", **how)
    if row.get("contacts_follow") is not False:
        _contacts_follow(customer, how)
    _documents_follow(customer, before, row.get("move_open_docs") or "不转移", how)
    note(step, customer, row, assignment_no, before=before, to=target, result="已接收",
         declines=declines, doc=_doc(handover, handover_state))  # fmt: skip
    return {"problems": None, "owner_id": target, "declines": 0}


def _refused(code: str, text: str) -> BpmnError:
    return BpmnError(code, text, problems=text)


def _contacts_follow(customer: Customer, how: dict[str, Any]) -> None:
    mine = sa.select(Contact).where(Contact.customer_id == customer.id)
    for contact in db.session.scalars(mine):
        write.change(
            contact,
            {"owner_id": customer.owner_id, "department_id": customer.department_id},
            **how,
        )


def _documents_follow(
    customer: Customer, before: str | None, which: str, how: dict[str, Any]
) -> None:
    """Open opportunities and quotations move; orders keep their own sales representative."""
    kinds = {"全部": ("opportunity", "quotation"), "仅机会": ("opportunity",)}.get(which, ())
    for kind in kinds:
        for document in standing.open_documents(customer, kind):
            if document.owner_id == before:
                write.change(document, {"owner_id": customer.owner_id}, **how)


def _doc(handover: dict[str, Any] | None, state: str | None) -> str | None:
    given = handover or {}
    titles = {"summary": "客户现状", "open_items": "未结事项", "key_people": "关键人"}
    parts = [f"{title}：{given[name]}" for name, title in titles.items() if given.get(name)]
    if not parts and state == "交接缺失":
        return "交接缺失"
    return "\n".join(parts)[:4000] or None


def note(
    step: Step, customer: Customer, row: dict[str, Any], assignment_no: str | None, *,
    before: str | None, to: str | None, result: str, declines: int = 0, doc: str | None = None,
) -> None:  # fmt: skip
    """The customer's history of assignments tells what became of it; once per assignment, later
    turns of the same assignment are rows of their own."""
    plan = write.find("assignment", assignment_no)
    known = plan is not None and db.session.scalar(
        sa.select(AssignmentHistory.id).where(
            AssignmentHistory.assignment_id == plan.id,
            AssignmentHistory.customer_id == customer.id,
        )
    )
    decided = (plan.owner_id if plan is not None else None) or steps.actor(step)
    write.create(
        "assignment_history",
        {
            "assignment_id": plan.id if plan is not None and not known else None,
            "customer_id": customer.id, "from_id": before, "to_id": to,
            "reason": row.get("reason") or "业务调整", "mode": row.get("mode") or "指定",
            "decided_by": decided, "declines": declines, "result": result, "handover_doc": doc,
        },
        **steps.writing(step),
    )  # fmt: skip


@handler(topic="customer.release_to_pool", outputs=("owner_id",))
def release_to_pool(
    step: Step, *, row: dict, assignment_no: str | None = None, declines: int = 0
) -> dict[str, Any]:
    """放入公海：没有负责人；原负责人三十天内不能再领取。"""
    customer = write.need("customer", row["customer_id"])
    before, how = customer.owner_id, steps.writing(step)
    write.change(
        customer,
        {"owner_id": None, "pool_at": step.now,
         "previous_owner_id": before or customer.previous_owner_id},
        reason=row.get("reason") or "", **how,
    )  # fmt: skip
    write.move(customer, "公海", **how)
    note(step, customer, row, assignment_no, before=before, to=None, result="入公海",
         declines=declines)  # fmt: skip
    return {"owner_id": None}


@handler(topic="customer.share")
def share(step: Step, *, row: dict) -> None:
    """共享给同事：加入客户团队，负责人不变。"""
    customer = write.need("customer", row["customer_id"])
    user = row.get("new_owner")
    access = "只读" if row.get("access") == "只读" else "读写"
    known = db.session.scalar(
        sa.select(CustomerTeam).where(
            CustomerTeam.customer_id == customer.id, CustomerTeam.user_id == user
        )
    )
    if known is None:
        write.create(
            "customer_team",
            {"customer_id": customer.id, "user_id": user, "access": access},
            **steps.writing(step),
        )
    elif known.access != access:
        write.change(known, {"access": access}, **steps.writing(step))
