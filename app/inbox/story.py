"""What happened in a case, as people tell it; and where the case stands in its drawing."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import g

from app.accounts import people
from app.db import db
from app.engine import definitions, seen
from app.engine.models import Event, Instance, TaskCandidate, UserTask
from app.errors import ShunliuError
from app.i18n import _, label
from app.inbox import forms
from app.inbox.models import Comment

MOST_FORESEEN = 3  # steps that may come next
LATEST = 300  # lines of history that a page looks at
# what the platform did by itself and people care about: class of the element, picture
ICONS = {
    "ServiceTask": "bolt",
    "ScriptTask": "bolt",
    "CallActivity": "git-merge",
}
NOTED = {"claimed", "released", "delegated", "suspended", "resumed", "cancelled", "retried",
         "skipped", "moved", "changed", "migrated", "incident", "told",
         "deferred"}  # fmt: skip


@dataclass
class Line:
    """One entry of the timeline; `kind` is past, now, next or bad."""

    at: dt.datetime | None
    text: str
    login: str | None = None
    name: str = ""
    say: str = ""
    why: str = ""
    icon: str = "bolt"
    kind: str = "past"
    decision: int | None = None  # the event of a decision that can be explained


@dataclass
class Place:
    """Where a case stands in its drawing."""

    marks: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    focus: str = ""


def of(case: Instance, tasks: list[UserTask] | None = None) -> list[Line]:
    """The lines of a case, oldest first; then its open tasks (`tasks`, if known already) and what
    may follow."""
    events = _events(case, {*NOTED, "left", "decided"}, 3 * LATEST)
    lines = [Line(case.started_at, _("发起了流程"), login=case.started_by, icon="player-play")]
    # of one moment, the person's act comes first: it caused the rest
    lines += _done_tasks(case)
    lines += _by_machine(case, [event for event in events if event.kind == "left"])
    lines += _decisions(event for event in events if event.kind == "decided")
    lines += noted(events)
    if case.ended_at:
        lines.append(Line(case.ended_at, ended(case), icon="flag"))
    lines.sort(key=lambda line: line.at or case.started_at)
    tasks = open_tasks(case) if tasks is None else tasks
    lines += _open_lines(tasks)
    lines += foreseen(case, tasks)
    name_people(lines)
    return lines


def ended(case: Any) -> str:
    """How the case ended, by the name of its end event if that has one."""
    end = label(case.end_event)
    return _("结束：%(end)s", end=end) if end else {
        "cancelled": _("已取消"), "terminated": _("已终止")
    }.get(case.result or "", _("已完成"))  # fmt: skip


def _events(case: Instance, kinds: set[str], most: int = LATEST) -> list[sa.Row[Any]]:
    query = (
        sa.select(Event.id, Event.at, Event.kind, Event.element_id, Event.name, Event.by,
                  Event.token_id, Event.data)
        .where(Event.instance_id == case.id, Event.kind.in_(kinds))
        .order_by(Event.id.desc())
        .limit(most)
    )  # fmt: skip
    return list(db.session.execute(query))[::-1]


def _by_machine(case: Instance, events: list[sa.Row[Any]]) -> list[Line]:
    """Steps that the platform did, those of one moment in one line."""
    kinds = _kinds(case)
    lines: list[Line] = []
    for event in events:
        icon = ICONS.get(kinds.get(event.element_id or "", ""))
        if icon is None or not event.name:
            continue
        last = lines[-1] if lines else None
        if last and last.at and (event.at - last.at).total_seconds() < 2:
            if label(event.name) not in last.text.split(_("、")):
                last.text += _("、") + label(event.name)
        else:
            lines.append(Line(event.at, label(event.name), icon=icon))
    return lines


def _decisions(events: Iterable[sa.Row[Any]]) -> list[Line]:
    """Decision tables, each with the way to its explanation."""
    return [Line(one.at, label(one.name), icon="table", decision=one.id) for one in events]


def _kinds(case: Instance) -> dict[str, str]:
    nodes = definitions.spec(case.definition_id).nodes()
    return {node.name: type(node).__name__ for node in nodes}


def _done_tasks(case: Instance) -> list[Line]:
    query = (
        sa.select(UserTask)
        .where(UserTask.instance_id == case.id, UserTask.state == "done")
        .order_by(UserTask.id.desc())
        .limit(LATEST)
    )
    return [
        Line(
            task.completed_at,
            f"{label(task.name)}{_('：') + outcome_text(task) if task.outcome else ''}",
            login=task.completed_by,
        )
        for task in db.session.scalars(query)
    ]


def outcome_text(task: UserTask) -> str:
    """How the pressed verb reads: as on the form's own button, else by its usual name."""
    words = _verbs(task).get(task.outcome or "")
    return label(words) if words else outcome_label(task.outcome)


def _verbs(task: UserTask) -> dict[str, str]:
    """{outcome: button label} of the task's form, read once per request."""
    if not (task.outcome and task.form_key):
        return {}
    known = g.setdefault("verbs", {})
    key = task.definition_id, task.form_key
    if key not in known:
        try:
            known[key] = {one.outcome: one.label for one in forms.form_of(task).buttons}
        except ShunliuError:  # a file that cannot be read has no verbs to show
            known[key] = {}
    return known[key]


def outcome_label(outcome: str | None) -> str:
    """The verb's usual name in the reader's language; itself if its form calls it otherwise."""
    usual = {
        "approve": "同意", "agree": "同意", "reject": "驳回", "return": "退回", "submit": "提交",
        "cancel": "取消", "accept": "接受", "decline": "拒绝",
    }  # fmt: skip
    return label(usual.get(outcome or "", outcome or ""))


