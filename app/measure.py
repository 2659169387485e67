"""What was done and how long it took, told once and after the commit: the log's lines and the
metrics are both made of it.

`about` says on whose behalf this thread works: it stands in every line of the log written inside.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction

from app import signals
from app.db import db

_KEY, _TOLD = "done", "to be told"
_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


def begin(**facts: Any) -> None:
    """From here on this thread works for this, and for nothing before it."""
    _about.set(facts)


def here() -> dict[str, Any]:
    """The facts of what this thread works for: request_id, user, job, …"""
    return _about.get() or {}


@contextlib.contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Inside, these facts are known too."""
    token = _about.set({**here(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


def tell(what: str, seconds: float | None = None, **facts: Any) -> None:
    """It is done: a request, a job."""
    signals.done.send(what, seconds=seconds, facts=facts)


def after_commit(what: str, seconds: float | None = None, **facts: Any) -> None:
    """It is done when the present transaction is; a rollback takes it back."""
    session = db.session()
    inside = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(_KEY, []).append((inside, what, seconds, facts))


@sa.event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[_TOLD] = session.info.pop(_KEY, ())


@sa.event.listens_for(Session, "after_transaction_end")
def _over(session: Session, ended: SessionTransaction) -> None:
    # the connection is free again and with it the turn to write: nobody waits for what is told
    if ended.parent is None:
        for _inside, what, seconds, facts in session.info.pop(_TOLD, ()):
            tell(what, seconds, **facts)


@sa.event.listens_for(Session, "after_soft_rollback")
def _taken_back(session: Session, gone: SessionTransaction) -> None:
    kept = [one for one in session.info.pop(_KEY, ()) if not _is_within(one[0], gone)]
    if kept and gone.nested:
        session.info[_KEY] = kept


def _is_within(inside: SessionTransaction | None, gone: SessionTransaction) -> bool:
    while inside is not None:
        if inside is gone:
            return True
        inside = inside.parent
    return False
