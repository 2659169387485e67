"""市场活动的执行：邀约、任务、现场登记、收尾（051-02-03）。"""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.action import Action
from app.records.campaign import Campaign
from app.records.campaign_task import CampaignTask
from app.records.contact import Contact
from app.records.target_list import TargetList
from handlers import campaign_change, campaign_cost, steps

OPEN = ("待接收", "进行中")
AFTER_END = dt.timedelta(days=7)  # how long tasks may run on after the campaign's last day
AFTER_DUE = dt.timedelta(days=3)
EVENING = dt.time(18)
CHANNELS = ("邮件", "短信")


@handler(
    topic="campaign.begin",
    outputs=("owner", "department_id", "subject", "tasks", "invitations", "closing_at", "problems",
             "post_survey"),
)  # fmt: skip
def begin(step: Step, *, campaign_no: str) -> dict[str, Any]:
    """开始执行：活动在执行中，列出任务和要邀请的人，算出最晚收尾的时间。"""
    row: Campaign = write.need("campaign", campaign_no)
    write.move(row, "执行中", **steps.writing(step))
    invited = sa.select(Contact.number).join(TargetList, TargetList.contact_id == Contact.id)
    invited = invited.where(TargetList.campaign_id == row.id, sa.not_(TargetList.voided))
    return {
        "owner": row.owner_id, "department_id": row.department_id, "subject": row.name,
        "tasks": [_row(one) for one in _tasks(row, ("待接收",))],
        "invitations": list(db.session.scalars(invited.order_by(TargetList.id))),
        "closing_at": evening(row.end_on) + AFTER_END, "problems": None,
        "post_survey": row.post_survey,
    }  # fmt: skip


def _tasks(row: Campaign, states: tuple[str, ...]) -> list[CampaignTask]:
    query = sa.select(CampaignTask).where(
        CampaignTask.campaign_id == row.id, CampaignTask.state.in_(states)
    )
    return list(db.session.scalars(query.order_by(CampaignTask.id)))


def _row(task: CampaignTask) -> dict[str, Any]:
    due = evening(task.due_on)
    return {
        "task_no": task.number, "name": task.name, "executor": task.executor_id,
        "start_on": task.start_on, "due_on": task.due_on, "due_at": due,
        "late_at": due + AFTER_DUE, "task_budget": task.task_budget,
        "deliverable": task.deliverable,
    }  # fmt: skip


def evening(day: dt.date) -> dt.datetime:
    """The end of a working day in the company's zone."""
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return dt.datetime.combine(day, EVENING, zone).astimezone(dt.UTC)


@handler(topic="campaign.send_invitations")
def send_invitations(step: Step, *, campaign_no: str, contact_no: str) -> None:
    """发送邀约：给名单上的一位联系人发出带邀请码的邀请；没有同意的不发。

    Key campaign + contact: the token is drawn once.
    """
    campaign: Campaign = write.need("campaign", campaign_no)
    contact: Contact = write.need("contact", contact_no)
    row = db.session.scalars(
        sa.select(TargetList).filter_by(campaign_id=campaign.id, contact_id=contact.id)
    ).one()
    if row.invite_token is None:
        token = f"{campaign_no}.{secrets.token_urlsafe(12)}"
        write.change(row, {"invite_token": token}, **steps.writing(step))
    person = campaign_change.recipient(contact)
    if not person["consent"]:
        return
    context = {
        "campaign": campaign.name, "start": str(campaign.start_on), "end": str(campaign.end_on),
        "place": campaign.place, "text": campaign.invite_text, "token": row.invite_token,
    }  # fmt: skip
    deliver.deliver(
        deliver.recipient(person) or person, "campaign_invitation", context, CHANNELS,
        key=f"invite:{campaign_no}:{contact_no}", at=step.now,
        origin=vars(steps.origin(step)) | {"by": steps.actor(step)},
    )  # fmt: skip


@handler(topic="campaign.start_task", outputs=("problems",))
def start_task(step: Step, *, task_no: str, executor: str) -> dict[str, Any]:
    """接收任务：任务进行中，执行人是接收的人。"""
    task = write.need("campaign_task", task_no)
    write.change(task, {"executor_id": executor}, **steps.writing(step))
    write.move(task, "进行中", **steps.writing(step))
    return {"problems": None}


