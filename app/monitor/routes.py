"""/monitor: only administrators come in; every verb needs a reason and leaves an audit line."""

from flask import Blueprint, render_template, request
from flask_login import current_user, login_required

from app import errors, show
from app.accounts import people
from app.jobs import queue
from app.monitor import acts, incidents, processes, words

monitor = Blueprint("monitor", __name__, url_prefix="/monitor")


@monitor.before_request
@login_required
def _only_admins() -> None:
    """To everybody else the monitor does not exist."""
    if not current_user.is_admin:
        raise errors.NotFound()


@monitor.context_processor
def _words() -> dict[str, object]:
    return {
        "kind_name": words.element, "event_name": words.event, "trouble": words.trouble,
        "bar": show.bar,
    }  # fmt: skip


@monitor.get("")
def index() -> str:
    """How every flow runs, what is stuck, how the machine work stands."""
    return render_template(
        "monitor/index.html",
        room="monitor",
        flows=processes.flows(),
        groups=incidents.groups(incidents.Ask()),
        background=processes.background(),
        lag=queue.lag_seconds(),
    )


@monitor.get("/log")
def log() -> str:
    """What administrators did, newest first."""
    before = request.args.get("before", None, type=int)
    by, verb = request.args.get("by", "")[:40], request.args.get("verb", "")
    verb = verb if verb in acts.NAMES else ""
    found = acts.log(before, by, verb, most=51)
    return render_template(
        "monitor/log.html",
        room="monitor",
        acts=found[:50],
        more=len(found) > 50,
        verbs=acts.NAMES,
        by=by,
        verb=verb,
        names=people.names(act.by for act in found),
    )


def back_to(default: str) -> str:
    """Where the form came from, if that is in the monitor; else `default`."""
    there = request.form.get("back", "")
    return there if there.startswith("/monitor") and "\\" not in there else default
