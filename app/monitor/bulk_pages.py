"""Work on many cases: begun from a list, tried on a few first, watched, stopped, continued."""

from dataclasses import dataclass

from flask import Response, redirect, render_template, request, url_for
from flask_login import current_user

from app import errors
from app.accounts import people
from app.db import db
from app.engine import definitions
from app.engine.models import Instance
from app.i18n import _
from app.monitor import acts, bulk, incidents, trial
from app.monitor.models import DONE, FAILED, WAITING
from app.monitor.routes import monitor

MOST_TRIED = 5


@dataclass
class Tried:
    """The dry run of one of the chosen."""

    case: Instance
    outcome: trial.Outcome


@monitor.post("/incidents/bulk")
def bulk_incidents() -> Response:
    """The verb is done to the chosen incidents, or to all of the filter, by jobs."""
    ask, why = incidents.read(request.form), acts.reason()
    ids = _ids()
    about = _("选中的故障") if ids is not None else _about(ask)
    chosen = incidents.chosen(ask, ids)
    made = bulk.begin(request.form.get("verb", ""), why, about, chosen, current_user.login)
    db.session.commit()
    return redirect(url_for("monitor.one_bulk", bulk_id=made.id))


def _ids() -> list[int] | None:
    """The ticked lines; None for everything that the filter finds."""
    if request.form.get("which") == "all":
        return None
    return [int(id) for id in request.form.getlist("id") if id.isdigit()][: incidents.PER_PAGE]


def _about(ask: incidents.Ask) -> str:
    name = incidents.names_of([ask.process]).get(ask.process, "") if ask.process else _("所有流程")
    group = next(iter(incidents.groups(ask)), None) if ask.like else None
    if group is not None:
        return f"{name} v{group.version} · {group.element_name or group.element_id or ''}"
    return _("%(name)s，符合条件的全部故障", name=name or ask.process)


@monitor.post("/incidents/bulk/try")
def try_bulk() -> str:
    """A dry run on the first few of the chosen, each rolled back before the next."""
    ask, verb = incidents.read(request.form), request.form.get("verb", "")
    query = incidents.chosen(ask, _ids()).order_by(None).order_by("incident_id").limit(MOST_TRIED)
    tried = []
    for instance_id, incident_id in db.session.execute(query).all():
        act = acts.one(verb, instance_id, incident_id, _("试跑"), current_user.login)
        outcome = trial.of(act, instance_id)
        db.session.rollback()  # the lock of one case is given back before the next is taken
        case = db.session.get(Instance, instance_id)
        if case is not None:
            tried.append(Tried(case, outcome))
    if not tried:
        raise errors.Invalid(_("一个也没有选。请先选择要处理的实例。"))
    total = incidents.total(ask) if _ids() is None else len(_ids() or [])
    return render_template(
        "monitor/bulk_try.html", room="monitor", tried=tried, verb=verb, ask=ask, total=total,
        name=acts.NAMES[verb], given=request.form, ids=_ids(),
        known={one.case.definition_id: definitions.known(one.case.definition_id) for one in tried},
    )  # fmt: skip


@monitor.get("/bulk")
def all_bulks() -> str:
    """The latest, newest first."""
    found = bulk.recent()
    return render_template(
        "monitor/bulks.html", room="monitor", bulks=found, verbs=acts.NAMES,
        names=people.names(one.by for one in found),
    )  # fmt: skip


@monitor.get("/bulk/<int:bulk_id>")
def one_bulk(bulk_id: int) -> str:
    """How far it is, and what came of each case."""
    return render_template("monitor/bulk.html", room="monitor", **_progress(bulk_id))


@monitor.get("/bulk/<int:bulk_id>/progress")
def bulk_progress(bulk_id: int) -> str:
    """The figures and lines alone, asked for every two seconds while it runs."""
    return render_template("monitor/bulk_progress.html", **_progress(bulk_id))


def _progress(bulk_id: int) -> dict[str, object]:
    found = bulk.found(bulk_id)
    state = request.args.get("state", "")
    state = state if state in (DONE, FAILED, WAITING) else FAILED if found.failed else DONE
    rows, more = bulk.items(bulk_id, state, request.args.get("after", 0, type=int))
    names = people.names([found.by])
    return {
        "bulk": found, "state": state, "rows": rows, "more": more, "name": acts.NAMES[found.verb],
        "still": bulk.stands_still(found), "by": names.get(found.by, found.by),
        "waiting": found.total - found.done - found.failed,
        "known": {row[1].definition_id: definitions.known(row[1].definition_id)
                  for row in rows if row[1] is not None},
    }  # fmt: skip


@monitor.post("/bulk/<int:bulk_id>/stop")
def stop_bulk(bulk_id: int) -> Response:
    """The rest is left as it is."""
    bulk.stop(bulk.found(bulk_id, hold=True), acts.reason())
    db.session.commit()
    return redirect(url_for("monitor.one_bulk", bulk_id=bulk_id))


@monitor.post("/bulk/<int:bulk_id>/continue")
def continue_bulk(bulk_id: int) -> Response:
    """The rest is done, and those that failed once more."""
    bulk.go_on(bulk.found(bulk_id, hold=True), acts.reason())
    db.session.commit()
    return redirect(url_for("monitor.one_bulk", bulk_id=bulk_id))
