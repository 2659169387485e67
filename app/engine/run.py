"""What happens to cases: start, complete, claim, correlate, cancel, …

Every verb works in the caller's transaction, on a locked row, and commits nothing: the route, job
runner or command that called it does. Whoever acts and what they may do is the caller's to know;
`by` is written down.
"""

import datetime as dt
from collections.abc import Mapping
from types import EllipsisType
from typing import Any

import sqlalchemy as sa

from app import clock, errors, sql, values, workspace
from app.accounts import people
from app.db import db
from app.engine import (
    delivery,
    drafts,
    held,
    incidents,
    opening,
    starting,
    step,
    store,
    timers,
    waits,
)
from app.engine.delivery import NobodyWaits
from app.engine.held import NotRunning, TaskGone
from app.engine.models import Instance, Timer, UserTask
from app.engine.spiff.host import Message
from app.i18n import _
from app.jobs import queue

_task, _instance, _timer = UserTask.__table__, Instance.__table__, Timer.__table__
__all__ = [
    "Moved", "NobodyWaits", "NotRunning", "TaskGone", "broadcast", "cancel", "case", "claim", "complete",
    "correlate", "delegate", "fire_timer", "hand_in", "release", "resume", "set_due",
    "set_variables", "start", "suspend", "trigger", "unsuspend", "variables",
]  # fmt: skip


class Moved(errors.Conflict):
    """这个实例刚刚又走了一步。请再提交一次。"""


# starting


def start(
    process_id: str,
    variables: Mapping[str, Any] | None = None,
    *,
    by: str | None,
    business_key: str | None = None,
) -> Instance:
    """A case of the newest version runs until everything in it waits.

    Raises NotFound when nothing is published by that id, NotAllowed when `by` may not start it,
    StepFailed when its very beginning fails in a way that cannot wait.
    """
    definition = starting.definition_for(process_id)
    if by is not None:
        starting.check_may_start(definition, by)
    begun = starting.begin(definition, variables, by=by, business_key=business_key)
    delivery.settle()
    return db.session.get_one(Instance, begun.id)


# user tasks


def complete(task_id: int, data: Mapping[str, Any] | None = None, *, by: str | None) -> UserTask:
    """The task is done with these variables, and its case has gone on.

    `outcome` among them is written into the task. Raises NotFound, TaskGone when somebody was
    faster, NotRunning when the case is suspended; what a handler refuses in words (Invalid, …)
    passes through, and nothing is written.
    """
    hand_in(task_id, data, by=by)
    return _unread(task_id)


def hand_in(
    task_id: int,
    data: Mapping[str, Any] | None = None,
    *,
    by: str | None,
    revision: int | None = None,
    had: str | EllipsisType | None = ...,
) -> store.Case:
    """As `complete`; the case as its row now says. Nobody has a draft for the task any more.

    Raises Moved, with the case locked and nothing done, when `revision` is not the case's any more;
    Conflict when `had` is given, whose the task was, and somebody else has taken it since.
    """
    task, found = held.task(task_id)
    if had is not ...:
        held.check_had(task, had, by)
    if revision not in (None, found.revision):
        raise Moved()
    given = values.loads(values.dumps(dict(data or {})))
    outcome = given.get("outcome")
    step.advance(
        found,
        lambda live: live.complete(task.token_id, given),
        by=by,
        finished=opening.Finished(
            task.id,
            task.token_id,
            by,
            str(outcome)[:60] if outcome is not None else None,
            task.offered,
        ),
    )
    if task.drafted:
        drafts.discard(task_id)
    delivery.settle()
    return found


def claim(task_id: int, by: str) -> UserTask:
    """The task is `by`'s alone. Raises Conflict when somebody else has it."""
    task, found = held.task(task_id)
    if task.assignee is not None and task.assignee != by:
        raise errors.Conflict(
            _("“%(name)s”已由%(who)s领取。", name=task.name, who=held.name_of(task.assignee))
        )
    return _assign(found, task, by, by=by, kind="claimed")


