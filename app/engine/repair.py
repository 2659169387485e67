"""An administrator repairs a case that is stuck. Every act is written down with its reason."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine import definitions, incidents, run, store
from app.engine.models import Definition, Incident, Instance, Token
from app.i18n import _
from app.jobs import queue
from app.jobs.models import Job


def _open_incident(incident_id: int) -> Incident:
    found = db.session.scalar(sa.select(Incident).where(Incident.id == incident_id))
    if found is None:
        raise errors.NotFound()
    if found.state != "open":
        raise errors.Conflict(_("这个异常已经处理过了。请刷新后查看。"))
    return found


def retry(
    incident_id: int, *, reason: str, by: str, variables: Mapping[str, Any] | None = None
) -> None:
    """What failed has been done again, with changed variables if given; the incident is resolved.

    Raises what it fails with this time, and nothing is changed.
    """
    found = _open_incident(incident_id)
    instance_id, token_id = found.instance_id, found.token_id
    case = run.case(instance_id)
    store.note(
        case,
        "retried",
        by=by,
        element_id=found.element_id,
        name=found.element_name,
        token_id=token_id,
        data={"reason": reason, "variables": dict(variables or {})},
    )
    if variables:
        seen_from = token_id if token_id is not None and _lives(instance_id, token_id) else None
        run.set_variables(instance_id, variables, by=by, token_id=seen_from)
    if token_id is None or not run.resume(instance_id, token_id, by=by):
        _retry_jobs(instance_id)
    resolve(incident_id, reason=reason, by=by)


def skip(
    incident_id: int, *, reason: str, by: str, variables: Mapping[str, Any] | None = None
) -> None:
    """The failed step counts as done, with these variables; the case goes on behind it.

    Raises Conflict when nothing stands in front of the step any more.
    """
    found = _open_incident(incident_id)
    instance_id, token_id = found.instance_id, found.token_id
    if token_id is None:
        raise errors.Conflict(_("这个异常不在某一步上，不能跳过。请重试或终止流程。"))
    data = {"reason": reason, "variables": dict(variables or {})}
    store.note(
        run.case(instance_id),
        "skipped",
        by=by,
        element_id=found.element_id,
        name=found.element_name,
        token_id=token_id,
        data=data,
    )
    run.skip(instance_id, token_id, variables, by=by)
    resolve(incident_id, reason=reason, by=by)


def resolve(incident_id: int, *, reason: str, by: str) -> None:
    """The incident is closed; the case is left as it is."""
    row = db.session.execute(
        sa.select(Incident.instance_id, Incident.state).where(Incident.id == incident_id)
    ).one_or_none()
    if row is None:
        raise errors.NotFound()
    case = store.lock(row.instance_id)
    if case is not None:
        incidents.close_one(case, incident_id, by, reason)


def _lives(instance_id: int, token_id: int) -> bool:
    return db.session.get(Token, (instance_id, token_id)) is not None


def _retry_jobs(instance_id: int) -> None:
    """The case's failed jobs are due again."""
    subjects = [f"instance:{instance_id}", f"sent:{instance_id}"]
    failed = db.session.scalars(
        sa.select(Job.id).where(Job.subject.in_(subjects), Job.state == "failed")
    )
    for id in failed.all():
        queue.retry(id)


def suspend_definition(definition_id: int, *, reason: str, by: str) -> int:
    """No case of this version begins, and those that run wait; how many were running."""
    definitions.known(definition_id)
    _set_suspended(definition_id, True)
    ids = _cases(definition_id, "active")
    for id in ids:
        run.suspend(id, reason, by)
    return len(ids)


def resume_definition(definition_id: int, *, reason: str, by: str) -> int:
    """Cases of this version may begin again, and its suspended ones go on; how many."""
    _set_suspended(definition_id, False)
    ids = _cases(definition_id, "suspended")
    for id in ids:
        run.unsuspend(id, reason, by)
    return len(ids)


def _set_suspended(definition_id: int, value: bool) -> None:
    definition = db.session.get(Definition, definition_id)
    if definition is None:
        raise errors.NotFound()
    definition.suspended = value
    db.session.flush()


def _cases(definition_id: int, state: str) -> list[int]:
    query = sa.select(Instance.id).where(
        Instance.definition_id == definition_id, Instance.state == state
    )
    return list(db.session.scalars(query.order_by(Instance.id)))
