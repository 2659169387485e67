"""Who writes to a SQLite file takes turns here first.

SQLite lets a writer that has to wait sleep for up to a tenth of a second between two looks, so that
sixteen people who click at once wait for one another's sleep. In front of its lock stands a queue:
a lock among the threads of this process, then two lock files among the processes. Whoever waits
for the turn holds the place next to it, so that a process that has just had the turn comes after
one that was waiting. Whoever is done rings a bell for the processes that were forked from the same
one; those who wait look at the files at every ring, and every millisecond besides.

Whoever gets no turn within the patience asks SQLite itself, as before; the gate makes waiting short
and fair, SQLite's own lock keeps the data right. A process that dies leaves its files unlocked.
"""

import contextlib
import fcntl
import os
import select
import threading
import time
import weakref
from typing import Any

import sqlalchemy as sa

PATIENCE = 15.0  # seconds; SQLite's own patience begins then
LOOK = 1  # milliseconds between two looks at a lock file when no bell rings
HELD = "shunliu.gate"


class Gate:
    """The queue in front of one database file, as this process sees it."""

    def __init__(self, path: str) -> None:
        self.path = path
        # a process that is forked has the same one
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.kept = [self.bell]
        weakref.finalize(self, _close, self.kept)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nobody in this process has or wants the turn; a new process has files of its own."""
        self.threads = threading.Lock()
        self.files: tuple[int, int] | None = None  # the turn, the place next to it

    def enter(self, connection: sa.Connection) -> None:
        """It is this connection's turn, until `leave`; or its patience is at an end."""
        info = connection.connection.info
        if info.get(HELD) is self.threads or not self.threads.acquire(timeout=PATIENCE):
            return
        try:
            turn, place = self._opened()
        except OSError:  # no room for a file, or too many are open: nobody waits because of that
            self.threads.release()
            return
        info[HELD] = self.threads
        until = time.monotonic() + PATIENCE
        if self._wait(place, until):
            self._wait(turn, until)
            fcntl.flock(place, fcntl.LOCK_UN)

    def leave(self, _raw: Any, record: Any) -> None:
        """The transaction is over: the next one may."""
        if record.info.pop(HELD, None) is self.threads:  # what the parent had is not the child's
            fcntl.flock(self._opened()[0], fcntl.LOCK_UN)
            self.threads.release()
            os.eventfd_write(self.bell, 1)

    def _wait(self, file: int, until: float) -> bool:
        """Is the file locked for this process, at that moment at the latest?"""
        ear = select.poll()
        ear.register(self.bell, select.POLLIN)
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                if ear.poll(LOOK):
                    with contextlib.suppress(BlockingIOError):  # another was faster to hear it
                        os.eventfd_read(self.bell)
            else:
                return True

    def _opened(self) -> tuple[int, int]:
        if self.files is None:
            turn = _open(self.path)
            try:
                self.files = turn, _open(f"{self.path}.next")
            except OSError:
                os.close(turn)
                raise
            self.kept += self.files
        return self.files

    def leave_to_parent(self) -> None:
        """This process is a new one: what was open belongs to the one that it was forked from.

        Were it kept open here, the parent's lock would outlive the parent.
        """
        _close(self.kept[1:])
        del self.kept[1:]
        self.begin_anew()


def _close(files: list[int]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            os.close(file)


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


_gates: weakref.WeakKeyDictionary[sa.Engine, Gate] = weakref.WeakKeyDictionary()


def before(engine: sa.Engine, path: str) -> Gate:
    """The gate before this engine's file; connections leave it when they go back to the pool."""
    _gates[engine] = gate = Gate(f"{path}.turn")
    sa.event.listen(engine, "checkin", gate.leave)
    return gate


def enter(connection: sa.Connection) -> None:
    """It is this connection's turn to write, see `Gate.enter`; at once where no gate stands."""
    gate = _gates.get(connection.engine)
    if gate is not None:
        gate.enter(connection)


def _after_fork() -> None:
    # a lock on a file that was opened before would be the parent's and the child's at once
    for gate in list(_gates.values()):
        gate.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)
