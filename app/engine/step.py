"""One step of a case: it goes through and everything is written, or nothing of it remains.

When an element in the middle of a step fails, the step is run again with a stop in front of that
element: what people did before it is kept, and the element itself waits as a job that tries again
or as an incident that waits for a person. Only when even that is impossible does the caller see
the failure.
"""

import datetime as dt
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app import clock, errors, measure, signals, sql
from app.db import db
from app.engine import definitions, facts, incidents, memory, opening, outgoing, retries, store
from app.engine.failures import Stuck
from app.engine.host import StepHost
from app.engine.spiff import rows
from app.engine.spiff.host import Limits
from app.i18n import _
from app.jobs import queue

MOST_STOPS = 20
TECHNICAL = frozenset({"handler", "failure"})  # what trying again may heal


class StepFailed(errors.ShunliuError):
    """实例在这一步没有走通，什么都没有保存。请联系管理员。"""

    status = 500


@dataclass(slots=True)
class Failure:
    """Where and why a step failed. `kind` is `handler`, `failure` or the reason of a `Stuck`."""

    kind: str
    message: str
    definition_id: int
    element: str | None = None
    name: str | None = None
    token: int | None = None
    values: dict[str, Any] | None = None
    stack: str = ""


def limits() -> Limits:
    """The limits of the settings."""
    return Limits(steps=current_app.config["SETTINGS"].step_limit)


def perform(
    case: store.Case,
    make: Callable[[StepHost], Any],
    act: Callable[[Any], object],
    *,
    by: str | None,
    resumed: int | None = None,
    finished: opening.Finished | None = None,
    entry: str | None = None,
) -> Any:
    """The step is written; the live case.

    `make` gives the live case, `act` moves it. `resumed` is the token that a job goes on with: its
    own failure is the job's. `entry` is the start event of a case that begins.
    """
    failures: dict[str, Failure] = {}
    begun = time.perf_counter()
    while True:
        host = _host(case, by, frozenset(failures))
        live = None
        try:
            live = make(host)
            act(live)
            changes = live.changes()
        except Exception as error:
            failure = _failure(error, host, live, case)
            host.undo()
            failure.element = failure.element or (entry if live is None else None)
            if _is_callers(error, live, by):
                raise
            if not _can_stop(failure, failures, resumed):
                raise _for_caller(failure) from error
            failures[failure.element or ""] = failure
            continue
        host.keep()
        with sql.together():
            host.remember()
            opened = store.write(case, changes, host, live if not failures else None, finished)
        _park(case, changes.jobs, failures, by)
        _watch(case, changes.incident, by)
        outgoing.add(case, host, changes.messages)
        _tell(case, opened, finished, changes)
        _measure(case, finished, changes, time.perf_counter() - begun)
        return live


def advance(case: store.Case, act: Callable[[Any], object], *, by: str | None, **how: Any) -> Any:
    """As `perform`, for a case that exists."""
    return perform(case, lambda host: store.take(case, host), act, by=by, **how)


def _host(case: store.Case, by: str | None, stops: frozenset[str]) -> StepHost:
    return StepHost(
        case.id,
        case.workspace_id,
        by=by,
        started_by=case.started_by,
        at=clock.now(),
        limits=limits(),
        seen_id=case.last_id,
        stops=stops,
    )


def _failure(error: Exception, host: StepHost, live: Any, case: store.Case) -> Failure:
    stack = "".join(traceback.format_exception(error))[-20_000:]
    found = Failure("failure", str(error) or type(error).__name__, case.definition_id, stack=stack)
    calling = host.calling
    if isinstance(error, Stuck):
        found.kind, found.message = error.reason, str(error.message)
        found.element, found.name, found.token = error.element, error.name, error.token
        found.values = error.values
    elif calling is not None:
        found.kind, found.definition_id = "handler", int(calling.definition)
        found.element, found.name = calling.element_id, calling.element_name
        found.token, found.values = calling.token_id, dict(calling.variables)
        return found
    if live is not None and live.running is not None:
        _place(found, live)
    return found


