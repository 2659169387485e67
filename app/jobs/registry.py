"""Which function does which kind of job."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.jobs.models import Job

Work = Callable[[dict[str, Any], Job], float | None]
Failed = Callable[[dict[str, Any], Job, BaseException], None]
GaveUp = Callable[[dict[str, Any], Job, BaseException], bool | None]

SOON = 1.0  # second after which a chore goes on that has not come to its end
BATCH = 200  # rows that a chore deletes in one transaction: a few milliseconds
RETRIES = (60.0, 300.0, 1800.0)  # PT1M, PT5M, PT30M


class Permanent(Exception):
    """A job failed in a way that trying again cannot heal; `__cause__` may hold the reason."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of job is done. `every`: it comes again after so many seconds."""

    name: str
    work: Work
    retries: tuple[float, ...]
    gave_up: GaveUp | None
    every: float | None
    failed: Failed | None = None


kinds: dict[str, Kind] = {}
feeders: list[Callable[[], int]] = []


def job(
    kind: str,
    *,
    retries: tuple[float, ...] = RETRIES,
    gave_up: GaveUp | None = None,
    every: float | None = None,
    failed: Failed | None = None,
) -> Callable[[Work], Work]:
    """The decorated function does jobs of this kind, in the runner's transaction. One that comes
    again and again may say after how many seconds this time.

    Each attempt that failed is told to `failed`, in the transaction that counts it. `gave_up` is
    called there when the last one has failed; it says True when something else goes on in its place.
    Raises ValueError when another function has the kind.
    """

    def register(work: Work) -> Work:
        before = kinds.get(kind)
        if before is not None and before.work.__qualname__ != work.__qualname__:
            raise ValueError(f"job kind {kind} is done by {before.work.__module__} already")
        kinds[kind] = Kind(kind, work, retries, gave_up, every, failed)
        return work

    return register


def feeder(feed: Callable[[], int]) -> Callable[[], int]:
    """The decorated function is asked before each look at the table: it moves what is due
    elsewhere (timers) into the table and returns how many it moved."""
    if feed not in feeders:
        feeders.append(feed)
    return feed
