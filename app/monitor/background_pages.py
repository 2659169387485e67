"""Machine work that gave up and messages that have not left: lists, again, give up."""

from flask import Response, flash, redirect, render_template, request, url_for

from app import errors
from app.db import db
from app.i18n import _
from app.jobs import queue
from app.monitor import acts, background, processes
from app.monitor.routes import back_to, monitor
from app.notify import outbox
from app.notify.models import FAILED


@monitor.get("/background")
def all_background() -> str:
    """Failed jobs and the outbox."""
    what = "messages" if request.args.get("what") == "messages" else "jobs"
    before = request.args.get("before", None, type=int)
    state = request.args.get("state", "")
    if what == "jobs":
        state = state if state in background.JOB_STATES else "failed"
        found, more = background.jobs(state, before, request.args.get("kind", "")[:60])
    else:
        state = state if state in background.OUT_STATES else FAILED
        found, more = background.messages(state, before)
    return render_template(
        "monitor/background.html",
        room="monitor",
        what=what,
        state=state,
        found=found,
        more=more,
        job_counts=background.job_counts(),
        message_counts=background.message_counts(),
        kinds=background.KINDS,
        case_of=queue.case_of,
        is_periodic=background.is_periodic,
        figures=processes.background(),
        lag=queue.lag_seconds(),
        unset=[one for one in (outbox.MAIL, outbox.SMS) if not outbox.configured(one)],
    )


@monitor.post("/jobs/<int:job_id>")
def act_on_job(job_id: int) -> Response:
    """A failed job is tried again, or given up."""
    return _acted(job_id, {"retry": background.retry_job, "drop": background.drop_job})


@monitor.post("/messages/<int:message_id>")
def act_on_message(message_id: int) -> Response:
    """A message is tried again, or given up."""
    return _acted(
        message_id, {"retry": background.send_again, "drop": background.drop_message}, "messages"
    )


def _acted(id: int, known: dict, what: str = "jobs") -> Response:
    verb = request.form.get("verb", "")
    if verb not in known:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    known[verb](id, acts.reason())
    db.session.commit()
    flash(_("已安排重试。") if verb == "retry" else _("已放弃，操作记录里留有理由。"))
    return redirect(back_to(url_for("monitor.all_background", what=what)))
