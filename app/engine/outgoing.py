"""What a step sends is noted here until the step is written; `delivery.settle` delivers it."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.db import db
from app.engine import store
from app.engine.spiff import rows
from app.engine.spiff.host import Message

_QUEUE, _BUSY = "engine outgoing", "engine settling"


@dataclass(slots=True)
class Outgoing:
    """What one step sent, and what it newly waits for."""

    case_id: int
    definition_id: int
    by: str | None
    messages: list[Message] = field(default_factory=list)
    signals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    waits: list[rows.MessageRow] = field(default_factory=list)


def add(case: store.Case, host: Any, new_waits: list[rows.MessageRow]) -> None:
    """The step's messages and signals go out when `delivery.settle` is called."""
    if host.messages or host.signals or new_waits:
        made = Outgoing(
            case.id, case.definition_id, host.by, host.messages, host.signals, new_waits
        )
        db.session().info.setdefault(_QUEUE, deque()).append(made)


def is_due(session: Session) -> bool:
    """Is something noted that nobody is delivering?"""
    return bool(session.info.get(_QUEUE)) and not session.info.get(_BUSY)


@contextmanager
def settling(session: Session) -> Iterator[deque[Outgoing]]:
    """All that is noted; more may come while it is delivered. Nothing is left afterwards."""
    session.info[_BUSY] = True
    try:
        yield session.info[_QUEUE]
    finally:
        session.info.pop(_BUSY)
        session.info.pop(_QUEUE)
