"""Cases for administrators: the list, the page of one, its repair without an incident."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app import errors
from app.accounts import people
from app.db import db
from app.engine import archive, definitions, moves, repair, run, store
from app.engine.models import Definition, Instance
from app.i18n import _
from app.monitor import acts, bulk, cases, incident_pages, incidents, trial, typed
from app.monitor.routes import monitor

ACTED_ON = ("running", "stuck", "overdue", "suspended")  # lists that a bulk may be begun from


@monitor.get("/cases")
def all_cases() -> str:
    """Every case of the filter, a page of fifty."""
    ask = cases.read(request.args)
    return render_template("monitor/cases.html", room="monitor", **listing(ask))


def listing(ask: cases.Ask, of_process: bool = False) -> dict[str, Any]:
    """What the list of cases needs to be drawn, on a page of its own or of one process."""
    page = cases.page(ask)
    found = page.cases
    work = cases.work_of(found)
    logins = {case.started_by for case in found}
    logins |= {login for one in work.values() for login in one.assignees}
    return {
        "ask": ask,
        "narrowed": bool(ask.query(state="", **({"process": ""} if of_process else {}))),
        "total": cases.total(ask) if ask.state in ACTED_ON else 0,
        "cases": found,
        "page": page,
        "looked_at": cases.LOOKED_AT,
        "work": work,
        "known": {case.definition_id: definitions.known(case.definition_id) for case in found},
        "names": people.names(login for login in logins if login),
        "processes": sorted(incidents.names_of([]).items()),
        "versions": _versions(ask.process),
        "steps": _steps(ask),
        "ages": cases.AGES,
        "states": cases.STATES,
        "verbs": {verb: acts.NAMES[verb] for verb in acts.OF_CASES},
    }


def _versions(process_id: str) -> list[Any]:
    """(id, number) of the versions of the chosen process, newest first."""
    query = sa.select(Definition.id, Definition.version).where(Definition.process_id == process_id)
    return list(db.session.execute(query.order_by(Definition.version.desc())).all())


def _steps(ask: cases.Ask) -> list[tuple[str, str]]:
    """The steps to filter by: those of the newest version of the chosen process."""
    newest = definitions.newest(ask.process) if ask.process else None
    if newest is None:
        return []
    return [(id, name) for id, name in definitions.known(newest.id).names.items() if name]


@monitor.get("/cases/<int:instance_id>")
def one_case(instance_id: int) -> str | Response:
    """One case: where it stands, what it waits for, its values, its history, its family. An
    archived one is read on its page in the archive."""
    try:
        return _case_page(_case(instance_id))
    except errors.NotFound:
        if not archive.is_archived(instance_id):
            raise
        return redirect(url_for("inbox.archived_case", case_id=instance_id))


def _case(instance_id: int, *, hold: bool = False) -> Instance:
    """The case; with `hold` it is locked before anything of it is read."""
    if hold:
        store.lock(instance_id)
    found = db.session.scalar(sa.select(Instance).where(Instance.id == instance_id))
    if found is None:
        raise errors.NotFound()
    return found


def _case_page(case: Instance, outcome: trial.Outcome | None = None, verb: str = "") -> str:
    known = definitions.known(case.definition_id)
    values = run.variables(case.id)
    tasks = cases.tasks(case.id)
    kinds = request.args.get("history", "people")
    events, older = cases.history(case.id, request.args.get("before", None, type=int), kinds)
    logins = {case.started_by, *(task.assignee for task in tasks), *(one.by for one in events)}
    return render_template(
        "monitor/case.html",
        room="monitor",
        case=case,
        known=known,
        done=incident_pages.passed(case.id),
        standing=moves.standing(case.id),
        tasks=tasks,
        waits=cases.waiting(case.id),
        incidents=cases.incidents(case.id),
        family=cases.family(case),
        called=cases.called(case.id),
        rows=typed.typed(values, request.form),
        writers=incidents.written_by(case.id, list(values)),
        kinds=typed.KINDS,
        events=events,
        older=older,
        shown=kinds,
        names=people.names(login for login in logins if login),
        outcome=outcome,
        verb=verb,
        given=request.form,
    )


@monitor.post("/cases/<int:instance_id>/try")
def try_case(instance_id: int) -> str | tuple[str, int]:
    """A dry run of the chosen verb on a case."""
    case = _case(instance_id)
    verb = request.form.get("verb", "")
    try:
        act = _act(case, request.form.get("reason", "").strip() or _("试跑"))
    except errors.ShunliuError as refusal:
        return _case_page(case, trial.Outcome(refusal.message), verb), refusal.status
    outcome = trial.of(act, instance_id)
    db.session.rollback()
    return _case_page(_case(instance_id), outcome, verb)


@monitor.post("/cases/<int:instance_id>")
def act_on_case(instance_id: int) -> Response | tuple[str, int]:
    """The chosen verb is done to the case."""
    case, verb = _case(instance_id, hold=True), request.form.get("verb", "")
    try:
        why = acts.reason()
        _act(case, why)()
        acts.note(verb, "case", f"#{instance_id}", why, instance_id=instance_id)
        db.session.commit()
    except errors.ShunliuError as refusal:
        db.session.rollback()
        return _case_page(_case(instance_id), trial.Outcome(refusal.message), verb), refusal.status
    flash(_("已处理。实例 #%(id)s 的历史里记下了您和理由。", id=instance_id))
    return redirect(url_for("monitor.one_case", instance_id=instance_id))


def _act(case: Instance, why: str) -> Callable[[], object]:
    if request.form.get("verb") != "change":
        return acts.one(request.form.get("verb", ""), case.id, None, why, current_user.login)
    changed = typed.changes(typed.typed(run.variables(case.id), request.form))
    if not changed:
        raise errors.Invalid(_("没有改动任何变量。"))
    incident_pages.check_revision(case)
    by = current_user.login
    return lambda: repair.change(case.id, changed, reason=why, by=by)


# moving a token


@monitor.get("/cases/<int:instance_id>/move")
def choose_move(instance_id: int) -> str:
    """The token and its drawing: where it may go, and why not elsewhere."""
    return _move_page(_case(instance_id))


def _move_page(case: Instance, outcome: trial.Outcome | None = None) -> str:
    standing = moves.standing(case.id)
    wanted = request.values.get("token", type=int)
    movable = [one for one in standing if one.why is None]
    chosen = next((one for one in standing if one.token_id == wanted), None)
    chosen = chosen or (movable[0] if movable else None)
    targets = moves.targets(case.id, chosen.token_id) if chosen else []
    return render_template(
        "monitor/move.html",
        room="monitor",
        case=case,
        known=definitions.known(case.definition_id),
        standing=standing,
        chosen=chosen,
        targets=targets,
        target=request.values.get("target", ""),
        done=incident_pages.passed(case.id),
        reason=request.form.get("reason", ""),
        outcome=outcome,
    )


def _move(instance_id: int, why: str) -> tuple[Callable[[], object], tuple[str, ...]]:
    token = request.form.get("token", -1, type=int)
    target = request.form.get("target", "")
    if not target:
        raise errors.Invalid(_("请先选择移到哪一步。"))
    found = moves.targets(instance_id, token)
    odd = next((one.warnings for one in found if one.element_id == target), ())
    by = current_user.login
    return lambda: moves.move(instance_id, token, target, reason=why, by=by), odd


@monitor.post("/cases/<int:instance_id>/move/try")
def try_move(instance_id: int) -> str | tuple[str, int]:
    """What the move would do; nothing of it stays."""
    try:
        act, odd = _move(instance_id, _("试跑"))
    except errors.ShunliuError as refusal:
        return _move_page(_case(instance_id), trial.Outcome(refusal.message)), refusal.status
    outcome = trial.of(act, instance_id, odd)
    db.session.rollback()
    return _move_page(_case(instance_id), outcome)


@monitor.post("/cases/<int:instance_id>/move")
def move(instance_id: int) -> Response | tuple[str, int]:
    """The token is at the other step."""
    _case(instance_id, hold=True)
    try:
        why = acts.reason()
        act, _odd = _move(instance_id, why)
        act()
        acts.note("move", "case", f"#{instance_id}", why, instance_id=instance_id,
                  data={"token": request.form.get("token"), "to": request.form.get("target")})  # fmt: skip
        db.session.commit()
    except errors.ShunliuError as refusal:
        db.session.rollback()
        return _move_page(_case(instance_id), trial.Outcome(refusal.message)), refusal.status
    flash(_("已移动。实例 #%(id)s 的历史里记下了您和理由。", id=instance_id))
    return redirect(url_for("monitor.one_case", instance_id=instance_id))


# many cases


@monitor.post("/cases/bulk")
def bulk_cases() -> Response:
    """The verb is done to the chosen cases, or to all of the filter, by jobs."""
    ask, why = cases.read(request.form), acts.reason()
    ids = None
    if request.form.get("which") != "all":
        ids = [int(id) for id in request.form.getlist("id") if id.isdigit()][: cases.PER_PAGE]
    about = _about(ask) if ids is None else _("选中的实例")
    verb = request.form.get("verb", "")
    if verb not in acts.OF_CASES:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    made = bulk.begin(verb, why, about, cases.chosen(ask, ids), current_user.login)
    db.session.commit()
    return redirect(url_for("monitor.one_bulk", bulk_id=made.id))


def _about(ask: cases.Ask) -> str:
    name = incidents.names_of([ask.process]).get(ask.process, "") if ask.process else _("所有流程")
    return _("%(name)s，符合条件的全部实例", name=name or ask.process)
