"""One process for administrators: where its cases stand, its versions, stopping and going on."""

from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user

from app import clock, errors
from app.db import db
from app.engine import definitions, repair
from app.i18n import _, label
from app.monitor import acts, bulk, case_pages, cases, incidents, processes
from app.monitor.routes import monitor
from app.show import span

HEATS = ("count", "wait", "overdue")
LEVELS = 5


@monitor.get("/processes/<process_id>")
def one_process(process_id: str) -> str:
    """The drawing with where the cases stand, the list of them, versions, durations."""
    flow = processes.one(process_id)
    ask = cases.read(request.args, process_id)
    version = _version(flow, ask.version)
    return render_template(
        "monitor/process.html",
        room="monitor",
        flow=flow,
        drawn=version,
        heat=_heat(),
        groups=incidents.groups(incidents.Ask(process=process_id)),
        durations=processes.durations(process_id),
        **case_pages.listing(ask, of_process=True),
    )


def _version(flow: processes.Flow, id: int | None) -> processes.Version:
    return next((one for one in flow.versions if one.id == id), flow.versions[0])


def _heat() -> str:
    return request.args.get("heat", "") if request.args.get("heat") in HEATS else "count"


@monitor.get("/processes/<process_id>/heat")
def heat(process_id: str) -> Response:
    """Marks and notes for the drawing: how many stand at each element, how long, how late."""
    flow = processes.one(process_id)
    version = _version(flow, request.args.get("version", None, type=int))
    chosen = request.args.get("version", None, type=int)
    ids = [version.id] if chosen else [one.id for one in flow.versions]
    found = processes.heat(ids, process_id)
    return jsonify(_drawn(found, _heat(), version.id))


def _drawn(found: dict[str, processes.Step], what: str, definition_id: int) -> dict[str, Any]:
    now = clock.now()

    def weight(step: processes.Step) -> float:
        if what == "wait":
            return (now - step.oldest).total_seconds() if step.oldest else 0
        if what == "overdue":
            return step.overdue / step.count if step.count else 0
        return step.count

    most = max((weight(step) for step in found.values()), default=0)
    marks, notes, said = [], [], []
    names = definitions.known(definition_id).names
    for element, step in found.items():
        share = weight(step) / most if most else 0
        if share and not step.stuck:
            marks.append([element, f"h-{max(1, min(LEVELS, round(share * LEVELS)))}"])
        if step.stuck:
            marks.append([element, "x-bad"])
            notes.append([element, "over", _("%(n)s 故障", n=step.stuck)])
        elif step.count:
            notes.append([element, "over" if step.overdue else "", _note(step, now)])
        if step.count or step.stuck:
            said.append(f"{label(names.get(element)) or element} {step.count}")
    return {"marks": marks, "notes": notes, "label": _("、").join(said)}


def _note(step: processes.Step, now: Any) -> str:
    if step.overdue:
        return _("%(n)s · %(late)s 逾期", n=step.count, late=step.overdue)
    if step.oldest is not None:
        return _("%(n)s · 最久 %(time)s", n=step.count, time=span(now - step.oldest))
    return str(step.count)


@monitor.post("/processes/<process_id>/versions/<int:definition_id>")
def act_on_version(process_id: str, definition_id: int) -> Response:
    """A version is suspended or resumed: beginning at once, its cases by jobs."""
    flow, why = processes.one(process_id), acts.reason()
    version = next((one for one in flow.versions if one.id == definition_id), None)
    verb = request.form.get("verb", "")
    if version is None:
        raise errors.NotFound()
    if verb not in ("suspend", "resume"):
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    repair.set_suspended(definition_id, verb == "suspend")
    about = f"{flow.name} v{version.version}"
    acts.note(verb, "definition", about, why, data={"cases": bool(request.form.get("cases"))})
    ask = cases.Ask(state="active" if verb == "suspend" else "suspended", version=definition_id)
    made = None
    if request.form.get("cases") and cases.total(ask):
        made = bulk.begin(verb, why, about, cases.chosen(ask), current_user.login)
    db.session.commit()
    flash(_("已停用：不能再发起。") if verb == "suspend" else _("已恢复：可以发起了。"))
    if made is not None:
        return redirect(url_for("monitor.one_bulk", bulk_id=made.id))
    return redirect(url_for("monitor.one_process", process_id=process_id))
