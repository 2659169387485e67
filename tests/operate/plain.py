"""A small application behind the product's threads: what closing a connection does is seen alone.

`/` answers at once; `/slow` says in the folder that it has begun and answers when `go` lies there;
`/big` answers more than a connection holds while nobody reads.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from app import lingering

FOLDER, PATIENT = "PLAIN_FOLDER", "PLAIN_PATIENT"
BIG = 16 << 20  # bytes
FOR_EVER = 3600.0  # seconds

# nothing of what is tested depends on how fast this machine is
lingering.SECONDS = FOR_EVER
if os.environ.get(PATIENT):
    lingering.LAST = FOR_EVER


def app(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
    """The WSGI application."""
    path, body = environ["PATH_INFO"], b"well"
    if path == "/slow":
        folder = Path(os.environ[FOLDER])
        (folder / "begun").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
    if path == "/big":
        body = bytes(BIG)
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
