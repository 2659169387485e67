"""合并客户：只填空缺，联系人并过去，来源的单据一起转移（051-01-01）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.customer import Customer
from app.records.customer_team import CustomerTeam
from handlers import contact, profile, standing, steps

NEVER_FILLED = ("source", "campaign_id", "life_stage", "blacklist", "blacklist_reason", "remark")


@handler(
    topic="customer.merge_into",
    outputs=("customer_id", "result", "notice", "subject", "merged_fields"),
)
def merge_into(
    step: Step, *, customer: dict | None = None, contacts: list | None = None,
    best: dict | None = None, target_customer: str | None = None,
    customer_id: str | None = None, mode: str = "create", starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """补充到已有客户：只填空缺，加上联系人；发掘人不变。

    The target's filled fields keep their values. A source record (mode change) is 已合并, its
    documents and contacts belong to the target. `notice` is for the target's owner.
    """
    number = target_customer or (best or {}).get("customer_id")
    target = write.need("customer", number)
    how = steps.writing(step)
    given = profile.cleaned(customer)
    filled = _fill(target, given, how)
    finder = starter or step.started_by
    for row in contacts or []:
        contact.keep(step, target, profile.cleaned(row), finder, only_empty=True)
    source = write.find("customer", customer_id) if mode == "change" else None
    if source is not None and source.id != target.id:
        _absorb(source, target, how)
    step.set_business_key(target.number)
    return {
        "customer_id": target.number, "subject": target.name, "result": "已合并",
        "merged_fields": sorted(filled), "notice": _notice(step, target, finder),
    }  # fmt: skip


def _fill(target: Customer, given: Mapping[str, Any], how: dict[str, Any]) -> dict[str, Any]:
    empty = {
        name: given[name]
        for name in profile.FIELDS
        if given.get(name) and name not in NEVER_FILLED and not getattr(target, name)
    }
    try:
        return write.change(target, empty, reason=_("登记时合并"), **how)
    except Invalid as error:
        raise steps.refusal(error, "E_PROFILE_INVALID") from error


def _absorb(source: Customer, target: Customer, how: dict[str, Any]) -> None:
    here = CustomerTeam.customer_id == target.id
    shared = sa.select(CustomerTeam.user_id).where(here)
    db.session.execute(
        sa.delete(CustomerTeam).where(
            CustomerTeam.customer_id == source.id, CustomerTeam.user_id.in_(shared)
        )
    )
    for model, column in standing.links():
        db.session.execute(
            sa.update(model).where(column == source.id).values({column.key: target.id})
        )
    write.change(source, {"merged_into_id": target.id}, **how)
    write.move(source, "已合并", reason=_("并入 %(number)s", number=target.number), **how)


def _notice(step: Step, target: Customer, finder: str | None) -> dict[str, Any]:
    recipient = target.owner_id
    if recipient is None and target.previous_owner_id:
        recipient = people.manager_of(target.previous_owner_id)
    return {
        "recipient": recipient,
        "key": f"merged:{step.instance_id}:{target.number}",
        "context": {"customer": target.name, "number": target.number,
                    "who": steps.name_of(finder) or _("网站")},
    }  # fmt: skip
