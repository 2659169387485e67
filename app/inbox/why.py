"""Why did it go this way: the decision table as the case met it, rule by rule."""

import functools

from flask import render_template
from flask_login import current_user, login_required

from app import errors, show
from app.accounts.models import Group
from app.db import db
from app.engine import definitions
from app.engine.models import Event, Instance
from app.i18n import language
from app.inbox import sight
from app.inbox.routes import inbox


@inbox.get("/decisions/<int:event_id>")
@login_required
def why(event_id: int) -> str:
    """The table with the rules that hit and those that did not, for whoever sees the case."""
    event = db.session.get(Event, event_id)
    case = db.session.get(Instance, event.instance_id) if event else None
    if event is None or event.kind != "decided" or case is None or not event.data:
        raise errors.NotFound()
    if not sight.may_see_case(case, current_user):
        raise errors.NotFound()
    asked = event.data
    decision = definitions.table(asked["decision"], "version", str(asked["version"]))
    if decision is None:
        raise errors.NotFound()
    trace = decision.trace(asked["inputs"])
    names = dict(db.session.execute(db.select(Group.id, Group.name)).all())
    return render_template(
        "inbox/why.html",
        room="inbox",
        case=case,
        event=event,
        version=asked["version"],
        trace=trace,
        said=functools.partial(show.rule, names=names),
        fact=functools.partial(show.fact, names=names),
        reason=trace.why if language() == "zh" else trace.why_en,
    )
