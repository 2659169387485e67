"""The shared conformance runner's view of the platform: a database of its own for every case.

`Engine` keeps live cases in memory between steps; `ColdEngine` forgets them before each, so that
every step starts from the rows.
"""

import atexit
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import clock, create_app
from app.db import db
from app.engine import definitions, deploy, memory, models, run, schedule, timers, waits
from app.engine.run import NobodyWaits
from app.errors import Refused
from app.jobs import queue

BEGIN = dt.datetime(2026, 1, 1, 8, 0, 30, tzinfo=dt.UTC)
_folder = Path(tempfile.mkdtemp(prefix="conformance-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)


def _app(path: Path) -> Flask:
    return create_app(
        {
            "instance_path": str(_folder),
            "database_url": f"sqlite:///{path}",
            "job_runner": "inline",
            "secret_key": "test",
            "log_level": "ERROR",
        }
    )


def _template() -> Path:
    """A database with every table; each case has a copy."""
    path = _folder / "template.sqlite"
    app = _app(path)
    with app.app_context():
        db.create_all()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return path


# made before the first case is timed
TEMPLATE = _template()


class Engine:
    """A fresh, empty platform."""

    cold = False
    _count = 0

    def __init__(self) -> None:
        Engine._count += 1
        path = _folder / f"case-{Engine._count}.sqlite"
        shutil.copy(TEMPLATE, path)
        self.app = _app(path)
        clock.stop_at(BEGIN)

    def _do(self, act: Callable[[], Any]) -> Any:
        """One request: its own session, committed at the end or rolled back."""
        with self.app.app_context():
            try:
                if self.cold:
                    memory.here().cases.clear()
                made = act()
                db.session.commit()
                return made
            except BaseException:
                db.session.rollback()
                raise
            finally:
                db.session.remove()

    def deploy(self, paths: list[str]) -> None:
        files = [(Path(path).name, Path(path).read_bytes()) for path in paths]
        self._do(lambda: deploy.deploy(files, by=None, lenient=True))

    def start(
        self, process_id: str, data: dict[str, Any], message: str | None, signal: str | None
    ) -> int:
        def act() -> int:
            if message:
                return run.correlate(message, None, data)
            if signal:
                if not run.broadcast(signal, data):
                    raise NobodyWaits()
                return db.session.scalar(sa.select(sa.func.min(models.Instance.id)))
            return run.start(process_id, data, by=None).id

        made = self._do(act)
        self._drain()
        return made

    def _drain(self) -> None:
        """Jobs that are due run, each in its own transaction; an incident is a failure here."""
        with self.app.app_context():
            if self.cold:
                memory.here().cases.clear()
            queue.run_due()
            found = db.session.scalars(sa.select(models.Incident.message)).all()
            db.session.remove()
        if found:
            raise AssertionError(f"incident: {'; '.join(found)}")

    def _open(self) -> list[Any]:
        tasks = models.UserTask
        found = db.session.execute(
            sa.select(tasks.id, tasks.name, tasks.element_id)
            .where(tasks.state == "open")
            .order_by(tasks.id)
        ).all()
        return list(found)

    def open_tasks(self) -> list[set[str]]:
        return self._do(lambda: [{row.name, row.element_id} for row in self._open()])

    def complete(self, label: str, data: dict[str, Any] | None = None) -> None:
        def act() -> None:
            for row in self._open():
                if label in (row.name, row.element_id):
                    run.complete(row.id, data, by=None)
                    return
            raise NobodyWaits(label)

        self._do(act)
        self._drain()

    def message(self, name: str) -> None:
        """Delivered to the one who waits; that several wait is a refusal as that nobody does."""
        try:
            self._do(lambda: run.correlate(name))
        except waits.SeveralWait as problem:
            raise Refused(str(problem)) from problem
        self._drain()

    def signal(self, name: str) -> None:
        def act() -> None:
            if not run.broadcast(name):
                raise NobodyWaits(name)

        self._do(act)
        self._drain()

    def trigger(self, label: str) -> None:
        def act() -> None:
            for instance_id, token_id in self._receiving(label):
                run.trigger(instance_id, token_id, by=None)
                return
            raise NobodyWaits(label)

        self._do(act)
        self._drain()

    def _receiving(self, label: str) -> list[tuple[int, int]]:
        rows = db.session.execute(
            sa.select(
                models.Token.instance_id,
                models.Token.token_id,
                models.Token.element_id,
                models.Instance.definition_id,
            ).join(models.Instance)
        ).all()
        return [
            (row.instance_id, row.token_id)
            for row in rows
            if label
            in (row.element_id, definitions.element_name(row.definition_id, row.element_id))
        ]

    def set_vars(self, data: dict[str, Any]) -> None:
        def act() -> None:
            for id in db.session.scalars(
                sa.select(models.Instance.id).where(models.Instance.state == "active")
            ).all():
                run.set_variables(id, data, by=None)

        self._do(act)
        self._drain()

    def advance_time(self, duration: str) -> None:
        """The clock moves from one due timer to the next, so that each fires at its own time."""
        end = schedule.duration(duration).after(clock.now())
        while True:
            due = self._do(lambda: timers.next_due(end))
            if due is None:
                break
            clock.stop_at(max(due[1], clock.now()))
            timer_id = due[0]
            self._do(lambda timer_id=timer_id: timers.fire(timer_id))
            self._drain()
        clock.stop_at(end)
        self._drain()

    def ended(self, handle: int) -> bool:
        return self._do(lambda: db.session.get_one(models.Instance, handle).state != "active")


class ColdEngine(Engine):
    """The same, with nothing in memory before each step."""

    cold = True
