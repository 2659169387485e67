"""A company of its own for an experiment: a database, a server, workers, all of which may die.

The server is gunicorn with two processes, the worker a process of `flask jobs run`; both run
`tests.reliability.serving:serve()`.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from app import metrics
from tests import ports, postgres

ROOT = Path(__file__).resolve().parents[2]
FLOWS = Path(__file__).parent / "flows"
SECRET = "reliability"
START_LIMIT = 60.0  # seconds after which a server is thought to be dead
Process = subprocess.Popen[bytes]


class Start(NamedTuple):
    """A start of the server: seconds until it answered; how many of them it, or who asked it, only
    waited for a processor that somebody else on this machine had; how many it used one."""

    took: float
    starved: float
    worked: float

    @property
    def alone(self) -> float:
        """About so long it takes where nobody else has the processors."""
        return max(self.took - self.starved, self.worked)


class Ground:
    """Where an experiment takes place. `folder` holds the instance and what the judge needs."""

    def __init__(self, cluster: postgres.Server | None, instance: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reliability"))
        self.instance = instance or self.folder / "instance"
        self.instance.mkdir(exist_ok=True)
        self.cluster = cluster
        self.file = self.instance / "shunliu.sqlite"
        self.url = cluster.url.format(name="postgres") if cluster else f"sqlite:///{self.file}"
        self.effects = self.folder / "effects"
        self.address = f"127.0.0.1:{ports.free()}"
        self.environ: dict[str, str] = {}  # more for every process, e.g. another clock
        self.server: Process | None = None
        self.workers: list[Process] = []
        self.starts: list[Start] = []
        self._engine: sa.Engine | None = None

    # the database

    def prepare(self, files: Mapping[str, bytes]) -> None:
        """The schema, the demo people and these flows are there."""
        from tests.reliability import prepare

        prepare.everything(self.settings(), files)

    def ask(self, statement: str, **values: Any) -> list[Any]:
        """Rows, as somebody else than the product reads them."""
        if self._engine is None:
            self._engine = sa.create_engine(self.url)
        with self._engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values))

    def settings(self) -> dict[str, str]:
        """The product's settings, lower case."""
        return {
            "instance_path": str(self.instance), "secret_key": SECRET, "log_level": "WARNING",
            "database_url": self.url if self.cluster else "",
        }  # fmt: skip

    # the processes

    def start(self) -> None:
        """The server answers /healthz, the worker has been started."""
        self.start_worker()
        self.start_server()

    def start_server(self) -> None:
        """The server answers /healthz."""
        begin, waited = time.monotonic(), _spent("thread-self")[1]
        self.server = self._run("gunicorn", "-c", "python:app.server", "--log-level=error",
                                "tests.reliability.serving:serve()")  # fmt: skip
        while not self.healthy():
            if time.monotonic() - begin > START_LIMIT or self.server.poll() is not None:
                raise RuntimeError(f"the server does not answer; see {self.folder}/log")
            time.sleep(0.02)
        worked, starved = self._spent()
        starved += _spent("thread-self")[1] - waited
        self.starts.append(Start(time.monotonic() - begin, starved, worked))

    def _spent(self) -> tuple[float, float]:
        """How long the server, then its quickest process, used a processor and waited for one."""
        if self.server is None:
            return 0.0, 0.0
        master = _spent(self.server.pid)
        children = [_spent_by_threads(pid) for pid in _children(self.server.pid)]
        child = min(children, key=sum, default=(0.0, 0.0))
        return master[0] + child[0], master[1] + child[1]

    def start_worker(self) -> None:
        """One more worker runs."""
        self.workers.append(
            self._run("flask", "--app", "tests.reliability.serving:serve", "jobs", "run")
        )

    def environment(self) -> dict[str, str]:
        """What every process of the product is told."""
        settings = self.settings() | {
            "bind": self.address, "workers": "2", "job_poll_seconds": "1",
            "job_lock_seconds": "15",  # how long the job of a worker that died waits
        }  # fmt: skip
        told = {f"SHUNLIU_{name.upper()}": value for name, value in settings.items() if value}
        return told | {"RELIABILITY_EFFECTS": str(self.effects)} | self.environ

    def _run(self, *command: str) -> Process:
        environ = os.environ | self.environment()
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def healthy(self) -> bool:
        """Does /healthz say that work can be done?"""
        try:
            with urllib.request.urlopen(f"http://{self.address}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill_everything(self) -> None:
        """The server with all its processes and the workers are gone at once."""
        for process in [self.server, *self.workers]:
            _kill(process)
        self.server, self.workers = None, []

    def kill_worker(self) -> None:
        """The workers are gone at once."""
        for process in self.workers:
            _kill(process)
        self.workers = []

    def kill_child(self, chance: random.Random) -> None:
        """One process of the server is gone; gunicorn starts another."""
        if self.server is not None:
            children = _children(self.server.pid)
            if children:
                os.kill(chance.choice(children), signal.SIGKILL)

    def log(self) -> str:
        """What the server and the workers said."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def clear(self) -> None:
        """Nothing is left of it."""
        self.kill_everything()
        if self._engine is not None:
            self._engine.dispose()
        shutil.rmtree(metrics.folder_of(str(self.instance)), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _spent(pid: int | str) -> tuple[float, float]:
    """Seconds that a process or thread had a processor, and was ready to run while others had."""
    try:
        words = Path(f"/proc/{pid}/schedstat").read_text().split()
    except FileNotFoundError:
        return 0.0, 0.0
    return int(words[0]) / 1e9, int(words[1]) / 1e9


def _spent_by_threads(pid: int) -> tuple[float, float]:
    with contextlib.suppress(FileNotFoundError):
        each = [_spent(f"{pid}/task/{one.name}") for one in Path(f"/proc/{pid}/task").iterdir()]
        return sum(one[0] for one in each), sum(one[1] for one in each)
    return 0.0, 0.0


def _kill(process: Process | None) -> None:
    if process is not None:
        # the whole group: gunicorn's children, too
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextlib.contextmanager
def ground(database: str = "sqlite", instance: Path | None = None) -> Iterator[Ground]:
    """A ground that is cleared in the end."""
    with contextlib.ExitStack() as held:
        postgresql = database == "postgres"
        cluster = held.enter_context(postgres.server(durable=True)) if postgresql else None
        made = Ground(cluster, instance)
        held.callback(made.clear)
        yield made


def flow(name: str, **replaced: object) -> dict[str, bytes]:
    """A file of `flows` with some words replaced, and the form that every flow shows."""
    text = (FLOWS / f"{name}.bpmn").read_text()
    for word, value in replaced.items():
        text = text.replace(word, str(value))
    form = FLOWS / "reliability_note.form"
    return {f"{name}.bpmn": text.encode(), form.name: form.read_bytes()}
