"""Somebody else, who acts at the same moment."""

import sys
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.gate import Gate

PATIENCE = 600.0  # seconds until somebody who hangs is given up; a machine may stand still for long
_WAITS = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class Other(threading.Thread):
    """Somebody else, in a transaction of their own."""

    def __init__(self, app: Flask, act: Callable[[], object]) -> None:
        super().__init__()
        self.app, self.act = app, act
        self.problem: Exception | None = None
        self.start()

    def run(self) -> None:
        with self.app.app_context():
            try:
                self.act()
                db.session.commit()
            except Exception as error:
                self.problem = error
                db.session.rollback()
            finally:
                db.session.remove()

    def waits(self) -> "Other":
        """They stand where they have to wait for what the test's transaction has; or, where there
        is nothing to wait for, they have ended."""
        with self.app.app_context():
            engine = db.engine
        stands = _is_at_the_gate if engine.dialect.name == "sqlite" else _is_locked_out
        until = time.monotonic() + PATIENCE
        while self.is_alive() and not stands(self, engine):
            assert time.monotonic() < until
            time.sleep(0.01)
        return self

    def ended(self) -> "Other":
        self.join(PATIENCE)
        assert not self.is_alive()
        return self


def _is_at_the_gate(other: Other, _engine: sa.Engine) -> bool:
    """On SQLite who writes waits for the turn there, if not for anything before."""
    frame = sys._current_frames().get(other.ident or 0)
    while frame is not None and frame.f_code is not Gate.enter.__code__:
        frame = frame.f_back
    return frame is not None


def _is_locked_out(_other: Other, engine: sa.Engine) -> bool:
    """The test has a database of its own, so nobody else is meant."""
    with engine.connect() as connection:
        return bool(connection.scalar(_WAITS))
