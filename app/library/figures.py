"""How often each flow runs: counted by the database in one query for the whole map."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.accounts.models import User
from app.db import db
from app.engine.cases import Instance
from app.engine.published import Decision, Definition


@dataclass
class Figures:
    """Cases of one process, over all versions, and how many of them are stuck."""

    running: int = 0
    finished: int = 0
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
    """{process id: figures}, of one process only if given."""
    query = sa.select(
        Instance.process_id,
        Instance.state,
        sa.func.count(),
        sa.func.sum(sa.case((Instance.incidents > 0, 1), else_=0)),
    ).group_by(Instance.process_id, Instance.state)
    if process_id is not None:
        query = query.where(Instance.process_id == process_id)
    found: dict[str, Figures] = {}
    for process, state, count, stuck in db.session.execute(query):
        figures = found.setdefault(process, Figures())
        if state in ("active", "suspended"):
            figures.running += count
            figures.stuck += int(stuck or 0)
        else:
            figures.finished += count
    return found


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
