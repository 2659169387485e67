"""A PostgreSQL server for tests, in a folder of its own.

`python -m tests.postgres COMMAND…` is short for `python -m tests.servers postgres -- COMMAND…`.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USER = "shunliu"
MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # so much free memory makes a folder there worth while: each test copies a database
# a server whose data nobody needs after a crash of the machine
FLEETING = (
    "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal"
    " -c max_wal_senders=0 -c autovacuum=off"
)


class NotInstalled(Exception):
    """The server's programs are not on this machine; the text is the remedy."""


@dataclass(frozen=True)
class Server:
    """A server that listens on a socket in `folder` only."""

    tools: Path
    folder: Path
    options: str

    @property
    def url(self) -> str:
        """An SQLAlchemy URL; `{name}` in it stands for the database."""
        return f"postgresql+psycopg://{USER}@/{{name}}?host={self.folder}"

    def make(self) -> None:
        """The folder holds an empty cluster."""
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-sync")  # fmt: skip

    def start(self) -> None:
        """It accepts connections."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=80 {self.options}"
        self._run("pg_ctl", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """It is down; `immediate` is as a crash, `fast` lets it write what it has."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def _run(self, tool: str, *words: object) -> None:
        result = subprocess.run(
            as_server(self.tools / tool, "-D", self.folder / "data", *words),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            text=True,
        )
        if result.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{tool}: {result.stderr}{log.read_text() if log.exists() else ''}")


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[Server]:
    """A running server, gone with its folder afterwards.

    `durable` lets it write to the disk as in earnest; without it the server is made for speed.
    Raises NotInstalled.
    """
    tools, account = binaries(), _account()
    with tempfile.TemporaryDirectory(
        prefix="pg", dir=None if durable else _fast_place(), ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        if account is not None:
            shutil.chown(folder, account)
            folder.chmod(0o755)
        running = Server(tools, folder, "" if durable else FLEETING)
        running.make()
        running.start()
        try:
            yield running
        finally:
            with contextlib.suppress(RuntimeError):  # a test may have stopped it
                running.stop()


def binaries() -> Path:
    """The folder with initdb and pg_ctl, which Debian keeps off the PATH. Raises NotInstalled."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise NotInstalled("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path or "").resolve().parent


def as_server(*command: object) -> list[str]:
    """The command as the account that may run PostgreSQL."""
    account, words = _account(), [str(word) for word in command]
    return words if account is None else ["runuser", "-u", account, "--", *words]


def _account() -> str | None:
    """Who runs it instead of root, which PostgreSQL refuses; Debian's package brings an account."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _fast_place() -> Path | None:
    """Memory where there is enough, else the ordinary place for temporary files."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if roomy and os.access(MEMORY, os.W_OK | os.X_OK) else None


if __name__ == "__main__":
    from tests import servers

    sys.exit(servers.main(["postgres", "--", *sys.argv[1:]]))
