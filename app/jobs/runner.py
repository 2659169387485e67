"""The contract of a runner, and the choice of one.

A runner is a module with `start(app)`, `stop(app)` and `wake(app)`: after `start` due jobs get
done without anybody asking, after `stop` no more, `wake` says that there is something new.
All three may be called again and again.
"""

import importlib
import threading
from dataclasses import dataclass, field
from types import ModuleType

from flask import Flask


@dataclass
class Choice:
    """The runner of one application."""

    name: str  # inline, local, celery
    started: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(f"app.jobs.runners.{self.name}")


def chosen(app: Flask) -> Choice:
    """The runner that the settings name."""
    return app.extensions["shunliu-jobs"]


def ensure_started(app: Flask) -> None:
    """The runner is started, once per process."""
    choice = chosen(app)
    if choice.started:
        return
    with choice.lock:
        if not choice.started:
            choice.module.start(app)
            choice.started = True


def stop(app: Flask) -> None:
    """The runner has stopped; jobs that were running are done."""
    choice = chosen(app)
    if choice.started:
        choice.module.stop(app)
        choice.started = False


def wake(app: Flask) -> None:
    """The runner looks at the table soon, if it runs in this process."""
    choice = chosen(app)
    if choice.started:
        choice.module.wake(app)
