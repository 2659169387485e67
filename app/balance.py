"""Browsers keep their connections, and whichever process took a connection answers all that comes
over it: by chance one process can have fifteen of sixteen people and the other be idle. A process
that has more connections than the one with the fewest ends one with its next answer; the browser
comes again by itself and is taken by whoever is free first.

The counts stand in memory that gunicorn's processes share. One that is wrong for a moment, or that
of a process that hangs, costs a few people a new connection, nothing else.
"""

import multiprocessing
from typing import Any

PLACES = 64  # processes at once; those beyond share places and are balanced less well
NOBODY = 1 << 30
_held = multiprocessing.RawArray("i", [NOBODY] * PLACES)


def weigh(worker: Any, request: Any) -> None:
    """The worker's count is known to all; the request's connection ends with the answer when another
    process has at least two connections fewer."""
    _held[worker.age % PLACES] = worker.nr_conns
    if worker.nr_conns > min(_held) + 1:
        request.force_close()


def forget(worker: Any) -> None:
    """The process is gone, nobody compares with it."""
    _held[worker.age % PLACES] = NOBODY
