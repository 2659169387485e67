"""How much of each flow runs, and how much ended lately; nothing here reads what is history."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from app import clock
from app.accounts.models import User
from app.db import db
from app.engine.archived import ArchivedCase
from app.engine.cases import Instance
from app.engine.published import Decision, Definition

LIVE = ("active", "suspended")
LATELY = dt.timedelta(days=30)  # ended since then; older cases are history


@dataclass
class Figures:
    """Cases of one process that are not over, of all versions, and how many of them are stuck."""

    running: int = 0
    stuck: int = 0


def newest_definitions() -> dict[str, Definition]:
    """{process id: newest version} of everything deployed."""
    rows = db.session.scalars(sa.select(Definition).where(Definition.is_newest))
    return {definition.process_id: definition for definition in rows}


def names() -> dict[str, str]:
    """{process id: name of its newest version}."""
    query = sa.select(Definition.process_id, Definition.name).where(Definition.is_newest)
    return dict(db.session.execute(query).all())


def decision_names() -> dict[str, str]:
    """{id: name} of the decisions in force."""
    query = sa.select(Decision.decision_id, Decision.name).order_by(Decision.version)
    return dict(db.session.execute(query).all())  # the newest last


def by_process(process_id: str | None = None) -> dict[str, Figures]:
    """{process id: figures}, of one process only if given; none where nothing runs."""
    found: dict[str, Figures] = {}
    for process, count in db.session.execute(_running(process_id)):
        found.setdefault(process, Figures()).running = count
    # grouped by an expression: else SQLite walks all cases by process instead of the stuck ones
    flow = Instance.process_id.concat("")
    stuck = sa.select(flow, sa.func.count()).where(
        # written out, not bound: only then does SQLite use the index of these few
        Instance.incidents > sa.literal_column("0"), Instance.state.in_(LIVE),
    )  # fmt: skip
    if process_id is not None:
        stuck = stuck.where(Instance.process_id == process_id)
    for process, count in db.session.execute(stuck.group_by(flow)):
        found.setdefault(process, Figures()).stuck = count
    return found


def _running(process_id: str | None) -> sa.Select[tuple[str, int]]:
    """By version, as an index has it for all, or of one process, as another has it."""
    by = Instance.definition_id if process_id is None else Instance.process_id
    live = sa.select(by, sa.func.count().label("count")).where(Instance.state.in_(LIVE))
    if process_id is not None:
        return live.where(Instance.process_id == process_id).group_by(by)
    each = live.group_by(by).subquery()
    return (
        sa.select(Definition.process_id, sa.func.sum(each.c.count))
        .join(each, each.c.definition_id == Definition.id)
        .group_by(Definition.process_id)
    )


def finished(process_ids: Iterable[str]) -> dict[str, int]:
    """{process id: how many of its cases ended lately}, however they ended; archived ones too."""
    ids, since, found = list(process_ids), clock.now() - LATELY, Counter[str]()
    for row in (Instance, ArchivedCase):
        query = sa.select(row.process_id, sa.func.count()).where(
            row.process_id.in_(ids), row.ended_at >= since
        )
        found.update(dict(db.session.execute(query.group_by(row.process_id)).all()))
    return dict(found)


def may_start(user: User, definition: Definition) -> bool:
    """May this person begin a case by hand? Nobody named means everybody."""
    if not definition.startable or definition.suspended:
        return False
    named = bool(definition.starter_groups or definition.starter_users)
    return (
        not named
        or user.is_admin
        or user.login in definition.starter_users
        or bool(user.group_ids & set(definition.starter_groups))
    )
