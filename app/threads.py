"""The threads of a server's process: one leads, the others wait.

Python runs one thread at a time. Threads that take turns at short requests keep each other waiting,
and most of all the one that has SQLite's turn to write, for which everybody waits; to hand a
request from the thread that heard it to one that answers it costs as much as a tenth of it. So the
thread that leads listens and answers what it hears by itself, one request after the other. Only
when one takes longer than short ones ever do, another thread takes the lead; a report of some
seconds is in nobody's way.
"""

import logging
import threading
import time
from collections.abc import Callable

SHORT = 0.1  # seconds
REST = 1.0  # seconds without a task, after which nobody watches
log = logging.getLogger(__name__)


class Lead:
    """Which thread leads. `listen` is one round of the leader: it waits, or does something."""

    def __init__(self, listen: Callable[[], None], rouse: Callable[[], None]) -> None:
        self._listen, self._rouse = listen, rouse
        self._lock = threading.Lock()
        self._vacant = threading.Condition(self._lock)
        self._leader: int | None = None
        self._waiting = 0
        self._since: float | None = None  # when the leader's task began
        self._last, self._unwatched = 0.0, False
        self._ended = False

    def begin(self, most: int) -> None:
        """So many threads are there; one of them leads."""
        for _number in range(most):
            threading.Thread(target=self._work, daemon=True).start()

    def end(self) -> None:
        """Nobody leads any more once what is being done is done."""
        with self._lock:
            self._ended = True
            self._vacant.notify_all()

    def task_begins(self) -> None:
        """The leader is at something that may take long."""
        self._since = time.monotonic()
        if self._unwatched:
            self._rouse()

    def task_ends(self) -> bool:
        """The thread's task is done. Does it still lead?"""
        with self._lock:
            if self._leader != threading.get_ident():
                return False
            self._since = None
            return True

    def watch(self) -> float:
        """Another thread leads if the leader's task takes long. The seconds after which to look
        again; infinite when `rouse` will tell."""
        now, since = time.monotonic(), self._since
        if since is None:
            if now - self._last < REST:
                return SHORT
            self._unwatched = True
            if self._since is None:
                return float("inf")
        self._unwatched, self._last = False, now
        if since is None or now - since < SHORT:
            return SHORT if since is None else since + SHORT - now
        self._vacate(since)
        return SHORT

    def _vacate(self, since: float) -> None:
        with self._lock:
            if self._since == since and self._waiting:
                self._leader = self._since = None
                self._vacant.notify()

    def _work(self) -> None:
        me = threading.get_ident()
        while self._takes(me):
            while self._leader == me and not self._ended:
                try:
                    self._listen()
                except Exception:
                    log.exception("a round of the server's leading thread failed")

    def _takes(self, me: int) -> bool:
        """Does this thread lead now? False at the end."""
        with self._lock:
            self._waiting += 1
            while self._leader not in (None, me) and not self._ended:
                self._vacant.wait()
            self._waiting -= 1
            self._leader = me
            return not self._ended
