"""Who writes to a SQLite file takes turns here first.

SQLite lets a writer that has to wait sleep for up to a tenth of a second between two looks, so that
sixteen people who click at once wait for one another's sleep. In front of its lock stands a queue:
a lock among the threads of this process, then a lock file among the processes, looked at every
half millisecond. Whoever gets no turn within the patience asks SQLite itself, as before; the gate
makes waiting short, SQLite's own lock keeps the data right.
"""

import fcntl
import os
import threading
import time
from typing import Any

import sqlalchemy as sa

PATIENCE = 15.0  # seconds; SQLite's own patience begins then
LOOK = 0.0005  # seconds between two looks at the lock file
HELD = "shunliu.gate"


class Gate:
    """The queue in front of one database file, as this process sees it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.threads = threading.Lock()
        self.file: int | None = None

    def enter(self, connection: sa.Connection) -> None:
        """It is this connection's turn, until `leave`; or its patience is at an end."""
        info = connection.connection.info
        if info.get(HELD) or not self.threads.acquire(timeout=PATIENCE):
            return
        info[HELD] = True
        if self.file is None:
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(LOOK)

    def leave(self, _raw: Any, record: Any) -> None:
        """The transaction is over: the next one may."""
        if record.info.pop(HELD, False):
            if self.file is not None:
                fcntl.flock(self.file, fcntl.LOCK_UN)
            self.threads.release()


def before(engine: sa.Engine, path: str) -> Gate:
    """The gate of this engine; connections leave it when they go back to the pool."""
    gate = Gate(f"{path}.turn")
    sa.event.listen(engine, "checkin", gate.leave)
    return gate
