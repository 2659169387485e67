"""A Redis server for tests, on a free port of this machine, keeping nothing."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import ports
from tests.postgres import NotInstalled

SECONDS = 20  # so long it may take to answer


@dataclass
class Server:
    """A server that listens on 127.0.0.1 only."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """It answers. What it held before is gone."""
        words = ["--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self.folder / "log").open("ab") as log:
            command = [self.program, *map(str, words), "--dir", str(self.folder)]
            # a session of its own: Ctrl+C reaches the tests first, which then stop it
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        if not self._answers():
            raise RuntimeError(f"redis-server: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """It is down, as after a crash."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(self._address, 1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            time.sleep(0.05)
        return False

    @property
    def _address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A running server, gone afterwards. Raises NotInstalled."""
    program = shutil.which("redis-server")
    if program is None:
        raise NotInstalled("Redis is not installed: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="redis") as name:
        running = Server(program, Path(name), ports.free())
        running.start()
        try:
            yield running
        finally:
            running.stop()
