"""The time. Every workspace has its own clock; the company's shows real time.

The engine takes the time as an argument; rooms and jobs ask here.
"""

import datetime as dt
import functools
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app

from app import workspace

STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while a machine sleeps
_BOOT = Path("/proc/sys/kernel/random/boot_id")
TOLERANCE = 1.0  # seconds; two readings a moment apart differ by less
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


def passed() -> float:
    """Seconds by a clock of this machine that nobody can set; only differences say something."""
    return time.monotonic()


def stop_at(moment: dt.datetime | None, workspace_id: int = workspace.COMPANY) -> None:
    """The clock of a workspace stands still at `moment`; None lets it go on. For tests."""
    if moment is None:
        _fixed.pop(workspace_id, None)
    else:
        _fixed[workspace_id] = moment


@functools.cache
def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else "unknown"


def reading() -> str:
    """How this machine counts time: its boot, and the moment of that boot by the wall clock. It
    stays the same until somebody sets the clock.

    Kept beside a due time that was counted from now, it lets the time that has really passed count
    (`set_since`).
    """
    return f"{_boot()}@{time.time() - time.clock_gettime(STEADY):.3f}"


def set_since(counted: str | None, until: str | None = None) -> dt.timedelta:
    """By how much this machine's clock has been set between that reading and now, or `until`.

    Zero for no reading, and for one of another boot or machine: what passed in between only the
    wall clock can say.
    """
    boot, _at, moment = (counted or "").partition("@")
    there, _at, later = (until or reading()).partition("@")
    if not moment or boot != there or boot == "unknown":
        return dt.timedelta()
    seconds = float(later) - float(moment)
    return dt.timedelta(seconds=seconds if abs(seconds) > TOLERANCE else 0)
