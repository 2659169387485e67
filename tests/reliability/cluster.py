"""A PostgreSQL server of an experiment's own, which it may stop and start."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests import postgres

QUIET = {"check": True, "stdout": subprocess.DEVNULL}


class Cluster:
    """A server in a temporary folder, listening on a socket there; it has one database."""

    def __init__(self) -> None:
        self.tools = postgres.binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.folder.chmod(0o777)
        self.data = self.folder / "data"
        init = postgres.as_server(
            self.tools / "initdb", "-D", self.data, "-U", postgres.USER, "-A", "trust",
            "-E", "UTF8", "--locale=C.UTF-8",
        )  # fmt: skip
        subprocess.run(init, cwd=self.folder, **QUIET)
        self.start()
        self.url = f"postgresql+psycopg://{postgres.USER}@/postgres?host={self.folder}"

    def start(self) -> None:
        """It answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=80"
        self._control("-o", options, "-t", "120", "start")

    def stop(self, mode: str = "fast") -> None:
        """It is gone: `fast` ends every connection, `immediate` is as good as a crash."""
        self._control("-m", mode, "stop")

    def restart(self, mode: str, away: float = 0.0) -> None:
        """It is gone for a moment, and back."""
        self.stop(mode)
        time.sleep(away)
        self.start()

    def remove(self) -> None:
        """It is gone for good, with its data."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *words: str) -> None:
        log = self.folder / "log"
        command = [self.tools / "pg_ctl", "-D", self.data, "-w", "-l", log, *words]
        subprocess.run(postgres.as_server(*command), cwd=self.folder, **QUIET)
