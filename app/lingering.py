"""Connections that this side has ended and the other has not.

Who closes a connection while the other side still sends makes its own kernel refuse what comes, and
the other's throw away the answer that was not read yet (RFC 9112 section 9.6). So this side only
says that nothing more comes, takes what the other sends unread, and closes when the other has
closed, or after some time. Nobody waits for that: many linger at once, without a thread.
"""

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass

SECONDS = 5.0  # so long one lingers
LAST = 1.0  # seconds, when the process is about to end
MOST = 256  # linger at once; one more, and the one that has lingered longest is closed
UNREAD = 32 << 20  # bytes that are taken unread: more than the largest request
AT_ONCE = 1 << 16  # bytes


@dataclass(slots=True)
class _Stay:
    ends: float
    left: int


class Lingering:
    """The connections of one process that linger. For one thread, like its selector."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._stays: dict[socket.socket, _Stay] = {}  # the longest first

    def __len__(self) -> int:
        return len(self._stays)

    def fileno(self) -> int:
        """Can be read from when `heed` has something to do."""
        return self._selector.fileno()

    def take(self, connection: socket.socket) -> None:
        """The other side reads that nothing more comes; the connection is closed when it may be."""
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            self._selector.register(connection, selectors.EVENT_READ)
        except (OSError, ValueError):  # it is closed, or was never whole
            connection.close()
            return
        self._stays[connection] = _Stay(time.monotonic() + SECONDS, UNREAD)
        if len(self._stays) > MOST:
            self._close(next(iter(self._stays)))

    def heed(self, _file: object = None, *, wait: float = 0.0) -> None:
        """What the other sides have sent is taken, who has closed is let go."""
        for key, _events in self._selector.select(wait):
            connection = key.fileobj
            stay = self._stays[connection]
            taken = _take(connection)
            stay.left -= taken or 0
            if taken == 0 or stay.left < 0:
                self._close(connection)

    def expire(self) -> None:
        """Those who have lingered long enough are closed."""
        now = time.monotonic()
        while self._stays:
            connection, stay = next(iter(self._stays.items()))
            if stay.ends > now:
                return
            self._close(connection)

    def finish(self) -> None:
        """None lingers any more: each has closed, or it was waited for them for a last moment."""
        ends = time.monotonic() + LAST
        while self._stays and (wait := ends - time.monotonic()) > 0:
            self.heed(wait=wait)
        while self._stays:
            self._close(next(iter(self._stays)))
        self._selector.close()

    def _close(self, connection: socket.socket) -> None:
        del self._stays[connection]
        self._selector.unregister(connection)
        _take(connection)  # what lies there unread would make the kernel refuse it
        with contextlib.suppress(OSError):
            connection.close()


def _take(connection: socket.socket) -> int | None:
    """So many bytes were taken; 0: the other side has ended; None: there is nothing yet."""
    try:
        return len(connection.recv(AT_ONCE))
    except BlockingIOError:
        return None
    except OSError:
        return 0
