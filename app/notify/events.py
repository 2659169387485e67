"""What happens in cases, as webhooks are told of it: rows of the outbox, written with the step.

While there is no webhook a step costs one look at what this process remembers. Webhooks are read
anew after `REMEMBERED` seconds, so that what another process has changed counts soon.
"""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from app import clock, signals, workspace
from app.db import db
from app.i18n import _l
from app.jobs import queue
from app.notify.models import WAITING, Delivery, Webhook

VERSION = 1  # of the body; a change that a receiver could stumble over makes it another one
KIND = "notify.webhook"
TEST = "test"
NAMES = {
    "case.started": _l("实例开始"), "case.ended": _l("实例结束"),
    "case.cancelled": _l("实例终止"), "task.opened": _l("任务出现"),
    "task.completed": _l("任务办完"), "task.cancelled": _l("任务取消"),
    "incident.opened": _l("出现故障"),
}  # fmt: skip
REMEMBERED = 5.0  # seconds
LARGEST = 200_000  # characters of the values that are told
_KEY = "shunliu-webhooks"
_hooks, _deliveries = Webhook.__table__, Delivery.__table__
_ACTIVE = sa.select(
    _hooks.c.id, _hooks.c.events, _hooks.c.processes, _hooks.c.fields
).where(_hooks.c.active, _hooks.c.workspace_id == workspace.COMPANY)  # fmt: skip
Tell = Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Listener:
    """An active webhook: what it wants to hear."""

    id: int
    events: frozenset[str]
    processes: frozenset[str]
    fields: tuple[str, ...]

    def wants(self, event: str, processes: set[str]) -> bool:
        """Is it to be told of this event in these processes?"""
        return event in self.events and (not self.processes or bool(self.processes & processes))


def init_app(app: Flask) -> None:
    """Nothing is remembered."""
    app.extensions[_KEY] = (0.0, ())


def forget() -> None:
    """A webhook has changed: this process reads them at the next event."""
    current_app.extensions[_KEY] = (0.0, ())


def listeners() -> tuple[Listener, ...]:
    """The active webhooks of the company, as of a few seconds ago."""
    until, known = current_app.extensions[_KEY]
    if time.monotonic() < until:
        return known
    # past the session: a step's unwritten objects are not for this question to flush
    rows = db.session.connection().execute(_ACTIVE).all()
    known = tuple(
        Listener(row.id, frozenset(row.events), frozenset(row.processes), tuple(row.fields))
        for row in rows
    )
    current_app.extensions[_KEY] = (time.monotonic() + REMEMBERED, known)
    return known


@signals.instance_started.connect
def _started(_case_id: int, *, by: str | None, facts: Any, **_more: Any) -> None:
    _tell("case.started", facts, lambda: {"by": by})


@signals.instance_ended.connect
def _ended(_case_id: int, *, result: str, facts: Any, **_more: Any) -> None:
    _tell("case.cancelled" if result == "cancelled" else "case.ended", facts, dict)


@signals.task_opened.connect
def _opened(_case_id: int, *, task: dict[str, Any], facts: Any, **_more: Any) -> None:
    _tell("task.opened", facts, lambda: _of_task(task) | {"assignee": task["assignee"]}, task)


@signals.task_closed.connect
def _closed(
    _case_id: int, *, task_id: int, state: str, by: str | None, facts: Any, **_more: Any
) -> None:
    event = "task.completed" if state == "done" else "task.cancelled"
    if not _is_wanted(event):
        return
    task = facts.task(task_id)
    _tell(event, facts, lambda: _of_task(task) | {"by": by, "outcome": task["outcome"]}, task)


@signals.incident_raised.connect
def _raised(_case_id: int, *, incident_id: int, failure: Any, facts: Any, **_more: Any) -> None:
    # its message may quote what people typed; the monitor shows it
    element = {"element": failure.element, "element_name": failure.name}
    _tell("incident.opened", facts,
          lambda: {"incident": incident_id, "kind": failure.kind, **element})  # fmt: skip


def _of_task(task: dict[str, Any]) -> dict[str, Any]:
    key = task["business_key"]
    return {
        "task": task["id"],
        "element": task["element_id"],
        "element_name": task["name"],
        **({"business_key": key} if key else {}),
    }


def _is_wanted(event: str) -> bool:
    if workspace.current() != workspace.COMPANY:
        return False  # practice tells nobody
    return any(event in one.events for one in listeners())


def _tell(event: str, facts: Any, more: Tell, task: dict[str, Any] | None = None) -> None:
    """Every webhook that wants to hear of it has a delivery and its job, in this transaction."""
    if not _is_wanted(event):
        return
    case = facts.case
    process = task["process_id"] if task else case.process_id
    wanted = [one for one in listeners() if one.wants(event, {process, case.process_id})]
    if not wanted:
        return
    data = {
        "workspace": case.workspace_id, "case": case.id, "process": process,
        "business_key": case.business_key, **more(),
    }  # fmt: skip
    variables = facts.variables() if any(one.fields for one in wanted) else {}
    for one in wanted:
        values = {name: variables[name] for name in one.fields if name in variables}
        put(one.id, event, data | ({"values": values} if one.fields else {}), case.id)


def put(webhook_id: int, event: str, data: dict[str, Any], case_id: int | None = None) -> int:
    """A delivery is written and will leave after the commit; its number."""
    key, now = f"evt_{uuid.uuid4().hex}", clock.now()
    row = {
        "workspace_id": workspace.current(), "webhook_id": webhook_id, "key": key,
        "event": event, "instance_id": case_id, "body": body(key, event, now, data),
        "state": WAITING, "at": now, "attempts": 0,
    }  # fmt: skip
    statement = sa.insert(_deliveries).returning(_deliveries.c.id)
    made = db.session.connection().execute(statement, row).scalar_one()
    send_later(made)
    return made


def send_later(delivery_id: int, **how: Any) -> None:
    """A job sends the delivery after the commit."""
    queue.enqueue(KIND, {"id": delivery_id}, subject=subject(delivery_id), **how)


def subject(delivery_id: int) -> str:
    """What the delivery's job is about."""
    return f"delivery:{delivery_id}"


def body(key: str, event: str, at: dt.datetime, data: dict[str, Any]) -> str:
    """The JSON that is sent, see docs/administrator.md; values that are too large are left out."""
    whole = {
        "version": VERSION, "id": key, "type": event,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "data": data,
    }  # fmt: skip
    text = _json(whole)
    if len(text) > LARGEST:
        text = _json(whole | {"data": data | {"values": {}, "values_left_out": True}})
    return text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    """Amounts keep every digit, days and moments are as ISO 8601 writes them."""
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
