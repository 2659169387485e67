"""How each process runs, by version; where its cases stand; how long its steps take."""

import datetime as dt
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app import clock, errors, workspace
from app.db import db
from app.engine.models import Definition, Incident, Instance, Timer, Token, UserTask
from app.jobs.models import Job
from app.monitor.cases import LIVE
from app.notify.models import WAITING, Outgoing

LATEST = 1000  # finished tasks that the durations are taken from


@dataclass
class Version:
    """One version of a process and what runs of it."""

    id: int
    version: int
    is_newest: bool
    is_suspended: bool
    published: dt.datetime
    running: int = 0
    suspended: int = 0
    stuck: int = 0
    overdue: int = 0

    @property
    def alive(self) -> int:
        return self.running + self.suspended


@dataclass
class Flow:
    """One process as it runs now; its newest version first."""

    process_id: str
    name: str
    versions: list[Version] = field(default_factory=list)

    def sum(self, figure: str) -> int:
        """`running`, `suspended`, `stuck`, `overdue` or `alive`, over all versions."""
        return sum(getattr(one, figure) for one in self.versions)


def flows(process_id: str | None = None) -> list[Flow]:
    """Every published process, or this one: its newest version and those that still run."""
    query = sa.select(
        Definition.id, Definition.process_id, Definition.name, Definition.version,
        Definition.is_newest, Definition.suspended, Definition.created_at,
    ).order_by(Definition.process_id, Definition.version.desc())  # fmt: skip
    if process_id is not None:
        query = query.where(Definition.process_id == process_id)
    rows = db.session.execute(query).all()
    figures = _figures(None if process_id is None else [row.id for row in rows])
    found: dict[str, Flow] = {}
    for id, process, name, number, is_newest, is_suspended, at in rows:
        counts = figures.get(id, {})
        if not (is_newest or counts or process_id):
            continue
        flow = found.setdefault(process, Flow(process, name))
        flow.name = name if is_newest else flow.name
        flow.versions.append(Version(id, number, is_newest, is_suspended, at, **counts))
    return list(found.values())


def _figures(versions: list[int] | None) -> dict[int, dict[str, int]]:
    """{definition: counts}, of these only if given: three grouped counts, whatever runs."""
    only = [Instance.definition_id.in_(versions)] if versions is not None else []
    found: dict[int, dict[str, int]] = {}
    states = (
        sa.select(Instance.definition_id, Instance.state, sa.func.count())
        .where(Instance.state.in_(LIVE), *only)
        .group_by(Instance.definition_id, Instance.state)
    )
    for id, state, count in db.session.execute(states):
        found.setdefault(id, {})["running" if state == "active" else "suspended"] = count
    stuck = (
        sa.select(Instance.definition_id, sa.func.count(Incident.instance_id.distinct()))
        .join(Incident.instance)
        .where(Incident.state == "open", Instance.state.in_(LIVE), *only)
        .group_by(Instance.definition_id)
    )
    for id, count in db.session.execute(stuck):
        found.setdefault(id, {})["stuck"] = count
    # grouped by an expression: else SQLite walks all tasks by version instead of the late ones
    version = UserTask.definition_id + 0
    late = (
        sa.select(version, sa.func.count())
        .where(UserTask.state == "open", UserTask.due_at < clock.now())
        .group_by(version)
    )
    if versions is not None:
        late = late.where(version.in_(versions))
    for id, count in db.session.execute(late):
        found.setdefault(id, {})["overdue"] = count
    return found


def one(process_id: str) -> Flow:
    """The process with all its versions. Raises NotFound."""
    found = flows(process_id)
    if not found:
        raise errors.NotFound()
    return found[0]


@dataclass
class Step:
    """What stands at one element."""

    count: int = 0
    overdue: int = 0
    stuck: int = 0
    oldest: dt.datetime | None = None


def heat(definition_ids: Iterable[int], process_id: str) -> dict[str, Step]:
    """{element: what stands there} for the running cases of these versions."""
    ids = list(definition_ids)
    found: dict[str, Step] = {}
    tokens = (
        sa.select(Token.element_id, sa.func.count())
        .join(Instance, Instance.id == Token.instance_id)
        .where(Instance.definition_id.in_(ids), Instance.state.in_(LIVE))
        .group_by(Token.element_id)
    )
    for element, count in db.session.execute(tokens):
        found.setdefault(element, Step()).count = count
    late = sa.func.sum(sa.case((UserTask.due_at < clock.now(), 1), else_=0))
    tasks = (
        sa.select(UserTask.element_id, late, sa.func.min(UserTask.created_at))
        .where(UserTask.definition_id.in_(ids), UserTask.state == "open")
        .group_by(UserTask.element_id)
    )
    for element, overdue, oldest in db.session.execute(tasks):
        step = found.setdefault(element, Step())
        step.overdue, step.oldest = int(overdue or 0), oldest
    stuck = (
        sa.select(Incident.element_id, sa.func.count())
        .join(Incident.instance)
        .where(Incident.state == "open", Incident.process_id == process_id,
               Instance.definition_id.in_(ids))
        .group_by(Incident.element_id)
    )  # fmt: skip
    for element, count in db.session.execute(stuck):
        if element:
            found.setdefault(element, Step()).stuck = count
    return found


def durations(process_id: str) -> list[tuple[str, dt.timedelta, float]]:
    """(step, median time from open to done, share of the longest) of the latest finished tasks."""
    query = (
        sa.select(UserTask.name, UserTask.created_at, UserTask.completed_at)
        .where(UserTask.process_id == process_id, UserTask.state == "done")
        .order_by(UserTask.completed_at.desc())
        .limit(LATEST)
    )
    taken: dict[str, list[float]] = {}
    for name, since, at in db.session.execute(query):
        if at is not None:
            taken.setdefault(name, []).append(max(0.0, (at - since).total_seconds()))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    longest = max(medians.values(), default=0) or 1
    return [
        (name, dt.timedelta(seconds=seconds), seconds / longest)
        for name, seconds in sorted(medians.items(), key=lambda one: -one[1])[:12]
    ]


def background() -> dict[str, Any]:
    """How the machine work stands: mails, timers, jobs."""
    now = clock.now()
    mails = db.session.execute(
        sa.select(sa.func.count(), sa.func.min(Outgoing.at)).where(Outgoing.state == WAITING)
    ).one()
    next_timer = db.session.scalar(
        sa.select(Timer.due_at)
        .where(Timer.queued.is_(False), Timer.due_at > now)
        .order_by(Timer.due_at)
        .limit(1)
    )
    late = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Timer)
        .where(Timer.queued.is_(False), Timer.due_at <= now)
    )
    failed, stuck = (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Job)
            .where(Job.state == state, Job.workspace_id == workspace.current())
        )
        for state in ("failed", "stuck")
    )
    return {"mails": mails[0], "oldest_mail": mails[1], "next_timer": next_timer,
            "late_timers": late, "failed": failed, "stuck": stuck}  # fmt: skip
