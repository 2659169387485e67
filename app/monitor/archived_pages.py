"""Archived cases for administrators; what happened in one stands on its page in the archive."""

from flask import render_template, request

from app.accounts import people
from app.engine import definitions
from app.monitor import archived, incidents
from app.monitor.routes import monitor


@monitor.get("/archive")
def archived_cases() -> str:
    """Every archived case of the filter, a page of fifty."""
    ask = archived.read(request.args)
    page = archived.page(ask)
    return render_template(
        "monitor/archived.html", room="monitor", ask=ask, page=page,
        known={case.definition_id: definitions.known(case.definition_id) for case in page.cases},
        names=people.names(case.started_by for case in page.cases if case.started_by),
        processes=sorted(incidents.names_of([]).items()), looked_at=archived.LOOKED_AT,
    )  # fmt: skip