def release(task_id: int, by: str) -> UserTask:
    """The task is everybody's again who may take it. Raises Conflict when nobody else could."""
    task, found = held.task(task_id)
    if not opening.has_candidates(task_id):
        raise errors.Conflict(_("“%(name)s”只有您能办理，不能退回。", name=task.name))
    return _assign(found, task, None, by=by, kind="released")


def delegate(task_id: int, to: str, by: str) -> UserTask:
    """The task is `to`'s now. Raises NotFound when there is no such person."""
    task, found = held.task(task_id)
    if people.get(to) is None:
        raise errors.NotFound(_("没有登录名为 %(login)s 的人。", login=to))
    return _assign(found, task, to, by=by, kind="delegated")


def set_due(task_id: int, due_at: dt.datetime, by: str) -> UserTask:
    """The task is due at another time; its reminder moves with it."""
    task, found = held.task(task_id)
    opening.set_due(task_id, due_at)
    store.note(
        found, "due", by=by, element_id=task.element_id, name=task.name,
        token_id=task.token_id, task_id=task_id, data={"due_at": due_at},
    )  # fmt: skip
    return _fresh(task_id)


def _assign(
    found: store.Case, task: sa.Row[Any], to: str | None, *, by: str, kind: str
) -> UserTask:
    opening.assign(task.id, to, clock.now())
    store.note(
        found, kind, by=by, element_id=task.element_id, name=task[3],
        token_id=task.token_id, task_id=task.id, data={"to": to} if to != by else None,
    )  # fmt: skip
    return _fresh(task.id)


def _unread(task_id: int) -> UserTask:
    """The session's task, read when somebody looks at it."""
    session = db.session()
    found = session.identity_map.get(sa.orm.util.identity_key(UserTask, task_id))
    if found is None:
        found = UserTask(id=task_id)
        sa.orm.make_transient_to_detached(found)
        session.add(found)
    return found


def _fresh(task_id: int) -> UserTask:
    return db.session.get_one(UserTask, task_id, populate_existing=True)


# messages, signals, timers


def correlate(
    name: str,
    key: str | None = None,
    variables: Mapping[str, Any] | None = None,
    *,
    by: str | None = None,
    keep: bool = False,
) -> int:
    """The one receiver of a message has it: a token that waits, else a new case; the case's id.

    `key` is compared with the wait's correlation key, or the business key of its case. Raises
    SeveralWait when it is not clear who is meant, NobodyWaits when nobody is; `keep` keeps the
    message for seven days instead, and returns 0. Raises Moved when another message was faster and
    the next one to wait is in another case.
    """
    given = values.loads(values.dumps(dict(variables or {})))
    found = _delivered(name, key, given, by=by, keep=keep)
    if found is not None:
        delivery.settle()
        return found.instance_id
    started = waits.started_by_message(name)
    if started is not None:
        begun = starting.begin(started[0], given, by=by, business_key=key, element=started[1])
        delivery.settle()
        return begun.id
    if keep and waits.keep(Message(name, key, given)):
        return 0
    raise NobodyWaits()


def _delivered(
    name: str, key: str | None, given: dict[str, Any], *, by: str | None, keep: bool
) -> waits.Receiver | None:
    """Who has the message; None when nobody waits. A token that another message has reached while
    this one waited for its case is passed over."""
    look, before = waits.find_or_hold if keep else waits.find, None
    while (found := look(name, key)) is not None and found != before:
        if before is not None and found.instance_id != before.instance_id and sql.locks_rows():
            raise Moved()  # no two cases are locked together
        if delivery.deliver(found, given, by=by):
            return found
        before = found
    return None


def broadcast(
    name: str, variables: Mapping[str, Any] | None = None, *, by: str | None = None
) -> int:
    """Everybody who listens has heard the signal, and cases that it starts have begun; how many.

    Where rows are locked, each listener hears it by a job of its own, soon after the commit.
    """
    given = values.loads(values.dumps(dict(variables or {})))
    heard = sum(delivery.tell(one, given, by=by) for one in waits.listeners(name))
    started = waits.started_by_signal(name)
    for definition, element in started:
        starting.begin(definition, given, by=by, element=element)
    delivery.settle()
    return heard + len(started)


