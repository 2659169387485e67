"""A RabbitMQ server for tests: ports, node and folder of its own, keeping nothing.

Debian's package brings the account that it runs as when root asks. Erlang's port mapper (epmd) is
started here, too, so that none is left behind.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import ports
from tests.postgres import NotInstalled

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's; the one in sbin is for systemd
ACCOUNT = "rabbitmq"
SECONDS = 120  # so long it may take to answer
CONFIG = """listeners.tcp.1 = 127.0.0.1:{port}
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.absolute = 1GB
"""


@dataclass
class Server:
    """A server that listens on 127.0.0.1 only."""

    folder: Path
    port: int
    mapper_port: int
    node_port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL of its only virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """It answers. After `stop` it knows what it knew."""
        (self.folder / "rabbitmq.conf").write_text(CONFIG.format(port=self.port))
        (self.folder / "plugins").write_text("[].")
        self._run("epmd", "-address", "127.0.0.1", "-port", str(self.mapper_port))
        self._run(str(PROGRAM))
        if not self._answers():
            self.stop()
            raise RuntimeError(f"rabbitmq-server: {(self.folder / 'log').read_text()[-4000:]}")

    def stop(self) -> None:
        """It is down, as after a crash."""
        while self.processes:
            process = self.processes.pop()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _run(self, *command: str) -> None:
        given = {
            "HOME": self.folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": self.mapper_port, "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_DIST_PORT": self.node_port,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "RABBITMQ_MNESIA_BASE": self.folder / "data",
            "RABBITMQ_LOG_BASE": self.folder, "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": self.folder / "pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "+sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    _as_server(*command),
                    cwd=self.folder,
                    env={name: str(value) for name, value in given.items()},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl+C reaches the tests first
                )
            )

    def _answers(self) -> bool:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and all(one.poll() is None for one in self.processes):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 5) as line,
            ):
                line.sendall(b"AMQP\x00\x00\x09\x01")
                if line.recv(1) == b"\x01":  # it begins to speak AMQP
                    return True
            time.sleep(0.1)
        return False


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A running server, gone with its folder afterwards. Raises NotInstalled."""
    if not PROGRAM.exists() or shutil.which("epmd") is None:
        raise NotInstalled("RabbitMQ is not installed: apt-get install rabbitmq-server")
    with tempfile.TemporaryDirectory(prefix="rabbitmq", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, ACCOUNT)
            folder.chmod(0o755)
        running = Server(folder, *(ports.free() for _n in range(3)))
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _as_server(*command: str) -> list[str]:
    """The command as the account that owns the folder."""
    return ["runuser", "-u", ACCOUNT, "--", *command] if os.getuid() == 0 else [*command]
