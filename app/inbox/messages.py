"""What a person may tell a running case: the small form of a message, and sending it.

Whether this person may is asked of the diagram, each time anew; whoever may not is told that there
is nothing.
"""

import sqlalchemy as sa
from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.datastructures import MultiDict

from app import clock
from app.db import db, set_reading
from app.engine import definitions, drafts, sending
from app.engine.models import Instance
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, label
from app.inbox import forms, sight, story
from app.inbox.routes import inbox


@inbox.get("/instances/<int:instance_id>/messages/<int:token_id>")
@login_required
def message(instance_id: int, token_id: int) -> str:
    """The form of the message; without one, what will happen and a button."""
    return _page(_offer(instance_id, token_id))


@inbox.post("/instances/<int:instance_id>/messages/<int:token_id>")
@login_required
def send_message(instance_id: int, token_id: int) -> Response | tuple[str, int]:
    """The case has the message; or the form comes back with what is wrong."""
    offer = _offer(instance_id, token_id)
    try:
        given = _carried(offer)
        sending.send(offer, given, current_user)
        drafts.discard_message(instance_id, token_id)
        db.session.commit()
        set_reading(True)  # the answer needs no turn to write
    except Invalid as problem:
        db.session.rollback()
        wrong = problem.fields or {"": problem.message}
        return _page(_offer(instance_id, token_id), request.form, wrong), 422
    flash(_("已发出：%(name)s", name=label(offer.label)))
    return redirect(_back(offer), 303)


@inbox.post("/instances/<int:instance_id>/messages/<int:token_id>/draft")
@login_required
def message_draft(instance_id: int, token_id: int) -> Response:
    """Keeps what has been typed; answers with the form's fields as they stand now."""
    offer = _offer(instance_id, token_id)
    pairs = forms.pairs_of(request.form)
    kept = drafts.save_message(instance_id, token_id, current_user.login, pairs, clock.now())
    view = forms.drawn_in(forms.form_of(offer), offer, current_user, pairs)
    saved_at = kept.updated_at if kept else None
    html = render_template("form/refresh.html", tf={"view": view, "saved_at": saved_at})
    db.session.commit()
    return jsonify(html=html, saved=kept is not None)


@inbox.post("/instances/<int:instance_id>/messages/<int:token_id>/files")
@login_required
def message_file(instance_id: int, token_id: int) -> tuple[Response, int]:
    """Keeps one uploaded file with the case; answers with its line for the form."""
    offer = _offer(instance_id, token_id)
    given = request.files.get("file")
    if given is None:
        raise Invalid(_("没有收到文件。请重新选择后上传。"))
    row = forms.keep_file(offer, current_user, given)
    name = request.form.get("name", "")[:300]
    html = render_template("form/file.html", file=row.value(), name=name)
    db.session.commit()
    return jsonify(html=html, id=row.id), 201


def _carried(offer: sending.Offer) -> dict[str, object]:
    """The variables of the form; with one verb only, which was pressed says nothing."""
    if not offer.form_key:
        return {}
    given = forms.handed_in(offer, current_user, request.form, request.files)
    if len(forms.form_of(offer).buttons) == 1:
        given.pop("outcome", None)
    return given


def _offer(instance_id: int, token_id: int) -> sending.Offer:
    """Raises NotFound for those who may not send it, Conflict when the case has gone on."""
    found = sending.find(instance_id, token_id, current_user)
    if found is not None:
        return found
    case = db.session.scalar(sa.select(Instance).where(Instance.id == instance_id))
    if case is not None and sight.may_see_case(case, current_user):
        raise Conflict(_("实例现在不等这件事，或者不由您来发。请刷新后查看现在的进展。"))
    raise NotFound()


def _page(
    offer: sending.Offer,
    posted: MultiDict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> str:
    case = db.session.get_one(Instance, offer.instance_id)
    here = {"instance_id": offer.instance_id, "token_id": offer.token_id}
    tf = None
    if offer.form_key:
        draft = None if posted is not None else drafts.find_message(
            offer.instance_id, offer.token_id, current_user.login
        )  # fmt: skip
        pairs = forms.pairs_of(posted) if posted is not None else forms.kept(draft)
        view = forms.drawn_in(forms.form_of(offer), offer, current_user, pairs, problems)
        tf = forms.frame(
            view=view, locked=False, key=f"m{offer.token_id}:{current_user.login}",
            action=url_for("inbox.send_message", **here),
            draft_url=url_for("inbox.message_draft", **here),
            files_url=url_for("inbox.message_file", **here),
            saved_at=draft.updated_at if draft else None,
        )  # fmt: skip
    return render_template(
        "inbox/message.html", offer=offer, case=case, tf=tf, problems=problems or {},
        process=definitions.known(case.definition_id).name, lines=story.of(case)[-8:],
        back=_back(offer), may_open=sight.may_see_case(case, current_user),
    )  # fmt: skip


def _back(offer: sending.Offer) -> str:
    """The case for those who may open it, else the record that it is about."""
    case = db.session.get_one(Instance, offer.instance_id)
    if sight.may_see_case(case, current_user):
        return url_for("inbox.case", instance_id=case.id)
    entity = definitions.known(offer.definition_id).record_entity
    if entity and offer.number:
        return url_for("records.page", entity=entity, key=offer.number)
    return url_for("inbox.index")
