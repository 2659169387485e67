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
    try:
        return read(text) if text else RETRIES
    except ValueError:
        return RETRIES  # published before such a text was refused


def read(text: str) -> tuple[float, ...]:
    """As `plan`; ValueError for a text that says neither. A wait has no months, whose length
    nobody knows, and is longer than nothing."""
    found = _CYCLE.fullmatch(text.strip())
    if found:
        return (_seconds(found[2]),) * min(int(found[1]) - 1, MOST)
    return tuple(_seconds(part) for part in text.split(","))[:MOST]


def _seconds(text: str) -> float:
    wait = schedule.duration(text)
    if wait.months or wait.rest.total_seconds() <= 0:
        raise ValueError(f"'{text}' is no wait before another attempt")
    return wait.rest.total_seconds()
