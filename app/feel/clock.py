"""What `now()` and `today()` answer. The platform gives its own clock once, at start."""

import datetime as dt
from collections.abc import Callable


def _real() -> dt.datetime:
    return dt.datetime.now().astimezone()


_now: Callable[[], dt.datetime] = _real


def use(clock: Callable[[], dt.datetime] | None) -> None:
    """`clock()` gives an aware moment, in the zone whose calendar day is today; None: the wall's."""
    global _now
    _now = clock or _real


def now() -> dt.datetime:
    return _now()