def _place(found: Failure, live: Any) -> None:
    """The element at work when it failed; an activity, if the failure is that of its boundary."""
    try:
        token = live.find(found.token or live.running)
    except KeyError:
        return
    found.token = token.id
    found.definition_id = int(token.workflow.home.spec.key)
    found.element = found.element or token.task_spec.name
    found.name = found.name or token.task_spec.bpmn_name


def _is_callers(error: Exception, live: Any, by: str | None) -> bool:
    """Is this for whoever asked: a refusal in words, a wrong call, a database that is away?"""
    if isinstance(error, errors.ShunliuError):
        return by is not None
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return True
    return live is not None and not live.poisoned


def _can_stop(failure: Failure, failures: dict[str, Failure], resumed: int | None) -> bool:
    if failure.element is None or (failure.token is not None and failure.token == resumed):
        return False
    failure.element = definitions.stop_for(failure.definition_id, failure.element)
    return failure.element not in failures and len(failures) < MOST_STOPS


def _for_caller(failure: Failure) -> StepFailed:
    where = failure.name or failure.element
    if where is None:
        return StepFailed(failure=failure)
    text = _(
        "实例在“%(where)s”没有走通：%(why)s 什么都没有保存。", where=where, why=failure.message
    )
    return StepFailed(text, failure=failure)


def _park(
    case: store.Case, jobs: list[rows.JobRow], failures: dict[str, Failure], by: str | None
) -> None:
    """Each token that another transaction must go on with has its job, or its incident."""
    for row in jobs:
        failure = failures.get(row.element_id) if row.kind == "before" else None
        plan = retries.plan(row.retries)
        if failure is None:
            resume_later(case, row.token_id, row.element_id, retries=plan)
        elif failure.kind in TECHNICAL and plan:
            at = clock.now() + dt.timedelta(seconds=plan[0])
            resume_later(case, row.token_id, row.element_id, retries=plan[1:], at=at)
            store.note(
                case,
                "failed",
                by=by,
                element_id=row.element_id,
                name=failure.name,
                token_id=row.token_id,
                data={"message": failure.message, "again_at": at},
            )
        else:
            incidents.raise_for(case, failure, token_id=row.token_id)


def resume_later(
    case: store.Case,
    token_id: int,
    element_id: str,
    *,
    retries: tuple[float, ...],
    at: dt.datetime | None = None,
) -> None:
    """A job goes on with the parked token."""
    queue.enqueue(
        "engine.resume",
        {"instance_id": case.id, "token_id": token_id, "element_id": element_id},
        run_at=at,
        retries=retries,
        subject=f"instance:{case.id}",
    )


def _watch(case: store.Case, found: rows.Incident | None, by: str | None) -> None:
    if found is not None:
        element = found.elements[0] if found.elements else None
        name = definitions.element_name(case.definition_id, element)
        failure = Failure(found.reason, str(found.message), case.definition_id, element, name)
        incidents.raise_for(case, failure, token_id=None)


def _measure(
    case: store.Case, finished: opening.Finished | None, changes: rows.Changes, seconds: float
) -> None:
    first = next((row.element_id for row in changes.events if row.element_id), None)
    measure.after_commit(
        "step", seconds, workspace=case.workspace_id, instance_id=case.id,
        task_id=finished.task_id if finished else None, process=case.process_id, element=first,
        state=case.state,
    )  # fmt: skip


def _tell(
    case: store.Case,
    opened: list[dict[str, Any]],
    finished: opening.Finished | None,
    changes: rows.Changes,
) -> None:
    told = facts.Facts(case)
    if case.revision == 1:
        signals.instance_started.send(
            case.id, process_id=case.process_id, by=case.started_by, facts=told
        )
    if finished is not None:
        signals.task_closed.send(
            case.id, task_id=finished.task_id, state="done", by=finished.by, facts=told
        )
    for fields in opened:
        signals.task_opened.send(case.id, task_id=fields["id"], task=fields, facts=told)
    if case.state in ("ended", "cancelled") and changes.header is not None:
        queue.drop(f"instance:{case.id}")
        if case.incidents:
            incidents.close_all(case, None, _("实例已结束"))
        signals.instance_ended.send(
            case.id, process_id=case.process_id, result=case.state, facts=told
        )
    memory.expire(db.session(), case.id)
