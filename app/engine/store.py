"""A live case <-> its rows. Only what a step changed is written, with plain statements: a step
costs the same in the first round of a loop and in the ten-thousandth.

Nothing here commits. Whoever calls `lock` has the case's row until the transaction ends.
"""

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app import clock, sql, values, workspace
from app.db import db
from app.engine import definitions, history, memory, numbers, opening
from app.engine.host import StepHost
from app.engine.models import (
    Event,
    Instance,
    MessageWait,
    ScopeState,
    SignalWait,
    Timer,
    Token,
)
from app.engine.spiff import instance, rows

_instance, _token, _scope = Instance.__table__, Token.__table__, ScopeState.__table__
_timer, _event = Timer.__table__, Event.__table__
_message, _signal = MessageWait.__table__, SignalWait.__table__


@dataclass(slots=True)
class Case:
    """The locked row of a case, as plain values."""

    id: int
    workspace_id: int
    definition_id: int
    process_id: str
    revision: int
    state: str
    incidents: int
    business_key: str | None
    subject: str | None
    department_id: str | None
    started_by: str | None
    started_at: dt.datetime
    last_id: int
    header: str

    @property
    def runs(self) -> bool:
        return self.state == "active"


_COLUMNS = [_instance.c[name] for name in Case.__slots__]


# rows that refer to the case (drafts, files) may be written meanwhile, hence not FOR UPDATE
_LOCK = sa.select(*_COLUMNS).where(sql.here(_instance)).with_for_update(key_share=True)
# one look for both: a scope has no element
_STATE = sa.union_all(
    sa.select(_scope.c.owner.label("number"), sa.null().label("element_id"), _scope.c.state)
    .where(sql.named(_scope, "instance_id")),
    sa.select(_token.c.token_id, _token.c.element_id, _token.c.state)
    .where(sql.named(_token, "instance_id")),
).order_by("number")  # fmt: skip
_STEPPED = (
    sa.update(_instance)
    .where(sql.named(_instance, "id"))
    .values(revision=sa.bindparam("to_revision"), last_id=sa.bindparam("to_last_id"))
)
_CHANGED = _STEPPED.values(header=sa.bindparam("to_header"))
_GONE = {
    table: sa.delete(table).where(sql.named(table, "instance_id", column))
    for table, column in (
        (_token, "token_id"),
        (_scope, "owner"),
        (_timer, "token_id"),
        (_message, "token_id"),
        (_signal, "token_id"),
    )
}


def lock(instance_id: int) -> Case | None:
    """The case of the current workspace, its row locked until the transaction ends."""
    here = {"the_id": instance_id, "the_workspace_id": workspace.current()}
    row = sql.one(_LOCK, here)
    return Case(*row) if row is not None else None


def insert(
    definition_id: int,
    process_id: str,
    *,
    by: str | None,
    business_key: str | None,
    department_id: str | None,
    subject: str | None,
    caused_by: int | None,
) -> Case:
    """A new case has a row, so that its handlers know its number."""
    fields = {
        "workspace_id": workspace.current(),
        "definition_id": definition_id,
        "process_id": process_id,
        "revision": 0,
        "state": "active",
        "incidents": 0,
        "business_key": business_key,
        "subject": subject,
        "department_id": department_id,
        "started_by": by,
        "started_at": clock.now(),
        "last_id": 0,
        "header": "",
    }
    return Case(id=numbers.insert(_instance, {**fields, "caused_by": caused_by}), **fields)


def load(case: Case, host: StepHost) -> Any:
    """The live case, rebuilt from its rows; equal to the one that wrote them."""
    root, variables, compensations, business_key, ended = values.loads(case.header)
    header = rows.Header(
        definition=str(case.definition_id),
        process_id=case.process_id,
        root=root,
        last_id=case.last_id,
        variables=variables,
        compensations=compensations,
        business_key=business_key,
        ended=ended,
    )
    return instance.load(host, header, *_state(case.id))


