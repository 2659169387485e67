"""行动：登记电话、拜访、邮件等跟进，只增不改（051-02-01）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.action import TARGETS, Action
from app.records.customer import Customer
from handlers import steps

KINDS = {"线索": "lead", "客户": "customer", "机会": "opportunity", "活动任务": "campaign_task"}


@handler(outputs=("action_no", "last_action_at"))
def log(
    step: Step, *, target: str, target_no: str, action: dict, customer_id: str | None = None,
    actor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记行动：记下做了什么、结果和下次联系；对象和客户的最近跟进时间随之更新。

    Appends only; `client_key` stops the same row coming twice. Whoever waits for the customer's
    next action (051-01-02) hears of it: `msg_action_logged`, key customer + owner. `action_no` is
    the id that `expense.post` takes.
    """
    if target not in TARGETS:
        raise Invalid(_("行动的对象只能是：%(names)s。", names="、".join(TARGETS)))
    known = _known(action.get("client_key"))
    if known is not None:
        return {"action_no": str(known.id), "last_action_at": known.at}
    row = write.find(KINDS[target], target_no)
    customer = _customer(target, row, customer_id)
    who = actor or step.by or (row.owner_id if row is not None else None) or steps.actor(step)
    made = _written(step, target, target_no, action, customer, who)
    for one in (row, customer):
        if one is not None and hasattr(one, "last_action_at"):
            write.change(one, {"last_action_at": made.at}, **steps.writing(step))
    if customer is not None:
        key = f"{customer.number}+{who}"
        step.send_every("msg_action_logged", key, {"action_no": str(made.id)})
    return {"action_no": str(made.id), "last_action_at": made.at}


def _known(client_key: str | None) -> Action | None:
    if not client_key:
        return None
    return db.session.scalar(sa.select(Action).filter_by(client_key=client_key))


def _customer(target: str, row: Any, number: str | None) -> Customer | None:
    if target == "客户":
        return row
    found = getattr(row, "customer_id", None)
    return db.session.get(Customer, found) if found else write.find("customer", number)


def _written(
    step: Step, target: str, number: str, action: Mapping[str, Any], customer: Customer | None,
    who: str,
) -> Action:  # fmt: skip
    given = {
        "target": target, "target_no": number, "owner_id": who, "at": action.get("at") or step.now,
        "department_id": steps.department_of(who),
        "customer_id": customer.id if customer is not None else None,
        **{name: action.get(name) for name in
           ("action_type", "content", "result", "next_date", "location", "client_key")},
    }  # fmt: skip
    made: Action = write.create("action", given, by=who, at=step.now)
    return made
