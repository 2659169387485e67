"""Every night the records are held against their rules; administrators hear what does not agree."""

import datetime as dt
import logging
from typing import Any

from app import clock, workspace
from app import db as database
from app.accounts import people
from app.i18n import _
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.registry import job
from app.notify import notices
from app.records import audit

HOUR = 2  # in the company's zone, when hardly anybody works
NAMED = 5  # breaches that the notice names; the command names all
log = logging.getLogger(__name__)


@job("records.check", every=dt.timedelta(hours=1).total_seconds())
def check(_payload: dict[str, Any], _job: Job) -> None:
    """Between two and three at night: every invariant in every workspace. Who works at that hour
    goes on writing meanwhile."""
    found: dict[int, list[audit.Breach]] = {}
    with database.reading():
        for workspace_id in queue.clocks():
            with workspace.use(workspace_id):
                if clock.now().astimezone(clock.zone()).hour == HOUR:
                    found[workspace_id] = audit.check_all()
        database.commit_kept()
    for workspace_id, breaches in found.items():
        with workspace.use(workspace_id):
            _tell(breaches)


def _tell(breaches: list[audit.Breach]) -> None:
    for one in breaches:
        log.error(
            "records disagree: rule %s, %s %s: %s", one.rule, one.entity, one.number, one.text
        )
    if not breaches:
        return
    first = "；".join(f"{one.rule} {one.number}" for one in breaches[:NAMED])
    text = _(
        "夜间核对发现 %(count)s 处单据不一致：%(first)s。用 flask check-records 查看全部。",
        count=len(breaches), first=first,
    )  # fmt: skip
    for login in people.holders("admin"):
        notices.tell(login, text)
