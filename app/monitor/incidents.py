"""What is stuck: the list with its filter, and the groups of the same trouble."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from app import workspace
from app.accounts.models import User
from app.db import db
from app.engine import definitions
from app.engine.models import Definition, Event, Incident, Instance
from app.monitor import narrowing, words

PER_PAGE = 50
MOST_GROUPS = 50
MANY = 1000  # solved incidents: more are not counted
STATES = ("open", "resolved")


@dataclass(frozen=True)
class Ask(narrowing.Narrowing):
    """What the list shows. `version` is a definition's id, `like` an incident's signature."""

    state: str = "open"
    process: str = ""
    version: int | None = None
    element: str = ""
    kind: str = ""
    like: str = ""
    before: int | None = None


def read(args: Any) -> Ask:
    """The filter that a request's arguments or form ask for; what makes no sense is left out."""
    state = args.get("state", "")
    return Ask(
        state=state if state in STATES else "open",
        process=narrowing.text(args, "process"),
        version=args.get("version", None, type=int),
        element=narrowing.text(args, "element"),
        kind=narrowing.text(args, "kind", 30),
        like=narrowing.text(args, "like", 16),
        before=args.get("before", None, type=int),
    )


def waiting(person: User) -> int:
    """How many incidents wait for an administrator; 0 for everybody else."""
    if not person.is_admin:
        return 0
    query = sa.select(sa.func.count()).select_from(Incident).where(Incident.state == "open")
    return int(db.session.scalar(query) or 0)


def _where(ask: Ask) -> list[sa.ColumnElement[bool]]:
    given = [Incident.state == ask.state]
    for column, value in (
        (Incident.process_id, ask.process),
        (Incident.element_id, ask.element),
        (Incident.kind, ask.kind),
        (Incident.signature, ask.like),
        (Instance.definition_id, ask.version),
    ):
        if value:
            given.append(column == value)
    return given


def page(ask: Ask) -> tuple[list[Incident], bool]:
    """Incidents, newest first, and whether there are more."""
    query = (
        sa.select(Incident)
        .join(Incident.instance)
        .options(contains_eager(Incident.instance), sa.orm.defer(Incident.stack))
        .where(*_where(ask))
        .order_by(Incident.id.desc())
        .limit(PER_PAGE + 1)
    )
    if ask.before:
        query = query.where(Incident.id < ask.before)
    found = list(db.session.scalars(query))
    return found[:PER_PAGE], len(found) > PER_PAGE


def total(ask: Ask) -> int:
    """How many the filter finds; of solved ones, which are history, MANY at most."""
    found = sa.select(Incident.id).join(Incident.instance).where(*_where(ask))
    some = (found if ask.state == "open" else found.limit(MANY)).subquery()
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0)


def chosen(ask: Ask, ids: list[int] | None = None) -> sa.Select[Any]:
    """(instance id, incident id) of everything the open filter finds, or of these only."""
    query = sa.select(Incident.instance_id, Incident.id.label("incident_id")).join(
        Incident.instance
    )
    # from_select is no ORM query: the workspace must be named here
    query = query.where(Incident.workspace_id == workspace.current())
    if ids is not None:
        return query.where(Incident.id.in_(ids), Incident.state == "open")
    return query.where(*_where(ask))


@dataclass(frozen=True)
class Group:
    """Incidents of one step of one version with the same message (figures aside)."""

    process_id: str
    definition_id: int
    version: int
    element_id: str | None
    element_name: str | None
    kind: str
    signature: str
    message: str
    count: int
    oldest: dt.datetime
    newest_id: int
    process: str = ""
    query: str = field(default="")


def groups(ask: Ask) -> list[Group]:
    """The open (or resolved) incidents of the filter, the largest groups first."""
    keys = (Incident.process_id, Instance.definition_id, Incident.element_id, Incident.kind,
            Incident.signature)  # fmt: skip
    query = (
        sa.select(
            *keys, sa.func.max(Incident.element_name), sa.func.max(Incident.message),
            sa.func.count(), sa.func.min(Incident.created_at), sa.func.max(Incident.id),
        )
        .join(Incident.instance)
        .where(*_where(ask))
        .group_by(*keys)
        .order_by(sa.func.count().desc(), sa.func.max(Incident.id).desc())
        .limit(MOST_GROUPS)
    )  # fmt: skip
    made = []
    for process, definition, element, kind, like, name, message, count, oldest, newest in (
        db.session.execute(query)
    ):  # fmt: skip
        known = definitions.known(definition)
        made.append(
            Group(
                process, definition, known.version, element, name, kind, like, message, count,
                oldest, newest, known.name,
                ask.query(process=process, version=definition, element=element or "", kind=kind,
                          like=like),
            )
        )  # fmt: skip
    return made


def choices() -> dict[str, list[tuple[str, str]]]:
    """{filter: [(value, name)]} of what open incidents there are."""
    query = (
        sa.select(Incident.process_id, Incident.kind, Incident.element_id,
                  sa.func.max(Incident.element_name), Instance.definition_id)
        .join(Incident.instance)
        .where(Incident.state == "open")
        .group_by(Incident.process_id, Incident.kind, Incident.element_id, Instance.definition_id)
        .limit(500)
    )  # fmt: skip
    rows = db.session.execute(query).all()
    names = names_of(sorted({row[0] for row in rows}))
    return {
        "process": [(id, names.get(id, id)) for id in sorted({row[0] for row in rows})],
        "kind": [(kind, words.trouble(kind)) for kind in sorted({row[1] for row in rows})],
        "element": sorted({(row[2], row[3] or row[2]) for row in rows if row[2]}),
        "version": [
            (str(id), f"{definitions.known(id).name} v{definitions.known(id).version}")
            for id in sorted({row[4] for row in rows})
        ],
    }


def names_of(process_ids: list[str]) -> dict[str, str]:
    """{process id: name of its newest version}."""
    query = sa.select(Definition.process_id, Definition.name).where(Definition.is_newest)
    if process_ids:
        query = query.where(Definition.process_id.in_(process_ids))
    return dict(db.session.execute(query).all())


def attempts(found: Incident) -> list[Event]:
    """Every time that the step failed or was tried again, oldest first, the latest twenty."""
    query = (
        sa.select(Event)
        .where(
            Event.instance_id == found.instance_id,
            Event.kind.in_(("failed", "incident", "retried")),
            Event.element_id.is_(None)
            if found.element_id is None
            else Event.element_id == found.element_id,
        )
        .order_by(Event.id.desc())
        .limit(20)
    )
    return list(db.session.scalars(query))[::-1]


def written_by(instance_id: int, names: list[str]) -> dict[str, Event]:
    """{variable: the last event that set it}, of the latest two thousand settings."""
    if not names:
        return {}
    query = (
        sa.select(Event)
        .where(Event.instance_id == instance_id, Event.kind == "variable")
        .order_by(Event.id.desc())
        .limit(2000)
    )
    found: dict[str, Event] = {}
    for event in db.session.scalars(query):
        name = (event.data or {}).get("name")
        if name in names:
            found.setdefault(name, event)
    return found
