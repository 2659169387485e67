"""A dry run: the act is done for real in a savepoint, looked at, and rolled back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine import definitions
from app.engine.models import (
    Event,
    Incident,
    Instance,
    MessageWait,
    SignalWait,
    Timer,
    Token,
    UserTask,
)  # fmt: skip
from app.i18n import _, label
from app.jobs.models import Job
from app.records.log import StateHistory


@dataclass
class Outcome:
    """What would happen. `problem` is why it would not; `warnings` what to think of."""

    problem: str = ""
    warnings: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    stands: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    effects: int = 0
    timers: list[Any] = field(default_factory=list)
    timers_gone: int = 0
    waits_gone: list[str] = field(default_factory=list)
    solved: int = 0
    state: str = ""  # suspended, ended, cancelled when it would be from then on

    @property
    def is_empty(self) -> bool:
        return not (
            self.tasks or self.closed or self.states or self.effects or self.timers
            or self.timers_gone or self.waits_gone or self.state or self.solved
        )  # fmt: skip


def of(act: Callable[[], object], instance_id: int, warnings: tuple[str, ...] = ()) -> Outcome:
    """What `act` would do to the case; nothing of it stays."""
    marks = {model: _last(model) for model in (Event, Job, StateHistory)}
    before = _picture(instance_id)
    savepoint = db.session.begin_nested()
    try:
        act()
        db.session.flush()
        found = _seen(instance_id, marks, before)
        found.warnings = list(warnings)
        return found
    except errors.ShunliuError as refusal:
        return Outcome(problem=refusal.message)
    except Exception as failure:  # the very failure that an administrator wants to see
        return Outcome(problem=f"{type(failure).__name__}: {failure}")
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        db.session.expire_all()


def _last(model: type) -> int:
    return int(db.session.scalar(sa.select(sa.func.max(model.id))) or 0)


def _picture(instance_id: int) -> dict[str, Any]:
    """What is open and waited for, by token: rows are numbered anew once they are gone."""

    def of(model: Any, *columns: Any) -> dict[int, Any]:
        query = sa.select(model.token_id, *columns).where(model.instance_id == instance_id)
        if model is UserTask:
            query = query.where(UserTask.state == "open")
        return {row[0]: row[1] for row in db.session.execute(query)}

    case = db.session.execute(
        sa.select(Instance.state, Instance.definition_id, Instance.incidents).where(
            Instance.id == instance_id
        )
    ).one()
    return {
        "tasks": of(UserTask, UserTask.name),
        "timers": of(Timer, Timer.due_at),
        "waits": of(MessageWait, MessageWait.name) | of(SignalWait, SignalWait.name),
        "tokens": of(Token, Token.element_id),
        "state": case.state, "definition": case.definition_id, "incidents": case.incidents,
    }  # fmt: skip


def _seen(instance_id: int, marks: dict[type, int], before: dict[str, Any]) -> Outcome:
    after = _picture(instance_id)
    new = {name: _only_in(after[name], before[name]) for name in ("tasks", "timers", "tokens")}
    gone = {name: _only_in(before[name], after[name]) for name in ("tasks", "timers", "waits")}
    moved = db.session.scalars(
        sa.select(StateHistory).where(StateHistory.id > marks[StateHistory]).limit(20)
    )
    names = definitions.known(after["definition"]).names
    return Outcome(
        problem=_again(instance_id, marks),
        tasks=[label(name) for name in new["tasks"]],
        closed=[label(name) for name in gone["tasks"]],
        stands=sorted({label(names.get(id)) for id in new["tokens"] if names.get(id)}),
        states=[f"{row.entity} {row.number}: {row.old or '—'} → {row.new}" for row in moved],
        effects=_count(Job, marks),
        timers=sorted(new["timers"]),
        timers_gone=len(gone["timers"]),
        waits_gone=gone["waits"],
        solved=max(0, before["incidents"] - after["incidents"]),
        state=after["state"] if after["state"] != before["state"] else "",
    )


def _only_in(one: dict[int, Any], other: dict[int, Any]) -> list[Any]:
    return [value for token, value in one.items() if other.get(token) != value]


def _again(instance_id: int, marks: dict[type, int]) -> str:
    """The words of the incident that the act itself would raise."""
    raised = db.session.scalar(
        sa.select(Event.id).where(
            Event.id > marks[Event],
            Event.instance_id == instance_id,
            Event.kind.in_(("incident", "failed")),
        )
    )
    if raised is None:
        return ""
    why = db.session.scalar(
        sa.select(Incident.message)
        .where(Incident.instance_id == instance_id, Incident.state == "open")
        .order_by(Incident.id.desc())
        .limit(1)
    )
    return _("会再次停住：%(why)s", why=why) if why else _("这一步还会失败。")


def _count(model: type, marks: dict[type, int]) -> int:
    query = sa.select(sa.func.count()).select_from(model).where(model.id > marks[model])
    return int(db.session.scalar(query) or 0)
