"""Who does a job, for the lock column, and whether the process of that name is gone."""

import functools
import os
import socket
import threading
from pathlib import Path

SENT = "sent:"  # names of those who claim jobs for others to do begin like this
_BOOT, _NUMBERS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


def name() -> str:
    """This thread: its machine, process and number, and where that process can be looked for."""
    return f"{_host()}:{os.getpid()}:{threading.get_ident()}@{_place()}"


def where(worker: str) -> tuple[str, str]:
    """The machine and the number of the process of a worker with this name."""
    host, _colon, number = worker.partition("@")[0].rpartition(":")[0].rpartition(":")
    return host, number


def is_dead(worker: str) -> bool:
    """Is the worker's process gone for sure? One of another machine, or of another boot or
    container of this one, says nothing, nor does one that only sent the job to others."""
    host, number = where(worker)
    place = worker.partition("@")[2]
    here = bool(place) and (host, place) == (_host(), _place())
    return here and not worker.startswith(SENT) and number.isdecimal() and _gone(int(number))


def _gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _host() -> str:
    return socket.gethostname()[-30:]


@functools.cache
def _place() -> str:
    """The boot of this machine, and which numbering of processes is meant; empty: nobody knows."""
    try:
        return f"{_BOOT.read_text().strip()[:8]}.{_NUMBERS.stat().st_ino}"
    except OSError:
        return ""
