"""通知：催办、升级、按模板发送（COM-02, conventions §5）。"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.engine.models import TaskCandidate, UserTask
from app.notify import deliver, templates
from app.records import log
from handlers import steps

INSIDE = ("站内",)
MOST_TOLD = 20  # of a role that may do a task
MORNING = dt.time(8)


@handler()
def remind(step: Step, *, task_element: str | None = None, channels: list | None = None) -> None:
    """催办：提醒到期待办的经办人；没人领取时提醒能办的人。"""
    for task in _late(step, task_element):
        for login in _doers(task):
            _tell(step, task, login, "task_reminder", channels or INSIDE, "reminder")


@handler()
def escalate(step: Step, *, task_element: str | None = None, to_group: str | None = None) -> None:
    """升级：通知上级，并让他也能办理；任务本身照常进行。

    Holders of `to_group` in the task's department (of the company if it has none), else the
    superior of whoever has the task, are candidates from now on.
    """
    for task in _late(step, task_element):
        for login in _superiors(task, to_group):
            if _add_candidate(task, login):
                _tell(step, task, login, "task_escalated", INSIDE, "escalated")


def _late(step: Step, element: str | None) -> list[UserTask]:
    """The case's open tasks that are due, or those of one element, due or not."""
    query = sa.select(UserTask).where(
        UserTask.instance_id == step.instance_id, UserTask.state == "open"
    )
    if element is not None:
        query = query.where(UserTask.element_id == element)
    else:
        query = query.where(UserTask.due_at <= step.now)
    return list(db.session.scalars(query.order_by(UserTask.id)))


def _doers(task: UserTask) -> list[str]:
    if task.assignee:
        return [task.assignee]
    found: dict[str, None] = {}
    for candidate in task.candidates:
        if candidate.kind == "user":
            found[candidate.value] = None
        else:
            found |= dict.fromkeys(people.holders(candidate.value, candidate.department_id))
    return list(found)[:MOST_TOLD]


def _superiors(task: UserTask, group: str | None) -> list[str]:
    doers = _doers(task)
    if group is None:
        above = people.superior_of(doers[0]) if doers else None
        return [above] if above else []
    department = task.department_id or steps.department_of(doers[0] if doers else None)
    near = people.holders(group, department) if department else []
    return near or people.holders(group)


def _add_candidate(task: UserTask, login: str) -> bool:
    if any(one.kind == "user" and one.value == login for one in task.candidates):
        return False
    # not `taken`: the task stands in the superior's list although somebody else has it
    task.candidates.append(
        TaskCandidate(
            workspace_id=task.workspace_id, kind="user", value=login, taken=False,
            due_at=task.due_at,
        )
    )  # fmt: skip
    db.session.flush()
    return True


def _tell(
    step: Step, task: UserTask, login: str, template: str, channels: Sequence[str], kind: str
) -> None:
    person = deliver.recipient(login)
    if person is not None:
        context = {"task": task.name, "subject": task.subject or task.business_key or "—"}
        deliver.deliver(
            person, template, context, channels, key=f"{kind}:{task.id}:{step.now:%Y%m%d%H}",
            at=step.now, link=f"/tasks/{task.id}", origin=_origin(step),
        )  # fmt: skip


def _origin(step: Step) -> dict[str, Any]:
    return vars(steps.origin(step)) | {"by": steps.actor(step)}


@handler(outputs=("people", "hour", "eight", "urgent", "dedupe_key"), pure=True)
def render(
    step: Step, *, template: str, recipients: list | None = None, context: dict | None = None,
    urgent: bool | None = None, dedupe_key: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备通知：核对模板，认出收件人，算出当地时间。

    `people` has nobody twice; `eight` is the next eight o'clock. Raises E_TEMPLATE_MISSING.
    """
    try:
        templates.render(template, context or {})
    except templates.TemplateMissing as error:
        raise BpmnError("E_TEMPLATE_MISSING", f"没有通知模板 {template}") from error
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    local = step.now.astimezone(zone)
    eight = local.replace(hour=MORNING.hour, minute=0, second=0, microsecond=0)
    if local >= eight:
        eight += dt.timedelta(days=1)
    return {
        "people": _unique(recipients or []), "hour": local.hour, "urgent": bool(urgent),
        "eight": eight.astimezone(dt.UTC),
        "dedupe_key": dedupe_key or f"{template}:{step.instance_id}",
    }  # fmt: skip


def _unique(recipients: Iterable[Any]) -> list[dict[str, Any]]:
    found = {}
    for who in recipients:
        person = deliver.recipient(who)
        if person is not None:
            found[person["login"] or person["email"] or person["mobile"]] = person
    return list(found.values())


@handler()
def send(
    step: Step, *, person: dict, template: str, context: dict | None = None,
    choice: dict | None = None, dedupe_key: str = "",
) -> None:  # fmt: skip
    """把通知交给选定的渠道；同一件事对同一个人同一渠道只发一次。"""
    channels = (choice or {}).get("channels") or list(INSIDE)
    channels = [channels] if isinstance(channels, str) else channels
    deliver.deliver(
        person, template, context or {}, channels, key=dedupe_key, at=step.now,
        origin=_origin(step),
    )  # fmt: skip


@handler(topic="notify.log", outputs=("sent", "failed", "result"))
def log_sent(step: Step, *, dedupe_key: str = "") -> dict[str, Any]:
    """汇总这次通知：发出几条，几条没有发。"""
    prefix = f"{dedupe_key}:"
    query = (
        sa.select(log.MessageLog.state, sa.func.count())
        .where(log.MessageLog.dedupe_key.startswith(prefix, autoescape=True))
        .group_by(log.MessageLog.state)
    )
    counts = dict(tuple(row) for row in db.session.execute(query))
    sent = counts.get("已发", 0) + counts.get("待发", 0)
    return {"sent": sent, "failed": sum(counts.values()) - sent, "result": "已发送"}


@handler(outputs=("result",))
def report_missing(step: Step, *, template: str = "") -> dict[str, Any]:
    """告诉管理员有通知没有模板；调用它的流程照常进行。"""
    for login in people.holders("admin"):
        person = deliver.recipient(login)
        if person is not None:
            deliver.deliver(
                person, "template_missing", {"template": template}, INSIDE,
                key=f"template_missing:{template}:{step.now:%Y%m%d}", at=step.now,
            )  # fmt: skip
    return {"result": "未发送"}
