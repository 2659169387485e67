"""What one process of the server keeps in memory: compiled definitions and live cases.

A live case belongs to one revision of its row. A step takes it out (one thread has it), and it
comes back only after the commit that wrote that revision; a rollback forgets it. What was compiled
of a version that is not published after all is forgotten with it: the next one may get its number.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session, SessionTransaction

KEY = "shunliu-engine"
_HELD, _NEW = "live cases", "new versions"


class LiveCases:
    """A bounded store of live cases, least recently used out first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._cases: OrderedDict[int, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, instance_id: int, revision: int) -> Any | None:
        """The live case of this very revision, now the caller's alone; else None."""
        with self._lock:
            found = self._cases.pop(instance_id, None)
        return found[1] if found is not None and found[0] == revision else None

    def put(self, instance_id: int, revision: int, live: Any) -> None:
        """The case may be taken again, unless a later revision is here already."""
        with self._lock:
            there = self._cases.get(instance_id)
            if there is not None and there[0] > revision:
                return
            self._cases[instance_id] = (revision, live)
            self._cases.move_to_end(instance_id)
            while len(self._cases) > self.limit:
                self._cases.popitem(last=False)

    def clear(self) -> None:
        """Every case is read from its rows next time."""
        with self._lock:
            self._cases.clear()

    def __len__(self) -> int:
        return len(self._cases)


@dataclass
class Memory:
    """The memory of one application."""

    cases: LiveCases
    specs: dict[int, Any] = field(default_factory=dict)  # definition id: ProcessSpec
    rows: dict[int, Any] = field(default_factory=dict)  # definition id: definitions.Known
    tables: dict[str, Any] = field(default_factory=dict)  # content hash: feel.dmn.Model
    forms: dict[tuple[int, str], bytes] = field(default_factory=dict)  # definition id, form key

    def forget(self, definition_id: int) -> None:
        """Nothing is known of the version."""
        self.specs.pop(definition_id, None)
        self.rows.pop(definition_id, None)
        for key in [key for key in self.forms if key[0] == definition_id]:
            self.forms.pop(key, None)


def init_app(app: Flask) -> None:
    """The application has an empty memory."""
    app.extensions[KEY] = Memory(LiveCases(app.config["SETTINGS"].live_cache))
    for name, listener in (
        ("after_commit", _publish),
        ("after_soft_rollback", _forget),
        ("after_transaction_end", _forget_new),
    ):
        if not sa.event.contains(Session, name, listener):
            sa.event.listen(Session, name, listener)


def here() -> Memory:
    """The memory of the current application."""
    return of(current_app)


def of(app: Flask) -> Memory:
    """The memory of an application."""
    return app.extensions[KEY]


def hold(session: Session, instance_id: int, revision: int, live: Any) -> None:
    """The case goes on in this transaction, and comes into memory when it commits.

    Without a live object the next step reads its rows.
    """
    if live is None:
        return
    session.info.setdefault(_HELD, {})[instance_id] = (revision, live)


def publishes(session: Session, definition_id: int) -> None:
    """The version is there when this transaction commits."""
    session.info.setdefault(_NEW, []).append((here(), definition_id))


def take(session: Session, instance_id: int, revision: int) -> Any | None:
    """The live case at this revision, from this transaction or from memory."""
    held = session.info.get(_HELD, {}).pop(instance_id, None)
    if held is not None and held[0] == revision:
        return held[1]
    return here().cases.take(instance_id, revision)


def _publish(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.info.pop(_NEW, None)
    for instance_id, (revision, live) in session.info.pop(_HELD, {}).items():
        here().cases.put(instance_id, revision, live)


def _forget(session: Session, _transaction: SessionTransaction) -> None:
    # also a savepoint's: what it held may have gone further than the rows now say
    session.info.pop(_HELD, None)


def _forget_new(session: Session, transaction: SessionTransaction) -> None:
    # ended without a commit: rolled back, or left behind
    if transaction.parent is None:
        for memory, definition_id in session.info.pop(_NEW, ()):
            memory.forget(definition_id)


def expire(session: Session, instance_id: int) -> None:
    """Objects of the case that this session has loaded are read again when they are used."""
    for row in list(session.identity_map.values()):
        of = getattr(row, "__tablename__", "")
        if of == "instance" and row.__dict__.get("id") == instance_id:
            session.expire(row)
        elif of in ("user_task", "incident") and row.__dict__.get("instance_id") == instance_id:
            session.expire(row)
