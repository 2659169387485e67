"""邀约名单：冻结、作废、登记答复（051-02-02、051-02-03）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.target_list import TargetList
from handlers import campaign_change, steps

ANSWERS = ("参加", "不参加")
MOST = 1000  # contacts of one campaign


@handler(outputs=("invited_count", "dropped_contacts", "problems"))
def freeze(step: Step, *, campaign_no: str, invitation: dict) -> dict[str, Any]:
    """冻结邀约名单：去掉拒收、停用和重复的联系人，其余各成一行。

    Raises E_TARGET_LIST_EMPTY when nobody is left; then nothing is written.
    """
    row: Campaign = write.need("campaign", campaign_no)
    found = _wanted(invitation)
    kept = _without_doubles([one for one in found if not one.care_optout and _live(one)])
    if not kept:
        text = _("名单里没有可以邀请的联系人：都已拒收或停用，请另选。")
        raise BpmnError("E_TARGET_LIST_EMPTY", text, problems=text)
    known = set(db.session.scalars(sa.select(TargetList.contact_id).filter_by(campaign_id=row.id)))
    for one in kept:
        if one.id not in known:
            given = {"campaign_id": row.id, "contact_id": one.id}
            write.create("target_list", given, **steps.writing(step))
    left = {one.number for one in kept}
    return {"invited_count": len(kept), "problems": None,
            "dropped_contacts": [one.number for one in found if one.number not in left]}  # fmt: skip


def _wanted(invitation: Mapping[str, Any]) -> list[Contact]:
    """Contacts of the customers that fit every given criterion, and those picked one by one."""
    criteria = [
        column.in_(invitation[name])
        for name, column in (("regions", Customer.region), ("industries", Customer.industry),
                             ("grades", Customer.grade))
        if invitation.get(name)
    ]  # fmt: skip
    picked = [one["contact_id"] for one in invitation.get("contacts") or []]
    fits = Contact.number.in_(picked)
    if criteria:
        customers = sa.select(Customer.id).where(Customer.state == "有效", *criteria)
        fits = sa.or_(fits, Contact.customer_id.in_(customers))
    query = sa.select(Contact).where(fits).order_by(Contact.id).limit(MOST)
    return list(db.session.scalars(query))


def _live(contact: Contact) -> bool:
    return bool(contact.state == "在职")


def _without_doubles(contacts: list[Contact]) -> list[Contact]:
    """One contact per mobile number; those without one stay."""
    seen: dict[str, Contact] = {}
    for one in contacts:
        seen.setdefault(one.mobile_key or f"#{one.id}", one)
    return list(seen.values())


@handler()
def void(step: Step, *, campaign_no: str) -> None:
    """邀约作废：名单上的邀请都不再有效（冻结名单的补偿）。"""
    campaign_change.void(write.need("campaign", campaign_no))


@handler(outputs=("reply_known",))
def record_reply(
    step: Step, *, invite_token: str | None = None, reply: str | None = None,
    attended: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记答复：按邀请码找到名单上的人，记下参加与否、到场与否；邀请码不对的不登记。"""
    query = sa.select(TargetList).where(TargetList.invite_token == (invite_token or ""))
    row = db.session.scalar(query)
    if row is None or row.voided or (reply is not None and reply not in ANSWERS):
        return {"reply_known": False}
    given: dict[str, Any] = {}
    if reply is not None:
        given["reply"] = reply
    if attended is not None:
        given["attended"] = attended
    write.change(row, given, **steps.writing(step))
    return {"reply_known": True}
