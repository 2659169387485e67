"""Somebody else, who acts at the same moment."""

import threading
from collections.abc import Callable

from flask import Flask

from app.db import db

A_MOMENT = 0.5  # seconds in which the other one comes to where it has to wait


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

    def ended(self) -> "Other":
        self.join(120)
        assert not self.is_alive()
        return self
