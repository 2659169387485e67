"""The time. Every workspace has its own clock; the company's shows real time.

The engine takes the time as an argument; rooms and jobs ask here.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from flask import current_app

from app import workspace

_fixed: dict[int, dt.datetime] = {}


def now() -> dt.datetime:
    """The present moment of the current workspace, aware, in UTC."""
    here = workspace.current()
    return _fixed.get(here) or real_now() + workspace.clock_offset(here)


def zone() -> ZoneInfo:
    """The zone of the company: days and times of day in timers are meant there."""
    return ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])


def real_now() -> dt.datetime:
    """The moment on the wall, for sessions, locks and logs."""
    return dt.datetime.now(dt.UTC)


def stop_at(moment: dt.datetime | None, workspace_id: int = workspace.COMPANY) -> None:
    """The clock of a workspace stands still at `moment`; None lets it go on. For tests."""
    if moment is None:
        _fixed.pop(workspace_id, None)
    else:
        _fixed[workspace_id] = moment
