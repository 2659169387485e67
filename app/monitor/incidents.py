"""What is stuck: lists and figures, each from one query."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from app.accounts.models import User
from app.db import db
from app.engine.models import Definition, Incident, Instance
from app.jobs.models import Job

PER_PAGE = 50


@dataclass(frozen=True)
class Flow:
    """One process as it runs now, over all versions."""

    process_id: str
    name: str
    running: int
    suspended: int
    stuck: int


def waiting(person: User) -> int:
    """How many incidents wait for an administrator; 0 for everybody else."""
    if not person.is_admin:
        return 0
    query = sa.select(sa.func.count()).select_from(Incident).where(Incident.state == "open")
    return int(db.session.scalar(query) or 0)


def page(state: str, process_id: str, number: int) -> tuple[list[Incident], bool]:
    """Incidents, newest first, and whether there are more."""
    query = (
        sa.select(Incident)
        .join(Incident.instance)
        .options(contains_eager(Incident.instance))
        .where(Incident.state == state)
        .order_by(Incident.created_at.desc(), Incident.id.desc())
        .offset((number - 1) * PER_PAGE)
        .limit(PER_PAGE + 1)
    )
    if process_id:
        query = query.where(Incident.process_id == process_id)
    found = list(db.session.scalars(query))
    return found[:PER_PAGE], len(found) > PER_PAGE


def flows() -> list[Flow]:
    """Every published process with what runs of it."""
    counts = (
        sa.select(
            Instance.process_id,
            sa.func.sum(sa.case((Instance.state == "active", 1), else_=0)).label("running"),
            sa.func.sum(sa.case((Instance.state == "suspended", 1), else_=0)).label("suspended"),
            sa.func.sum(sa.case((Instance.incidents > 0, 1), else_=0)).label("stuck"),
        )
        .where(Instance.state.in_(("active", "suspended")))
        .group_by(Instance.process_id)
        .subquery()
    )
    query = (
        sa.select(Definition.process_id, Definition.name, counts)
        .outerjoin(counts, counts.c.process_id == Definition.process_id)
        .where(Definition.is_newest)
        .order_by(Definition.process_id)
    )
    return [
        Flow(row[0], row[1], int(row.running or 0), int(row.suspended or 0), int(row.stuck or 0))
        for row in db.session.execute(query)
    ]


def failed_jobs() -> list[Job]:
    """Jobs that gave up: mails, reminders, deliveries. The newest hundred."""
    query = sa.select(Job).where(Job.state == "failed").order_by(Job.id.desc()).limit(100)
    return list(db.session.scalars(query))
