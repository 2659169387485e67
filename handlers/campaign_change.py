"""市场活动的变更与取消（051-02-02 E1–E3）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.contact import Contact
from app.records.target_list import TargetList
from handlers import campaign, profile, steps

OPEN = ("已批准", "已下达", "执行中")  # may still change or be cancelled
FIELDS = {"预算": "budget_total", "开始日期": "start_on", "结束日期": "end_on", "地点": "place"}


@handler(
    topic="campaign.prepare_change", pure=True,
    outputs=("can_change", "requester", "change", "current", "problems", "over_budget"),
)  # fmt: skip
def prepare_change(
    step: Step, *, campaign_no: str | None = None, requester: str | None = None
) -> dict[str, Any]:
    """准备变更申请：活动批准以后、结束以前才能变更，表里带出现在的值。"""
    row: Campaign | None = write.find("campaign", campaign_no)
    return {
        "can_change": row is not None and row.state in OPEN,
        "requester": requester or step.by or (row.owner_id if row is not None else None),
        "change": {}, "current": _current(row) if row is not None else {}, "problems": None,
        "over_budget": False,
    }  # fmt: skip


def _current(row: Campaign) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS.values()}


@handler(
    topic="campaign.weigh_change", pure=True,
    outputs=("new_total", "change_facts", "campaign_type", "problems"),
)  # fmt: skip
def weigh_change(step: Step, *, campaign_no: str, change: dict) -> dict[str, Any]:
    """算出变更后的预算总额，决定要哪几级审批；日期不合理时报 E_DATE_RANGE。"""
    row: Campaign = write.need("campaign", campaign_no)
    wanted = _wanted(row, change)
    campaign.check_dates(wanted["start_on"], wanted["end_on"])
    name = FIELDS[change["field"]]
    shown = [
        (_("活动"), f"{row.name} {row.number}"), (_("变更"), change["field"]),
        (_("现在"), profile.shown(getattr(row, name))), (_("改为"), profile.shown(wanted[name])),
        (_("理由"), change.get("reason")),
    ]  # fmt: skip
    return {
        "new_total": wanted["budget_total"], "campaign_type": row.type, "problems": None,
        "change_facts": [{"label": label, "value": value} for label, value in shown],
    }  # fmt: skip


def _wanted(row: Campaign, change: dict[str, Any]) -> dict[str, Any]:
    name = FIELDS[change["field"]]
    wanted = _current(row) | {name: change.get(name)}
    wanted["budget_total"] = Decimal(wanted["budget_total"])
    return wanted


@handler(topic="campaign.revise", outputs=("told", "move_notice"))
def revise(step: Step, *, campaign_no: str, change: dict) -> dict[str, Any]:
    """变更生效：活动改为新的值，版本加一；最初的预期效果仍是基线。

    `told` are the invited contacts who must hear of a new date or place.
    """
    row: Campaign = write.need("campaign", campaign_no)
    name = FIELDS[change["field"]]
    given: dict[str, Any] = {name: _wanted(row, change)[name], "version": row.version + 1}
    if name == "budget_total":
        given["budget_lines"] = _lines(row, Decimal(given[name]))
    write.change(row, given, reason=change.get("reason") or "", **steps.writing(step))
    return {
        "told": invited(row) if name != "budget_total" else [],
        "move_notice": {
            "key": f"moved:{campaign_no}:{row.version}",
            "context": {"campaign": row.name, "start": str(row.start_on), "end": str(row.end_on),
                        "place": row.place},
        },
    }  # fmt: skip


def _lines(row: Campaign, total: Decimal) -> list[dict[str, Any]]:
    """The lines still add up to the total: the difference is a line of its own."""
    rest = total - row.budget_total
    lines = list(row.budget_lines or [])
    return [*lines, {"item": "其他", "amount": rest}] if rest else lines


def invited(row: Campaign) -> list[dict[str, Any]]:
    """The contacts who hold an invitation, as recipients of a notice."""
    query = (
        sa.select(Contact)
        .join(TargetList, TargetList.contact_id == Contact.id)
        .where(TargetList.campaign_id == row.id, TargetList.invite_token.is_not(None),
               sa.not_(TargetList.voided))
    )  # fmt: skip
    return [recipient(one) for one in db.session.scalars(query)]


def recipient(contact: Contact) -> dict[str, Any]:
    """A contact as the recipient of a notice; without consent nothing is sent."""
    return {
        "name": contact.name, "email": contact.email, "mobile": contact.mobile,
        "is_customer": True, "consent": contact.consent == "已取得" and not contact.care_optout,
    }  # fmt: skip


@handler(
    topic="campaign.prepare_cancel", pure=True,
    outputs=("can_cancel", "requester", "cancel_facts", "cancel_reason", "problems", "comment"),
)  # fmt: skip
def prepare_cancel(
    step: Step, *, campaign_no: str | None = None, requester: str | None = None,
    cancel_reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备取消申请：列出预算和已用；已结束的活动不能取消。"""
    row: Campaign | None = write.find("campaign", campaign_no)
    who = requester or step.by or (row.owner_id if row is not None else None)
    shown = [(_("取消理由"), cancel_reason or "—"), (_("申请人"), steps.name_of(who) or "—")]
    if row is not None:
        shown = [(_("活动"), f"{row.name} {row.number}"), (_("状态"), row.state),
                 (_("预算"), f"{row.budget_total:,.2f}"), (_("已用"), f"{row.spent:,.2f}"),
                 *shown]  # fmt: skip
    return {
        "can_cancel": row is not None and row.state in OPEN, "requester": who,
        "cancel_reason": cancel_reason, "problems": None, "comment": None,
        "cancel_facts": [{"label": label, "value": value} for label, value in shown],
    }  # fmt: skip


@handler(topic="campaign.announce_cancel")
def announce_cancel(step: Step, *, campaign_no: str, cancel_reason: str | None = None) -> None:
    """宣布取消：立项和执行两个流程都会收到，各自收尾。"""
    step.send_every("msg_campaign_cancelled", campaign_no, {"cancel_reason": cancel_reason})


@handler(topic="campaign.cancel")
def cancel(step: Step, *, campaign_no: str, cancel_reason: str | None = None) -> None:
    """取消活动：活动已取消，邀约作废，没有完成的任务取消。"""
    row: Campaign = write.need("campaign", campaign_no)
    void(row)
    write.move(row, "已取消", reason=cancel_reason or "", **steps.writing(step))


def void(row: Campaign) -> None:
    """Nobody's invitation to this campaign counts any more."""
    db.session.execute(
        sa.update(TargetList).where(TargetList.campaign_id == row.id).values(voided=True)
    )
