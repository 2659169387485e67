"""Two real worker processes of one runner over one database, and who asks them for work."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db
from app.jobs import queue, runner
from app.jobs.models import Job
from tests.jobs.kinds import deeds

ROOT = Path(__file__).resolve().parents[2]
LOCK = 2  # seconds
CELERY = [
    sys.executable, "-m", "celery", "-A", "app.jobs.worker", "worker", "-I", "tests.jobs.kinds",
    "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "WARNING", "-B",
]  # fmt: skip


class House:
    """A database with workers; `app` is a web process of it that only asks."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.given = settings | {"job_lock_seconds": LOCK, "job_poll_seconds": 1}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.app: Flask = create_app(self.given)
        with self.app.app_context():
            deeds.create(db.engine)

    def open(self, count: int = 2) -> None:
        """So many workers run, also when some have died."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        environ = os.environ | {
            f"SHUNLIU_{name.upper()}": str(value) for name, value in self.given.items()
        }
        while len(self.workers) < count:
            command = [sys.executable, "-m", "tests.jobs.machine"]
            if self.given["job_runner"] == "celery":
                command = [*CELERY, "-n", f"{time.time_ns()}@%h"]
            with (self.folder / "log").open("ab") as log:
                self.workers.append(
                    subprocess.Popen(
                        command,
                        cwd=ROOT,
                        env=environ,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        if self.given["job_runner"] == "celery":
            runner.ensure_started(self.app)  # what is asked for is said to the workers at once
        self._greet(count)

    def _greet(self, count: int) -> None:
        """Each of the workers has done something."""
        name = f"hello {time.time_ns()}"

        def answered() -> bool:
            assert all(worker.poll() is None for worker in self.workers), self.log()
            for _n in range(2 * count):
                self.ask("proof.once", name=name)
            time.sleep(1)
            return len({process for process, _at in self.begun(name)}) >= count

        self.wait(answered)

    def reopen(self) -> None:
        """All workers are new ones."""
        self._kill()
        self.open(len(self.workers))

    def close(self) -> None:
        """Every process is gone."""
        self._kill()
        runner.stop(self.app)
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def _kill(self) -> None:
        for worker in self.workers:
            try:
                os.killpg(worker.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            finally:
                worker.wait()

    @contextmanager
    def data(self) -> Iterator[None]:
        """The database, as one request sees it."""
        with self.app.app_context():
            try:
                yield
            finally:
                db.session.remove()

    def ask(self, kind: str, **payload: Any) -> None:
        """A job is in the table."""
        with self.data():
            queue.enqueue(kind, payload)
            db.session.commit()

    def done(self, like: str) -> list[str]:
        """The deeds with such names, in their order."""
        with self.data():
            query = sa.select(deeds.c.name).where(deeds.c.name.like(like)).order_by(deeds.c.id)
            return list(db.session.scalars(query))

    def begun(self, name: str) -> list[tuple[int, float]]:
        """(process, time) of each beginning of a deed, whether it was finished or not."""
        path = self.folder / "begun"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line.rsplit(" ", 2) for line in lines]
        return [(int(pid), float(at)) for deed, pid, at in found if deed == name]

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """The rows of a kind."""
        with self.data():
            rows = db.session.execute(sa.select(Job.__table__).where(Job.kind == kind))
            return [dict(row) for row in rows.mappings()]

    def wait(self, true: Callable[[], Any], seconds: float = 120) -> Any:
        """What `true` says as soon as it is something; fails with the workers' log.

        Of the time between two questions a second counts at most: a machine that stood still for
        minutes let the workers do nothing either.
        """
        left, at = seconds, time.monotonic()
        while left > 0:
            found = true()
            if found:
                return found
            time.sleep(0.05)
            left, at = left - min(time.monotonic() - at, 1), time.monotonic()
        raise AssertionError(f"not within {seconds} s\n{self.log()}")

    def log(self) -> str:
        """The end of what the workers said."""
        return (self.folder / "log").read_text()[-4000:]
