"""/monitor: only administrators come in; every verb needs a reason and leaves an audit line."""

from collections.abc import Callable
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from app import errors, values
from app.accounts import people
from app.db import db
from app.engine import repair, run
from app.engine.models import Definition, Event, Incident, Instance
from app.i18n import _
from app.jobs import queue
from app.monitor import incidents, trial

monitor = Blueprint("monitor", __name__, url_prefix="/monitor")

VERBS = ("retry", "skip", "suspend", "resume", "cancel", "resolve")
MOST_AT_ONCE = 100


@monitor.before_request
@login_required
def _only_admins() -> None:
    """To everybody else the monitor does not exist."""
    if not current_user.is_admin:
        raise errors.NotFound()


@monitor.get("")
def index() -> str:
    """How every flow runs, and what is stuck."""
    process_id = request.args.get("process", "")
    state = "resolved" if request.args.get("state") == "resolved" else "open"
    number = max(1, request.args.get("page", 1, type=int))
    found, more = incidents.page(state, process_id, number)
    flows = incidents.flows()
    return render_template(
        "monitor/index.html",
        room="monitor",
        flows=flows,
        names={flow.process_id: flow.name for flow in flows},
        incidents=found,
        more=more,
        page=number,
        state=state,
        process=process_id,
        jobs=incidents.failed_jobs(),
        lag=queue.lag_seconds(),
    )


@monitor.get("/incidents/<int:incident_id>")
def incident(incident_id: int) -> str:
    """One incident: what happened, where, with which values, and the ways out."""
    return _incident_page(_found(incident_id))


def _incident_page(found: Incident, outcome: trial.Outcome | None = None, verb: str = "") -> str:
    case = found.instance
    names = people.names(filter(None, (case.started_by, found.resolved_by)))
    return render_template(
        "monitor/incident.html",
        room="monitor",
        incident=found,
        case=case,
        version=db.session.get_one(Definition, case.definition_id).version,
        done=_passed(case.id),
        variables=run.variables(case.id),
        values_seen=found.values or {},
        names=names,
        outcome=outcome,
        verb=verb,
        given=request.form,
    )


def _found(incident_id: int) -> Incident:
    found = db.session.scalar(sa.select(Incident).where(Incident.id == incident_id))
    if found is None:
        raise errors.NotFound()
    return found


def _passed(instance_id: int) -> str:
    query = sa.select(Event.element_id).where(
        Event.instance_id == instance_id, Event.kind == "left", Event.element_id.is_not(None)
    )
    return " ".join(sorted(set(db.session.scalars(query.distinct().limit(500)))))


@monitor.post("/incidents/<int:incident_id>/try")
def attempt(incident_id: int) -> str:
    """A dry run of the chosen verb: done for real, looked at, rolled back."""
    found = _found(incident_id)
    verb, act = _act(found, request.form.get("reason") or _("试跑"))
    outcome = trial.of(act, found.instance_id)
    db.session.rollback()
    return _incident_page(_found(incident_id), outcome, verb)


@monitor.post("/incidents/<int:incident_id>")
def act_on(incident_id: int) -> Response | tuple[str, int]:
    """The chosen verb is done; the page says what came of it."""
    found = _found(incident_id)
    instance_id = found.instance_id
    reason = request.form.get("reason", "").strip()
    if not reason:
        problem = trial.Outcome(problem=_("请写明理由：它会记入历史。"))
        return _incident_page(found, problem, request.form.get("verb", "")), 422
    verb, act = _act(found, reason)
    try:
        act()
        db.session.commit()
    except errors.ShunliuError as refusal:
        db.session.rollback()
        return _incident_page(_found(incident_id), trial.Outcome(refusal.message), verb), 422
    flash(_("已处理。流程 #%(id)s 的历史里记下了您和理由。", id=instance_id))
    again = db.session.scalar(
        sa.select(Incident.id).where(Incident.instance_id == instance_id, Incident.state == "open")
    )
    if again is not None:
        return redirect(url_for("monitor.incident", incident_id=again))
    return redirect(url_for("monitor.index"))


def _act(found: Incident, reason: str) -> tuple[str, Callable[[], object]]:
    """What the pressed verb does. Raises Invalid for a verb or variables that make no sense."""
    verb, by = request.form.get("verb", ""), current_user.login
    changed = _variables(request.form.get("variables", ""))
    acts: dict[str, Callable[[], object]] = {
        "retry": lambda: repair.retry(found.id, reason=reason, by=by, variables=changed),
        "skip": lambda: repair.skip(found.id, reason=reason, by=by, variables=changed),
        "suspend": lambda: run.suspend(found.instance_id, reason, by),
        "resume": lambda: run.unsuspend(found.instance_id, reason, by),
        "cancel": lambda: run.cancel(found.instance_id, reason, by),
        "resolve": lambda: repair.resolve(found.id, reason=reason, by=by),
    }
    if verb not in acts:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    return verb, acts[verb]


def _variables(text: str) -> dict[str, Any]:
    """`{"name": value}` as an administrator types it; {} for nothing."""
    if not text.strip():
        return {}
    try:
        found = values.loads(text)
    except orjson.JSONDecodeError as error:
        raise errors.Invalid(_('变量要写成 JSON，例如 {"amount": 100}。')) from error
    if not isinstance(found, dict):
        raise errors.Invalid(_('变量要写成 JSON，例如 {"amount": 100}。'))
    return found


@monitor.post("/incidents/retry")
def retry_many() -> Response:
    """Several incidents are retried, one transaction each; those that fail again stay."""
    ids = [int(id) for id in request.form.getlist("id") if id.isdigit()][:MOST_AT_ONCE]
    reason = request.form.get("reason", "").strip() or _("批量重试")
    done = sum(_retried(id, reason) for id in ids)
    flash(_("%(done)s 个已重试，%(left)s 个还没有解决。", done=done, left=len(ids) - done))
    return redirect(url_for("monitor.index"))


def _retried(incident_id: int, reason: str) -> bool:
    try:
        repair.retry(incident_id, reason=reason, by=current_user.login)
        db.session.commit()
    except Exception:  # whatever fails again leaves its incident open, with the new reason
        db.session.rollback()
        return False
    return True


@monitor.post("/cases/<int:instance_id>/cancel")
def cancel(instance_id: int) -> Response:
    """The case is ended for good, with a reason."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise errors.Invalid(_("请写明理由：它会记入历史。"))
    if db.session.get(Instance, instance_id) is None:
        raise errors.NotFound()
    run.cancel(instance_id, reason, current_user.login)
    db.session.commit()
    return redirect(url_for("inbox.case", instance_id=instance_id))
