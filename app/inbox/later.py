"""The verb of a task that is put off."""

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user, login_required

from app import show
from app.db import db
from app.i18n import _, label
from app.inbox import postpone
from app.inbox.routes import inbox


@inbox.post("/tasks/<int:task_id>/later")
@login_required
def put_off(task_id: int) -> Response:
    """The task waits out of sight until the morning of that day; without a day it is here again.

    One that nobody has becomes the person's own, so that nobody else waits for it in vain.
    """
    until = postpone.day_of(request.form.get("until", ""))
    found = postpone.defer_now(task_id, until, current_user)
    db.session.commit()
    undo = url_for("inbox.put_off", task_id=task_id)
    if until is None:
        flash(_("“%(name)s”又回到待办了。", name=label(found.name)))
    else:
        flash(
            _("“%(name)s”到 %(day)s再提醒您。", name=label(found.name), day=show.day(until)), undo
        )
    here = request.form.get("next") == "inbox" or until is not None
    return redirect(url_for("inbox.index") if here else url_for("inbox.task", task_id=task_id), 303)  # type: ignore[return-value]