def _state(instance_id: int) -> tuple[list[rows.ScopeRow], list[rows.TokenRow]]:
    scopes, tokens = [], []
    for number, element_id, text in sql.read(_STATE, {"the_instance_id": instance_id}):
        if element_id is None:
            scopes.append(rows.ScopeRow(number, *values.loads(text)))
        else:
            scope, parent, state, data, internal = values.loads(text)
            tokens.append(rows.TokenRow(number, scope, parent, element_id, state, data, internal))
    return scopes, tokens


def take(case: Case, host: StepHost) -> Any:
    """The live case for one step: from memory if it is there at this revision, else rebuilt."""
    live = memory.take(db.session(), case.id, case.revision)
    if live is None:
        return load(case, host)
    live.host = host
    return live


@functools.cache
def _upsert(table: sa.Table, keys: tuple[str, ...], dialect: str) -> Any:
    made = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    others = {c.name: made.excluded[c.name] for c in table.columns if c.name not in keys}
    return made.on_conflict_do_update(index_elements=list(keys), set_=others)


def _put(table: sa.Table, keys: tuple[str, ...], fields: list[dict[str, Any]]) -> None:
    if fields:
        sql.write(_upsert(table, keys, db.engine.dialect.name), fields)


def _remove(table: sa.Table, instance_id: int, ids: Iterable[int]) -> None:
    column = "owner" if table is _scope else "token_id"
    gone = [{"the_instance_id": instance_id, f"the_{column}": id} for id in ids]
    if gone:
        sql.write(_GONE[table], gone)


def write(
    case: Case, changes: rows.Changes, host: StepHost, live: Any, finished: opening.Finished | None
) -> list[dict[str, Any]]:
    """Everything a step changed is in the tables, the revision is one higher.

    `case` says what the row now says; `finished` is the task that a person has just done.
    Returns the user tasks that opened, as their columns.
    """
    _write_state(case, changes)
    _write_waits(case, changes)
    opening.close(case, changes.tasks_cancelled, "cancelled", host)
    if finished is not None:
        opening.finish(finished, host)
    others = [id for id in changes.tasks_done if finished is None or id != finished.token_id]
    opening.close(case, others, "done", host)
    opened = opening.open_all(case, changes.tasks_opened, host)
    tasks = {fields["token_id"]: fields["id"] for fields in opened}
    if finished is not None:
        tasks[finished.token_id] = finished.task_id
    _write_events(case, changes.events, host, tasks)
    _write_header(case, changes, host)
    memory.hold(db.session(), case.id, case.revision, live)
    return opened


def _write_state(case: Case, changes: rows.Changes) -> None:
    _remove(_token, case.id, changes.tokens_gone)
    _remove(_scope, case.id, changes.scopes_gone)
    _put(
        _scope,
        ("instance_id", "owner"),
        [
            {
                "instance_id": case.id,
                "owner": row.owner,
                "definition_id": int(row.definition) if row.definition else None,
                "state": values.dumps(
                    [
                        row.root,
                        row.spec,
                        row.definition,
                        row.business_key,
                        row.variables,
                        row.compensations,
                    ]
                ),
            }
            for row in changes.scopes
        ],
    )
    _put(
        _token,
        ("instance_id", "token_id"),
        [
            {
                "instance_id": case.id,
                "token_id": row.id,
                "element_id": row.element_id,
                "state": values.dumps([row.scope, row.parent, row.state, row.data, row.internal]),
            }
            for row in changes.tokens
        ],
    )


def _write_waits(case: Case, changes: rows.Changes) -> None:
    again = [row.token_id for row in changes.timers]
    _remove(_timer, case.id, {*changes.timers_gone, *again})
    _remove(_message, case.id, changes.messages_gone)
    _remove(_signal, case.id, changes.signals_gone)
    here = {"workspace_id": case.workspace_id, "instance_id": case.id}
    if changes.timers:
        timers = [
            here
            | {
                "token_id": row.token_id,
                "definition_id": case.definition_id,
                "element_id": row.element_id,
                "due_at": row.due_at,
                "counted": clock.reading() if row.counts else None,
                "queued": False,
            }
            for row in changes.timers
        ]
        sql.insert_all(_timer, timers)
    if changes.messages:
        waits = [
            here
            | {
                "token_id": row.token_id,
                "element_id": row.element_id,
                "name": row.name,
                "key": row.key,
                "business_key": row.business_key,
            }
            for row in changes.messages
        ]
        sql.insert_all(_message, waits)
    if changes.signals:
        waits = [
            here | {"token_id": row.token_id, "element_id": row.element_id, "name": row.name}
            for row in changes.signals
        ]
        sql.insert_all(_signal, waits)


