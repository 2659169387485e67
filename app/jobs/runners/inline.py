"""For tests and scripts: nothing runs by itself, `queue.run_due()` does what is due."""

from flask import Flask


def start(app: Flask) -> None:
    """Nothing has to run."""


def stop(app: Flask) -> None:
    """Nothing runs."""


def wake(app: Flask) -> None:
    """Whoever wants the work done asks for it."""
