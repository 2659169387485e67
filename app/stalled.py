"""Clients that keep a thread busy with nothing: one has said half of what it asks, another takes
nothing of its answer. After some time their connection is ended under the thread, which goes on as
when the client had ended it. What is being done for a request is never broken off.
"""

import contextlib
import select
import socket
import time
from collections.abc import Hashable
from dataclasses import dataclass

PATIENCE = 60.0  # seconds without a byte
LAST = 2.0  # seconds, when the process is about to end
EVERY = 0.25  # seconds
_TAKEN = slice(120, 128)  # tcpi_bytes_acked in Linux's struct tcp_info


@dataclass(slots=True)
class _Visit:
    connection: socket.socket
    since: float  # when something last happened
    asked: bool = False  # it has read all of the request's head
    taken: bytes = b""


class Visits:
    """The connections that are with the threads of one process."""

    def __init__(self) -> None:
        self._visits: dict[Hashable, _Visit] = {}
        self._next = 0.0

    def begin(self, visitor: Hashable, connection: socket.socket) -> None:
        """A thread is at it; said by that thread, like `ask` and `leave`."""
        self._visits[visitor] = _Visit(connection, time.monotonic())

    def ask(self, visitor: Hashable) -> None:
        """Its request is being answered."""
        self._visits[visitor].asked = True

    def leave(self, visitor: Hashable) -> None:
        """No thread has it any more."""
        self._visits.pop(visitor, None)

    def look(self, *, ending: bool) -> None:
        """Those who keep a thread for too long have been ended."""
        now = time.monotonic()
        if not self._visits or now < self._next:
            return
        self._next = now + EVERY
        patience = min(LAST, PATIENCE) if ending else PATIENCE
        for visit in list(self._visits.values()):  # threads come and go meanwhile
            if _waits(visit, now) and now - visit.since >= patience:
                with contextlib.suppress(OSError):  # it has ended by itself
                    visit.connection.shutdown(socket.SHUT_RDWR)


def _waits(visit: _Visit, now: float) -> bool:
    """Is nothing done for it but waiting for its client?"""
    if not visit.asked:
        return True
    try:
        taken = visit.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TAKEN.stop)[
            _TAKEN
        ]
        full = not _takes_more(visit.connection)
    except (OSError, ValueError):  # it is closed, or a proxy's on this machine
        return False
    if not full or taken != visit.taken:
        visit.since, visit.taken = now, taken
    return full


def _takes_more(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(0))