WITH_VALUES = frozenset({"variable", "decided"})


def _write_events(
    case: Case, events: list[rows.EventRow], host: StepHost, tasks: dict[int, int]
) -> None:
    if not events:
        return
    fields = [
        {
            "workspace_id": case.workspace_id,
            "instance_id": case.id,
            "at": row.at,
            "kind": row.kind,
            "definition_id": int(row.definition),
            "element_id": row.element_id,
            "name": definitions.element_name(int(row.definition), row.element_id),
            "by": host.by,
            "token_id": row.token_id,
            "task_id": tasks.get(row.token_id) if row.kind in ("opened", "closed") else None,
            "data": (history.kept(row.data) if row.kind in WITH_VALUES else row.data) or None,
        }
        for row in events
    ]
    sql.insert_all(_event, fields)


def note(
    case: Case,
    kind: str,
    *,
    by: str | None,
    element_id: str | None = None,
    name: str | None = None,
    token_id: int | None = None,
    task_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """One line of history about what a person or the platform did to the case."""
    sql.insert(
        _event,
        {
            "workspace_id": case.workspace_id,
            "instance_id": case.id,
            "at": clock.now(),
            "kind": kind,
            "definition_id": case.definition_id,
            "element_id": element_id,
            "name": name,
            "by": by,
            "token_id": token_id,
            "task_id": task_id,
            "data": data,
        },
    )


def _write_header(case: Case, changes: rows.Changes, host: StepHost) -> None:
    header = changes.header
    case.revision, case.last_id = case.revision + 1, changes.last_id
    fields = {"the_id": case.id, "to_revision": case.revision, "to_last_id": case.last_id}
    if header is None:
        sql.write(_STEPPED, fields)
        return
    kept = [header.root, header.variables, header.compensations, header.business_key, header.ended]
    case.header = values.dumps(kept)
    sql.write(_CHANGED, fields | {"to_header": case.header})
    more = _described(case, header)
    if header.ended is not None:
        more |= _ended(case, header.ended, changes.events, host)
    if more:
        sql.execute(sa.update(_instance).where(_instance.c.id == case.id).values(**more))


def _described(case: Case, header: rows.Header) -> dict[str, Any]:
    """The variables that lists show, where they changed; open tasks show them too."""
    subject = header.variables.get("subject")
    subject = str(subject)[:300] if subject not in (None, "") else None
    department = header.variables.get("department_id")
    changed: dict[str, Any] = {}
    if header.business_key != case.business_key:
        changed["business_key"] = case.business_key = header.business_key
    if subject != case.subject:
        changed["subject"] = case.subject = subject
    if changed:
        opening.describe(case)
    if department != case.department_id and isinstance(department, str | None):
        changed["department_id"] = case.department_id = department
    return changed


def _ended(case: Case, how: str, events: list[rows.EventRow], host: StepHost) -> dict[str, Any]:
    case.state = "cancelled" if how == "cancelled" else "ended"
    last = [row.element_id for row in events if row.kind == "entered" and row.scope is None][-1:]
    end = "".join(definitions.element_name(case.definition_id, id) or "" for id in last)[:200]
    return {"state": case.state, "result": how, "ended_at": host.at, "end_event": end or None}


def set_state(case: Case, **fields: Any) -> None:
    """Columns of the case's row are changed, here and in the table."""
    for name, value in fields.items():
        if name in Case.__slots__:
            setattr(case, name, value)
    sql.execute(sa.update(_instance).where(_instance.c.id == case.id).values(**fields))
    memory.expire(db.session(), case.id)
