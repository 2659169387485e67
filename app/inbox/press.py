"""One verb of a task pressed from another page (a card is moved): the same rules as on its own
page, the answer as data or as a way back.

What the person had typed into the task before is handed in with it. When something is missing,
all of it is the task's draft and the task's page is where to go on.
"""

from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Response, flash, jsonify, redirect, request, url_for
from flask_login import current_user, login_required
from werkzeug.datastructures import MultiDict

from app import clock, web
from app.db import db
from app.engine import drafts
from app.engine.models import UserTask
from app.errors import Conflict, Invalid
from app.i18n import _, label
from app.inbox import acts, forms, sight
from app.inbox.routes import inbox

REFUSES = "problems"  # the variable in which flows say why a step came back


@inbox.post("/tasks/<int:task_id>/press")
@login_required
def press(task_id: int) -> Response:
    """The verb was done, came back with a reason, or needs the form: said in `result`.

    `{"result": "done" | "refused" | "form", "text": …, "url": …}`.
    """
    task = sight.task_to_act_on(task_id, current_user)
    if task.state != "open":
        raise Conflict(acts.finished_text(task))
    pairs = _with_draft(task, list(request.form.items(multi=True)))
    name, case, element = task.name, task.instance_id, task.element_id
    try:
        forms.submit_task(task, current_user, MultiDict(pairs))
        db.session.commit()
    except Invalid as problem:
        db.session.rollback()
        return _to_the_form(task_id, pairs, problem)
    again = _again(case, element)
    reason = forms.context_of(again).get(REFUSES) if again is not None else None
    if reason:
        url = url_for("inbox.task", task_id=again.id) if again is not None else ""
        return _answer("refused", str(reason), url)
    return _answer("done", _("已办：%(name)s", name=label(name)), "")


def _with_draft(task: UserTask, posted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    draft = drafts.find(task.id, current_user.login)
    given = {name for name, _text in posted}
    kept = [(name, text) for name, text in draft.data if name not in given] if draft else []
    return kept + [(name, text) for name, text in posted if name != "next"]


def _to_the_form(task_id: int, pairs: list[tuple[str, str]], problem: Invalid) -> Response:
    drafts.save(task_id, current_user.login, forms.pairs_of(pairs), clock.now())
    db.session.commit()
    first = next(iter(problem.fields.values()), problem.message)
    text = _("这一步还要填写内容：%(what)s", what=first)
    return _answer("form", text, url_for("inbox.task", task_id=task_id))


def _again(case: int, element: str) -> UserTask | None:
    """The same step of the case, open again for the person."""
    query = sa.select(UserTask).where(
        UserTask.instance_id == case, UserTask.element_id == element, UserTask.state == "open",
        UserTask.assignee == current_user.login,
    )  # fmt: skip
    return db.session.scalar(query.order_by(UserTask.id.desc()).limit(1))


def _answer(result: str, text: str, url: str) -> Response:
    if web.wants_json():
        if result == "form":
            flash(text)  # the form is the next page that the person sees
        return jsonify(result=result, text=text, url=url)
    flash(text)
    if result == "form":
        return redirect(url, 303)  # type: ignore[return-value]
    return redirect(_back(), 303)  # type: ignore[return-value]


def _back() -> str:
    """The page of this server that the verb was pressed on."""
    wanted = urlsplit(request.form.get("next", ""))
    if wanted.scheme or wanted.netloc or not wanted.path.startswith("/records/"):
        return url_for("inbox.index")
    return wanted.path + (f"?{wanted.query}" if wanted.query else "")
