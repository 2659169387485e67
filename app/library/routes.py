"""/processes: the map, the areas, the flows, and starting a case."""

import secrets

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import current_user, login_required

from app import errors, viewer
from app.accounts.models import Group
from app.db import db, set_reading
from app.engine import once, run
from app.engine.published import Definition
from app.engine.work import UserTask
from app.i18n import _
from app.library import areas, drawing, figures, outline, places, steps

pages = Blueprint("library", __name__, url_prefix="/processes")


@pages.before_request
@login_required
def _only_people() -> None:
    """Whoever may log in may look at the map; cases are shown as numbers only."""


def _folder() -> str:
    return current_app.config["SETTINGS"].processes_path


def _newest(number: str) -> Definition:
    definition = db.session.scalar(
        sa.select(Definition).where(
            Definition.is_newest, Definition.process_id == areas.process_of(number)
        )
    )
    if definition is None:
        raise errors.NotFound(_("流程 %(number)s 还没有发布。", number=number))
    return definition


@pages.get("")
def index() -> str:
    """The map of all areas."""
    deployed = figures.newest_definitions()
    counts = figures.by_process()
    can_start = {id for id, found in deployed.items() if figures.may_start(current_user, found)}
    shown = request.args.get("f", "all")
    return render_template(
        "library/index.html",
        room="library",
        areas=areas.all_areas(_folder()),
        deployed=deployed,
        counts=counts,
        can_start=can_start,
        shown=shown if shown in ("all", "start", "stuck") else "all",
        process_of=areas.process_of,
        others=[
            found
            for id, found in sorted(deployed.items())
            if not any(
                areas.process_of(flow.id) == id
                for area in areas.all_areas(_folder())
                for flow in area.flows
            )
        ],
        flow_number=areas.flow_number,
    )


@pages.get("/area/<area_id>")
def area(area_id: str) -> str:
    """Overview, scope, objectives and policies of one area."""
    found = areas.find(_folder(), area_id)
    if found is None:
        raise errors.NotFound()
    deployed, decisions = figures.newest_definitions(), figures.decision_names()
    return render_template(
        "library/area.html",
        room="library",
        area=found,
        deployed=deployed,
        counts=figures.by_process(),
        finished=figures.finished(areas.process_of(flow.id) for flow in found.flows),
        lately=figures.LATELY.days,
        process_of=areas.process_of,
        place=lambda text: places.place(text, area_id, deployed, decisions),
    )


@pages.get("/<number>")
def flow(number: str) -> str:
    """One flow: diagram, steps, forms, tables, how many run."""
    definition = _newest(number)
    found = steps.of_definition(definition.id)
    chosen = found.get(request.args.get("step", ""))
    area_id = "-".join(number.split("-")[:2])
    versions = db.session.scalars(
        sa.select(Definition)
        .where(Definition.process_id == definition.process_id)
        .order_by(Definition.version.desc())
        .limit(20)
    ).all()
    groups, shown = group_names(), outline.shown_forms(found)
    roles, outside = outline.roles(found, groups), viewer.here().is_outside
    return render_template(
        "library/flow.html",
        room="library",
        roles=roles,
        holders={} if outside else outline.holders(roles),
        forms=shown,
        documents=outline.documents(definition, shown),
        kind_of_record=lambda name: places.kind_of_record(name, linked=not outside),
        number=number,
        definition=definition,
        versions=versions,
        steps=found,
        chosen=chosen or next((s for s in found.values() if s.form), None),
        area=areas.find(_folder(), area_id),
        figures=figures.by_process(definition.process_id).get(
            definition.process_id, figures.Figures()
        ),
        finished=figures.finished([definition.process_id]).get(definition.process_id, 0),
        lately=figures.LATELY.days,
        may_start=figures.may_start(current_user, definition),
        start_key=secrets.token_urlsafe(),
        groups=groups,
        lasting=places.lasting,
        names=figures.names(),
        flow_number=areas.flow_number,
    )


@pages.get("/<number>/steps/<element_id>")
def step(number: str, element_id: str) -> str:
    """The panel about one step, when somebody clicks on it."""
    chosen = steps.of_definition(_newest(number).id).get(element_id)
    if chosen is None:
        raise errors.NotFound()
    return render_template(
        "library/step.html", chosen=chosen, number=number, groups=group_names(),
        lasting=places.lasting, names=figures.names(), flow_number=areas.flow_number,
    )  # fmt: skip


@pages.get("/definitions/<int:definition_id>/diagram.bpmn")
def diagram(definition_id: int) -> Response:
    """The file with its labels in the reader's language, for the viewer.

    Versions never change, and the viewer names the language in the address: kept for ever.
    """
    definition = db.session.get(Definition, definition_id)
    if definition is None:
        raise errors.NotFound()
    file = definition.file
    drawn = drawing.translated(file.content, file.name)
    response = Response(drawn, mimetype="application/xml")
    response.headers["Content-Disposition"] = "attachment; filename=diagram.bpmn"
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@pages.post("/<number>/start")
def start(number: str) -> Response:
    """A new case has begun; the person sees the first task if it is theirs, else the case. Asked
    again with the same key, the person sees the case that has begun before."""
    definition = _newest(number)
    if not figures.may_start(current_user, definition):
        raise errors.NotAllowed(_("您不能发起这个流程。如果工作需要，请联系流程负责人。"))
    key, new = _key(), True
    if key is None:
        case = run.start(definition.process_id, {}, by=current_user.login).id
    else:
        case, new = once.start(definition.process_id, key, by=current_user.login)
    db.session.commit()
    set_reading(True)  # the answer needs no turn to write
    if not new:
        flash(_("这个实例刚才已经发起，没有再发起一个。"))
    return redirect(_first_page(case))


def _key() -> str | None:
    """What tells a repeated request from a new one: a program's header, a page's hidden field."""
    return request.headers.get("Idempotency-Key", request.form.get("start_key"))


def _first_page(case: int) -> str:
    task = db.session.scalar(
        sa.select(UserTask)
        .where(
            UserTask.instance_id == case,
            UserTask.state == "open",
            UserTask.assignee == current_user.login,
        )
        .order_by(UserTask.id)
    )
    if task is not None:
        return url_for("inbox.task", task_id=task.id)
    return url_for("inbox.case", instance_id=case)


def group_names() -> dict[str, str]:
    """{role: its name}."""
    return dict(db.session.execute(sa.select(Group.id, Group.name)).all())
