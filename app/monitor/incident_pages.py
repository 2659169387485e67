"""Incidents: the list by groups and by lines, and the page of one with the ways out."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app import clock, errors, show
from app.accounts import people
from app.db import db
from app.engine import definitions, run, seen, store
from app.engine.models import Event, Incident, Token
from app.i18n import _
from app.monitor import acts, bulk, incidents, trial, typed
from app.monitor.routes import monitor


@monitor.get("/incidents")
def all_incidents() -> str:
    """Every incident of the filter, the same ones together."""
    ask = incidents.read(request.args)
    found, more = incidents.page(ask)
    return render_template(
        "monitor/incidents.html",
        room="monitor",
        ask=ask,
        incidents=found,
        more=more,
        total=incidents.total(ask),
        many=incidents.MANY if ask.state != "open" else 0,
        groups=incidents.groups(ask) if ask.state == "open" and not (ask.like or ask.before) else [],
        choices=incidents.choices(),
        verbs={verb: acts.NAMES[verb] for verb in bulk.VERBS if verb != "resume"},
        names=incidents.names_of(sorted({one.process_id for one in found})),
        versions={one.instance.definition_id: definitions.known(one.instance.definition_id).version
                  for one in found},
    )  # fmt: skip


@monitor.get("/incidents/<int:incident_id>")
def incident(incident_id: int) -> str:
    """One incident: what happened, where, with which values, and the ways out."""
    return _incident_page(_found(incident_id))


def _incident_page(found: Incident, outcome: trial.Outcome | None = None, verb: str = "") -> str:
    case = found.instance
    lines, writers = variables(found)
    names = people.names(filter(None, (case.started_by, found.resolved_by)))
    known = definitions.known(case.definition_id)
    same = incidents.Ask(
        process=found.process_id, version=case.definition_id, element=found.element_id or "",
        kind=found.kind, like=found.signature,
    )  # fmt: skip
    return render_template(
        "monitor/incident.html",
        room="monitor",
        incident=found,
        case=case,
        process=known.name,
        version=known.version,
        done=passed(case.id),
        rows=lines,
        writers=writers,
        kinds=typed.KINDS,
        attempts=incidents.attempts(found),
        same=same,
        many=incidents.total(same) if found.state == "open" else 0,
        token=found.token_id if lives(case.id, found.token_id) else None,
        names=names,
        stood=show.span(clock.now() - found.created_at),
        outcome=outcome,
        verb=verb,
        given=request.form,
    )


def variables(found: Incident) -> tuple[list[typed.Row], dict[str, Event]]:
    """The variables that the step sees, with what was typed; and what wrote them last."""
    case = found.instance
    values: dict[str, Any]
    if case.ended_at is not None or found.state != "open":
        values = dict(found.values or {}) or run.variables(case.id)
    elif lives(case.id, found.token_id):
        values = seen.variables(case.id, found.token_id or 0)
    else:
        values = run.variables(case.id)
    return typed.typed(values, request.form), incidents.written_by(case.id, list(values))


def lives(instance_id: int, token_id: int | None) -> bool:
    """Is the token there?"""
    return token_id is not None and db.session.get(Token, (instance_id, token_id)) is not None


def _found(incident_id: int, *, hold: bool = False) -> Incident:
    """The incident; with `hold` its case is locked before anything of both is read."""
    if hold:
        of = sa.select(Incident.instance_id).where(Incident.id == incident_id)
        store.lock(db.session.scalar(of) or 0)
    found = db.session.scalar(sa.select(Incident).where(Incident.id == incident_id))
    if found is None:
        raise errors.NotFound()
    return found


def passed(instance_id: int) -> str:
    """The elements that the case has left, separated by blanks."""
    query = sa.select(Event.element_id).where(
        Event.instance_id == instance_id, Event.kind == "left", Event.element_id.is_not(None)
    )
    return " ".join(sorted(set(db.session.scalars(query.distinct().limit(500)))))


@monitor.post("/incidents/<int:incident_id>/try")
def attempt(incident_id: int) -> str | tuple[str, int]:
    """A dry run of the chosen verb: done for real, looked at, rolled back."""
    found = _found(incident_id)
    verb = request.form.get("verb", "")
    try:
        act = _act(found, request.form.get("reason", "").strip() or _("试跑"))
    except errors.Invalid as refusal:
        return _incident_page(found, trial.Outcome(refusal.message), verb), 422
    outcome = trial.of(act, found.instance_id)
    db.session.rollback()
    return _incident_page(_found(incident_id), outcome, verb)


@monitor.post("/incidents/<int:incident_id>")
def act_on(incident_id: int) -> Response | tuple[str, int]:
    """The chosen verb is done; the page says what came of it."""
    found = _found(incident_id, hold=True)
    instance_id, verb = found.instance_id, request.form.get("verb", "")
    step = found.element_name or found.element_id or ""
    try:
        why = acts.reason()
        _act(found, why)()
        acts.note(verb, "incident", f"#{incident_id} {step}", why, instance_id=instance_id)
        db.session.commit()
    except errors.ShunliuError as refusal:
        db.session.rollback()
        page = _incident_page(_found(incident_id), trial.Outcome(refusal.message), verb)
        return page, 409 if isinstance(refusal, errors.Conflict) else 422
    flash(_("已处理。实例 #%(id)s 的历史里记下了您和理由。", id=instance_id))
    again = db.session.scalar(
        sa.select(Incident.id).where(Incident.instance_id == instance_id, Incident.state == "open")
    )
    if again is not None:
        return redirect(url_for("monitor.incident", incident_id=again))
    return redirect(url_for("monitor.all_incidents"))


def _act(found: Incident, why: str) -> Callable[[], object]:
    """What the pressed verb does. Raises Invalid for a verb or variables that make no sense,
    Conflict when the case has gone on since the variables were shown."""
    lines, _writers = variables(found)
    changed = typed.changes(lines)
    if changed:
        check_revision(found.instance)
    verb = request.form.get("verb", "")
    return acts.one(verb, found.instance_id, found.id, why, current_user.login, changed or None)


def check_revision(case: Any) -> None:
    """Raises Conflict when the case has gone on since the form was shown."""
    if request.form.get("revision", type=int) != case.revision:
        raise errors.Conflict(_("这个实例刚刚又走了一步，数据可能变了。请看过新的值再改。"))
