"""Ports that nobody else takes while these tests run.

A port that the kernel picked may become the near end of anybody's next connection as soon as it is
free for a moment, while a server is killed and started again. These lie below the kernel's range,
and a lock on a file keeps each for this process.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

FIRST, LAST = 20_000, 32_000
_kept: dict[int, IO[str]] = {}


def free() -> int:
    """A port of 127.0.0.1 that is this process's until it ends."""
    folder = Path(tempfile.gettempdir()) / f"shunliu-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(range(FIRST, LAST), 1000):
        if port in _kept:
            continue
        file = open(folder / str(port), "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            file.close()
        else:
            _kept[port] = file
            return port
    raise RuntimeError(f"no port between {FIRST} and {LAST} is free")
