"""Workspaces: the company is one; every practice session is another with its own clock.

Rows of a class that is `Owned` belong to one workspace. Every ORM query is filtered to the
current one here, and nowhere else.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from app.db import UtcDateTime, db

COMPANY = 1
_BY_KEY = "by_key"
Query = TypeVar("Query", bound=sa.Select[Any])
_current: ContextVar[int] = ContextVar("workspace", default=COMPANY)
_offsets: dict[int, dt.timedelta] = {}


class Workspace(db.Model):
    """A world of its own: the company, or one practice session."""

    __tablename__ = "workspace"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    clock_offset_seconds: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())


def found_company() -> None:
    """The company's workspace exists."""
    if db.session.get(Workspace, COMPANY) is None:
        moment = dt.datetime.now(dt.UTC)
        db.session.add(Workspace(id=COMPANY, name="公司", created_at=moment))
        db.session.flush()


def current() -> int:
    """The id of the workspace that queries see and new rows belong to."""
    return _current.get()


def enter(workspace_id: int) -> None:
    """Queries from here on see `workspace_id` (a request calls it once, at its beginning)."""
    _current.set(workspace_id)


@contextlib.contextmanager
def use(workspace_id: int) -> Iterator[None]:
    """Queries inside see `workspace_id`."""
    token = _current.set(workspace_id)
    try:
        yield
    finally:
        _current.reset(token)


class Owned:
    """Mixin: rows that belong to a workspace."""

    workspace_id: Mapped[int] = mapped_column(
        sa.Integer, default=current, nullable=False, index=True
    )


class Numerous(Owned):
    """Mixin: rows that belong to a workspace, and so many that an index of that alone would be
    walked from end to end. They are found by indexes that begin with it."""

    workspace_id: Mapped[int] = mapped_column(sa.Integer, default=current, nullable=False)


def clock_offset(workspace_id: int) -> dt.timedelta:
    """How far the clock of a workspace runs before real time."""
    if workspace_id == COMPANY:
        return dt.timedelta()
    row = db.session.get(Workspace, workspace_id)
    return dt.timedelta(seconds=row.clock_offset_seconds if row else 0)


def by_key(query: Query) -> Query:
    """The query names the rows that it wants, by their keys: they are found by these alone. Of more
    than a few SQLite guesses that to go through all rows of the workspace is less work.
    """
    return query.execution_options(**{_BY_KEY: True})


@sa.event.listens_for(Session, "do_orm_execute")
def _only_this_workspace(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        here = current()
        if state.execution_options.get(_BY_KEY):
            ours = with_loader_criteria(
                Owned, lambda row: row.workspace_id + 0 == here, include_aliases=True
            )
        else:
            ours = with_loader_criteria(
                Owned, lambda row: row.workspace_id == here, include_aliases=True
            )
        state.statement = state.statement.options(ours)


@sa.event.listens_for(Session, "before_flush")
def _stay_in_workspace(session: Any, _context: Any, _instances: Any) -> None:
    for row in session.new:
        if isinstance(row, Owned) and row.workspace_id is None:
            row.workspace_id = current()
