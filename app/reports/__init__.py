"""Reports: each from one query over the records, with a chart, a table and an export."""

from flask import Flask, url_for

from app import shell, viewer
from app.accounts.models import User
from app.reports import routes
from app.reports.catalogue import REPORTS


def init_app(app: Flask) -> None:
    """The pages under /reports answer; Ctrl K finds reports."""
    app.register_blueprint(routes.pages)
    shell.offer(_commands)


def _commands(person: User, words: str) -> list[shell.Command]:
    """The reports whose name or number fits the words, at most five."""
    if len(words) < 2:
        return []
    looks = viewer.of(person)
    found = []
    for report in REPORTS.values():
        named = f"{report.id} {report.name}".casefold()
        if words.casefold() in named and report.open_to(looks):
            area, code = report.id.split("/")
            url = url_for("reports.report", area=area, code=code)
            found.append(shell.Command(str(report.name), url, icon="chart-bar", hint=report.id))
    return found[:5]