def fire_timer(timer_id: int, *, by: str | None = None) -> bool:
    """The timer has fired, whatever the clock says; False when it was gone."""
    return timers.fire(timer_id, by=by)


def trigger(
    instance_id: int, token_id: int, variables: Mapping[str, Any] | None = None, *, by: str | None
) -> None:
    """A receive task, or whatever else waits for an event, goes on by hand."""
    given = values.loads(values.dumps(dict(variables or {})))
    _advance(instance_id, lambda live: live.trigger(token_id, given), by=by)


def resume(instance_id: int, token_id: int, *, by: str | None = None) -> bool:
    """A parked token goes on; False when it is not parked any more."""
    found = store.lock(instance_id)
    if found is None or not found.runs:
        return False
    try:
        step.advance(found, lambda live: live.resume(token_id), by=by, resumed=token_id)
    except KeyError:
        return False
    incidents.close(found, token_id, by, _("已重试成功"))
    delivery.settle()
    return True


# cases


def case(instance_id: int) -> store.Case:
    """The case, locked for a change. Raises NotFound, or NotRunning when it does not run."""
    found = store.lock(instance_id)
    if found is None:
        raise errors.NotFound()
    held.check_runs(found)
    return found


def _advance(instance_id: int, act: Any, *, by: str | None) -> store.Case:
    found = case(instance_id)
    try:
        step.advance(found, act, by=by)
    except KeyError as error:
        raise errors.Conflict(_("实例已经离开了这一步。请刷新后查看。")) from error
    delivery.settle()
    return found


def skip(
    instance_id: int, token_id: int, variables: Mapping[str, Any] | None = None, *, by: str | None
) -> None:
    """What stands before its element goes on behind it, as if the element had been done."""
    given = values.loads(values.dumps(dict(variables or {})))
    _advance(instance_id, lambda live: live.skip(token_id, given), by=by)


def variables(instance_id: int) -> dict[str, Any]:
    """The case's own variables (not those of sub-processes and loops)."""
    header = db.session.scalar(
        sa.select(_instance.c.header).where(
            _instance.c.id == instance_id, _instance.c.workspace_id == workspace.current()
        )
    )
    if header is None:
        raise errors.NotFound()
    return values.loads(header)[1] if header else {}


def set_variables(
    instance_id: int,
    changed: Mapping[str, Any],
    *,
    by: str | None,
    token_id: int | None = None,
) -> None:
    """Variables are set where they are defined, seen from the token; conditions look at them."""
    given = values.loads(values.dumps(dict(changed)))
    _advance(instance_id, lambda live: live.set_variables(given, token_id), by=by)


def cancel(instance_id: int, reason: str, by: str | None) -> None:
    """The case has ended, everything alive in it is cancelled; nothing is undone."""
    found = store.lock(instance_id)
    if found is None:
        raise errors.NotFound()
    if found.state not in ("active", "suspended"):
        raise NotRunning(_("这个实例已经结束，不能再办理。"))
    step.advance(found, lambda live: live.cancel(reason), by=by)
    delivery.settle()


def suspend(instance_id: int, reason: str, by: str | None) -> None:
    """Nothing happens in the case until `unsuspend`: tasks, timers, messages and jobs wait."""
    found = case(instance_id)
    store.set_state(found, state="suspended")
    queue.hold(f"instance:{instance_id}")
    store.note(found, "suspended", by=by, data={"reason": reason})


def unsuspend(instance_id: int, reason: str, by: str | None) -> None:
    """The case goes on; what became due meanwhile happens now."""
    found = store.lock(instance_id)
    if found is None:
        raise errors.NotFound()
    if found.state != "suspended":
        raise NotRunning(_("这个实例没有被暂停。"))
    store.set_state(found, state="active")
    queue.release(f"instance:{instance_id}")
    store.note(found, "resumed", by=by, data={"reason": reason})
    delivery.give_kept_to(found, by)
