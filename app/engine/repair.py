"""An administrator repairs a case that is stuck. Every act is written down with its reason."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine import definitions, history, incidents, run, seen, store, waits
from app.engine.models import Definition, Incident, Token
from app.i18n import _
from app.jobs import queue
from app.jobs.models import Job


def _open_incident(incident_id: int) -> Incident:
    """The incident, whose case is locked: nobody else repairs it meanwhile."""
    of = sa.select(Incident.instance_id).where(Incident.id == incident_id)
    instance_id = db.session.scalar(of)
    if instance_id is None or store.lock(instance_id) is None:
        raise errors.NotFound()
    query = sa.select(Incident).where(Incident.id == incident_id)
    found = db.session.scalars(query.execution_options(populate_existing=True)).one()
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
    seen_from = token_id if token_id is not None and _lives(instance_id, token_id) else None
    store.note(
        case,
        "retried",
        by=by,
        element_id=found.element_id,
        name=found.element_name,
        token_id=token_id,
        data={"reason": reason, "changes": _changes(instance_id, seen_from, variables)},
    )
    if variables:
        run.set_variables(instance_id, variables, by=by, token_id=seen_from)
    if token_id is not None and run.resume(instance_id, token_id, by=by):
        _forget_job(instance_id, token_id)
    else:
        _retry_jobs(instance_id)
    _resolve(incident_id, reason=reason, by=by)


def change(
    instance_id: int,
    variables: Mapping[str, Any],
    *,
    reason: str,
    by: str,
    token_id: int | None = None,
) -> None:
    """Variables of a running case have other values, seen from a token or from the case; the
    history keeps the old ones and the new ones. Raises NotFound, NotRunning."""
    case = run.case(instance_id)
    data = {"reason": reason, "changes": _changes(instance_id, token_id, variables)}
    store.note(case, "changed", by=by, token_id=token_id, data=data)
    run.set_variables(instance_id, variables, by=by, token_id=token_id)


def _changes(
    instance_id: int, token_id: int | None, variables: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """What each variable was and is now, as the history may keep it."""
    if not variables:
        return []
    if token_id is None:
        before = run.variables(instance_id)
    else:
        before = seen.variables(instance_id, token_id)
    return [
        {
            "name": name,
            "old": history.kept({"name": name, "value": before.get(name)})["value"],
            "new": history.kept({"name": name, "value": value})["value"],
        }
        for name, value in variables.items()
    ]


def skip(
    incident_id: int, *, reason: str, by: str, variables: Mapping[str, Any] | None = None
) -> None:
    """The failed step counts as done, with these variables; the case goes on behind it.

    Raises Conflict when nothing stands in front of the step any more.
    """
    found = _open_incident(incident_id)
    instance_id, token_id = found.instance_id, found.token_id
    if token_id is None:
        raise errors.Conflict(_("这个异常不在某一步上，不能跳过。请重试或终止实例。"))
    seen_from = token_id if _lives(instance_id, token_id) else None
    data = {"reason": reason, "changes": _changes(instance_id, seen_from, variables)}
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
    _forget_job(instance_id, token_id)
    _resolve(incident_id, reason=reason, by=by)


def resolve(incident_id: int, *, reason: str, by: str) -> None:
    """The incident is closed; the case is left as it is. Raises Conflict when it is already."""
    _open_incident(incident_id)
    _resolve(incident_id, reason=reason, by=by)


def _resolve(incident_id: int, *, reason: str, by: str) -> None:
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
    subjects = [f"{of}:{instance_id}" for of in ("instance", "sent", "effect")]
    failed = db.session.scalars(
        sa.select(Job.id).where(Job.subject.in_(subjects), Job.state == "failed")
    )
    for id in failed.all():
        queue.retry(id)


def _forget_job(instance_id: int, token_id: int) -> None:
    """The job that gave up on a token which has gone on by hand is no open question any more."""
    failed = db.session.execute(
        sa.select(Job.id, Job.payload).where(
            Job.subject == f"instance:{instance_id}",
            Job.kind == "engine.resume",
            Job.state == "failed",
        )
    )
    ids = [id for id, payload in failed if payload.get("token_id") == token_id]
    if ids:
        db.session.execute(sa.delete(Job).where(Job.id.in_(ids)))


def set_suspended(definition_id: int, value: bool) -> None:
    """Cases of this version may not begin any more, or may again. Raises NotFound, and Conflict
    where a message that starts it starts another process by now."""
    definitions.alone()
    definition = db.session.get(Definition, definition_id)
    if definition is None:
        raise errors.NotFound()
    rival = None if value else waits.rival(definition)
    if rival is not None:
        raise errors.Conflict(
            _("消息“%(name)s”现在启动流程 %(other)s。请先停用那个流程，再恢复这个。",
              name=rival[0], other=f"{rival[1].name} ({rival[1].process_id})")
        )  # fmt: skip
    definition.suspended = value
    db.session.flush()
