"""When a failed job is tried again: `failedJobRetryTimeCycle` as seconds."""

import re
from functools import cache

from app.engine import schedule
from app.jobs.registry import RETRIES

_CYCLE = re.compile(r"R(\d+)/(P.+)")
MOST = 100


@cache
def plan(text: str | None) -> tuple[float, ...]:
    """Seconds before each further attempt. `R3/PT5M` is three attempts, `PT1M,PT5M` one more
    than it names; nothing, or a text that says neither, is PT1M, PT5M, PT30M."""
    if not text:
        return RETRIES
    found = _CYCLE.fullmatch(text.strip())
    try:
        if found:
            return (_seconds(found[2]),) * min(int(found[1]) - 1, MOST)
        return tuple(_seconds(part.strip()) for part in text.split(","))[:MOST]
    except ValueError:
        return RETRIES


def _seconds(text: str) -> float:
    return schedule.duration(text).rest.total_seconds()