@handler(topic="campaign.reassign_task", outputs=("due_at", "late_at", "problems"))
def reassign_task(
    step: Step, *, task_no: str, executor: str, due_on: dt.date, reason: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """改派或延期：任务换人、换到期日，重新计算提醒和逾期的时间。"""
    person = people.get(executor)
    if person is None or not person.is_active:
        text = _("%(name)s 已停用，请换一位执行人。", name=steps.name_of(executor))
        raise BpmnError("E_OWNER_INACTIVE", text, problems=text)
    task: CampaignTask = write.need("campaign_task", task_no)
    given = {"executor_id": executor, "due_on": due_on}
    write.change(task, given, reason=reason or "", **steps.writing(step))
    due = evening(due_on)
    return {"due_at": due, "late_at": due + AFTER_DUE, "problems": None}


@handler(topic="campaign.remind_due")
def remind_due(step: Step, *, task_no: str, executor: str) -> None:
    """任务到期：提醒执行人和活动的负责人。"""
    task: CampaignTask = write.need("campaign_task", task_no)
    for login in dict.fromkeys((executor, task.owner_id)):
        person = deliver.recipient(login)
        if person is not None:
            deliver.deliver(
                person, "task_reminder", {"task": task.name, "subject": task.number}, ("站内",),
                key=f"task_due:{task_no}:{task.due_on}", at=step.now,
            )  # fmt: skip


@handler(topic="campaign.log_progress", outputs=("progress", "captured", "entry"))
def log_progress(step: Step, *, task_no: str, campaign_no: str, entry: dict) -> dict[str, Any]:
    """登记进度，并把现场登记的线索、客户和机会报给活动（051-02 P4）。"""
    task: CampaignTask = write.need("campaign_task", task_no)
    now = entry.get("progress")
    if now is not None and now > task.progress:
        write.change(task, {"progress": now}, **steps.writing(step))
    rows = entry.get("captures") or []
    for place, row in enumerate(rows, 1):
        key = f"{task_no}-{step.token_id}-{place}"
        capture = dict(row) | {"capture_id": key, "capturer": steps.actor(step)}
        step.send("msg_campaign_capture", campaign_no, {"capture": capture})
    return {"progress": task.progress, "captured": len(rows), "entry": None}


@handler(
    topic="campaign.sort_capture", pure=True,
    outputs=("capture_kind", "lead", "intake", "opportunity", "capturer", "capture_id",
             "customer_id"),
)  # fmt: skip
def sort_capture(step: Step, *, campaign_no: str, capture: dict) -> dict[str, Any]:
    """整理现场登记：线索、客户、机会各成自己的资料，都带上活动和登记人。"""
    who = capture.get("capturer") or step.by or step.started_by
    need = capture.get("need") or _("活动现场登记")
    company = capture.get("company") or capture.get("contact_name")
    lead = {
        "title_text": f"{company} {need}"[:100], "company": capture.get("company"),
        "contact_name": capture.get("contact_name"), "mobile": capture.get("mobile"),
        "region": capture.get("region"), "source": "展会", "campaign_id": campaign_no,
        "need": need, "budget": capture.get("amount"), "timeframe": capture.get("timeframe"),
        "authority": capture.get("authority"),
    }  # fmt: skip
    intake = {
        "customer": {"name": company, "source": "市场活动", "campaign_id": campaign_no,
                     "region": capture.get("region")},
        "contacts": [{"name": capture.get("contact_name"), "mobile": capture.get("mobile"),
                      "is_primary": True}],
    }  # fmt: skip
    opportunity = {
        "name": f"{company} {need}"[:100], "need": need, "amount": capture.get("amount"),
        "campaign_id": campaign_no,
    }  # fmt: skip
    return {
        "capture_kind": capture.get("kind") or "线索", "lead": lead, "intake": intake,
        "opportunity": opportunity, "capturer": who, "customer_id": capture.get("customer_id"),
        "capture_id": capture.get("capture_id") or f"{campaign_no}-{step.token_id}",
    }  # fmt: skip


@handler(topic="campaign.complete_task", outputs=("problems",))
def complete_task(step: Step, *, task_no: str) -> dict[str, Any]:
    """完成任务：至少登记过一次行动，否则 E_NO_ACTION_LOGGED（051-02 P3）。"""
    task = write.need("campaign_task", task_no)
    logged = sa.select(Action.id).filter_by(target=campaign_cost.TARGET, target_no=task_no)
    if db.session.scalar(logged.limit(1)) is None:
        text = _("还没有登记过行动，任务不能完成。请先记下做了什么、结果如何。")
        raise BpmnError("E_NO_ACTION_LOGGED", text, problems=text)
    write.change(task, {"progress": 1}, **steps.writing(step))
    write.move(task, "已完成", **steps.writing(step))
    return {"problems": None}


@handler(topic="campaign.close_task_short")
def close_task_short(step: Step, *, task_no: str, reason: str | None = None) -> None:
    """提前结束任务：到期没有完成，负责人决定不再做；没有接收的算未完成。"""
    task = write.need("campaign_task", task_no)
    state = "逾期关闭" if task.state == "进行中" else "未完成"
    write.move(task, state, reason=reason or "", **steps.writing(step))


@handler(topic="campaign.close_open_tasks")
def close_open_tasks(step: Step, *, campaign_no: str) -> None:
    """活动结束七天后还开着的任务：未完成。"""
    _end_tasks(step, campaign_no, "未完成", _("活动已结束七天"))


@handler(topic="campaign.stop_tasks")
def stop_tasks(step: Step, *, campaign_no: str, cancel_reason: str | None = None) -> None:
    """随活动取消：还开着的任务都取消。"""
    _end_tasks(step, campaign_no, "已取消", cancel_reason or _("活动取消"))


def _end_tasks(step: Step, campaign_no: str, state: str, reason: str) -> None:
    for task in _tasks(write.need("campaign", campaign_no), OPEN):
        write.move(task, state, reason=reason, **steps.writing(step))


@handler(topic="campaign.finish")
def finish(step: Step, *, campaign_no: str, summary: Mapping[str, Any] | None = None) -> None:
    """结束活动：活动已结束，成果、偏差原因和经验写在活动上。"""
    row = write.need("campaign", campaign_no)
    said = summary or {}
    given = {"result_text": said.get("result"), "lessons": said.get("lessons"),
             "deviation_reason": said.get("deviation_reason")}  # fmt: skip
    write.change(row, given, **steps.writing(step))
    write.move(row, "已结束", **steps.writing(step))


@handler(topic="campaign.close")
def close(step: Step, *, campaign_no: str) -> None:
    """关闭活动：订单归因做完，活动已关闭。"""
    write.move(write.need("campaign", campaign_no), "已关闭", **steps.writing(step))