def noted(events: Iterable[Any]) -> list[Line]:
    """What people and the platform did to the case, beside its tasks."""
    texts = {
        "claimed": _("认领了"), "released": _("放回了"), "delegated": _("转办了"),
        "suspended": _("暂停了实例"), "resumed": _("恢复了实例"), "cancelled": _("取消了"),
        "retried": _("重试了"), "skipped": _("跳过了"), "moved": _("移走了"), "changed": _("改了数据"),
        "migrated": _("换到新版本"), "incident": _("出错，等管理员处理："), "told": _("发出："),
        "deferred": _("推后了"),
    }  # fmt: skip
    lines = []
    for event in events:
        if event.kind not in NOTED:
            continue
        if event.kind == "cancelled" and event.token_id:
            continue  # one place of the flow left by another's act, which has a line of its own
        if event.kind == "skipped" and event.token_id and not event.by:
            continue  # a place that the flow itself took away
        data = event.data or {}
        lines.append(
            Line(
                event.at,
                f"{texts[event.kind]} {label(event.name)}".strip(),
                login=event.by,
                why=str(data.get("reason") or ""),
                icon="alert-triangle" if event.kind == "incident" else "bolt",
                kind="bad" if event.kind == "incident" else "past",
            )
        )
    return lines


def _open_lines(tasks: list[UserTask]) -> list[Line]:
    lines = []
    for task in tasks:
        line = Line(task.due_at, label(task.name), login=task.assignee, kind="now", icon="users")
        if task.assignee is None:
            line.name = _("、").join(candidates(task)) or _("无人可办")
        lines.append(line)
    return lines


def open_tasks(case: Instance) -> list[UserTask]:
    """The tasks of the case that wait for somebody."""
    query = (
        sa.select(UserTask)
        .where(UserTask.instance_id == case.id, UserTask.state == "open")
        .order_by(UserTask.id)
        .limit(50)
    )
    return list(db.session.scalars(query))


def candidates(task: UserTask) -> list[str]:
    """The roles and people who may take a task, by name."""
    query = sa.select(TaskCandidate.kind, TaskCandidate.value).where(
        TaskCandidate.task_id == task.id
    )
    rows = db.session.execute(query.order_by(TaskCandidate.id)).all()
    groups = people.group_names(value for kind, value in rows if kind == "group")
    known = people.names(value for kind, value in rows if kind == "user")
    return [
        label(groups.get(value, value)) if kind == "group" else known.get(value, value)
        for kind, value in rows
    ]


def foreseen(case: Instance, tasks: list[UserTask]) -> list[Line]:
    """The work that may come after the open tasks: the nearest steps for people on every way, or
    the end. Which way is taken is decided by what is entered."""
    if not tasks or case.ended_at:
        return []
    nodes = {node.name: node for node in definitions.spec(case.definition_id).nodes()}
    here = {task.element_id for task in tasks}
    todo = [follower for id in here if id in nodes for follower in nodes[id].outputs]
    seen: set[str] = set()
    found: list[Line] = []
    while todo:
        node = todo.pop(0)
        if node.name in seen or node.name in here:
            continue
        seen.add(node.name)
        if getattr(node, "for_people", False):
            lane = node.lane.name if node.lane else ""
            found.append(Line(None, label(node.bpmn_name), name=label(lane), icon="user",
                              kind="next"))  # fmt: skip
        else:
            todo += node.outputs
    return found[:MOST_FORESEEN]


def name_people(lines: list[Line]) -> None:
    """Lines that somebody caused have the person's name."""
    names = people.names(line.login for line in lines if line.login)
    for line in lines:
        if line.login:
            line.name = names.get(line.login, line.login)


def place(case: Instance, tasks: list[UserTask], task: UserTask | None = None) -> Place:
    """What was passed, what is open (`tasks`) and who has it; with a task, the drawing begins where
    that task is. What happens in a called process stands at the step that calls it."""
    left = sa.select(Event.element_id).where(
        Event.instance_id == case.id, Event.kind.in_(("left", "ended", "closed")),
        Event.element_id.is_not(None),
    ).distinct()  # fmt: skip
    done = set(db.session.scalars(left.limit(500)))
    for event in _events(case, {"entered"}):
        if (event.data or {}).get("flow"):
            done.add(event.data["flow"])
    here = seen.drawn_at(case.id)
    names = people.names(task.assignee for task in tasks if task.assignee)
    said: dict[str, list[str]] = {}
    for one in tasks:
        who = names.get(one.assignee, one.assignee) if one.assignee else _("待认领")
        said.setdefault(here.get(one.token_id, one.element_id), []).append(who)
    now = [*said, *here.values()]
    found = Place()
    found.notes = [(id, "now", _short(who)) for id, who in said.items()]
    found.marks = [
        (" ".join(sorted(done - set(now))), "d-done"),
        (" ".join(dict.fromkeys(now)), "d-now"),
    ]
    found.focus = here.get(task.token_id, "") if task else ""
    found.focus = found.focus or (now[0] if now else "")
    return found


def _short(who: list[str]) -> str:
    unique = list(dict.fromkeys(who))
    return (
        unique[0] if len(unique) == 1 else _("%(first)s 等 %(n)s 人", first=unique[0], n=len(who))
    )


def comments(case: Instance) -> list[tuple[Comment, str]]:
    """(remark, who said it), oldest first, the latest two hundred."""
    query = sa.select(Comment).where(Comment.instance_id == case.id).order_by(Comment.id.desc())
    found = list(db.session.scalars(query.limit(200)))[::-1]
    names = people.names(comment.login for comment in found)
    return [(comment, names.get(comment.login, comment.login)) for comment in found]
