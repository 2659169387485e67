"""Versions of processes, compiled once and kept: by id, by name, as a call activity means them.

A deployment says what is newest from then on; a form or table "of a deployment" is the newest one
that was published with or before it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import sql
from app.db import db
from app.engine import memory
from app.engine.models import Decision, Definition, DeploymentFile, FileContent
from app.engine.normalise import normalise
from app.engine.read import diagram
from app.engine.spiff import parse
from app.engine.spiff.spec import ProcessSpec
from app.feel import dmn


@dataclass(frozen=True, slots=True)
class Known:
    """What the engine keeps in mind of a version, beside its compiled form."""

    id: int
    process_id: str
    version: int
    deployment_id: int
    name: str
    content_hash: str
    record_entity: str | None
    names: Mapping[str, str | None]  # element id: its name
    initiators: Mapping[str, str]  # start event: the variable that takes who starts


def alone() -> None:
    """Until the transaction ends nobody else changes which versions are in force, and where.

    What was read before may have changed meanwhile. Where one writer has the whole file it is
    alone anyway.
    """
    if sql.locks_rows():
        key = sa.func.hashtextextended("definitions in force", 0)
        sql.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def spec(definition_id: int) -> ProcessSpec:
    """The compiled version. Raises LookupError when there is none."""
    kept = memory.here().specs
    if definition_id not in kept:
        kept[definition_id] = compiled(definition_id)
    return kept[definition_id]


def compiled(definition_id: int) -> ProcessSpec:
    """The version, compiled anew: the caller may change it."""
    query = (
        sa.select(Definition.process_id, DeploymentFile.name, FileContent.content)
        .join(DeploymentFile, Definition.file_id == DeploymentFile.id)
        .join(FileContent, FileContent.hash == DeploymentFile.content_hash)
        .where(Definition.id == definition_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"there is no definition {definition_id}")
    made = parse.diagram(normalise(diagram(row.name, row.content), row.name))[row.process_id]
    made.key = str(definition_id)
    return made


def known(definition_id: int) -> Known:
    """The version's facts. Raises LookupError when there is none."""
    kept = memory.here().rows
    if definition_id not in kept:
        row = db.session.get(Definition, definition_id)
        if row is None:
            raise LookupError(f"there is no definition {definition_id}")
        made = spec(definition_id)
        kept[definition_id] = Known(
            row.id,
            row.process_id,
            row.version,
            row.deployment_id,
            row.name,
            row.content_hash,
            row.record_entity,
            {node.name: node.bpmn_name for node in made.nodes()},
            {start.element_id: start.initiator for start in made.starts() if start.initiator},
        )
    return kept[definition_id]


def newest(process_id: str) -> Definition | None:
    """The version that new cases get."""
    return db.session.scalar(
        sa.select(Definition).where(Definition.process_id == process_id, Definition.is_newest)
    )


def every_newest() -> list[Definition]:
    """The newest version of every process, by process id."""
    return list(
        db.session.scalars(
            sa.select(Definition).where(Definition.is_newest).order_by(Definition.process_id)
        )
    )


def called(process_id: str, binding: str, version: str | None, caller: str) -> ProcessSpec | None:
    """What a call activity of the definition `caller` means by a process id; None if nothing."""
    query = sa.select(Definition.id).where(Definition.process_id == process_id)
    if binding == "version":
        if not (version or "").isdigit():
            return None
        query = query.where(Definition.version == int(version or 0))
    elif binding == "deployment":
        query = query.where(Definition.deployment_id <= known(int(caller)).deployment_id)
    found = db.session.scalar(query.order_by(Definition.version.desc()).limit(1))
    return None if found is None else spec(found)


def file_of(name: str, deployment_id: int) -> DeploymentFile | None:
    """The file as it was when this deployment was published."""
    return db.session.scalar(
        sa.select(DeploymentFile)
        .where(DeploymentFile.name == name, DeploymentFile.deployment_id <= deployment_id)
        .order_by(DeploymentFile.deployment_id.desc())
        .limit(1)
    )


def form(definition_id: int, key: str) -> bytes | None:
    """The form's file as the cases of a version see it; None when there is none."""
    kept = memory.here().forms
    content = kept.get((definition_id, key))
    if content is None:
        found = file_of(f"{key}.form", known(definition_id).deployment_id)
        if found is None:
            return None
        content = kept[definition_id, key] = found.content
    return content


def table(
    decision_id: str, binding: str = "latest", version: str | None = None, caller: str | None = None
) -> dmn.Decision | None:
    """The decision that a business rule task of the definition `caller` means."""
    found = decision(decision_id, binding, version, caller)
    return None if found is None else model(found.file).find(decision_id)


def decision(
    decision_id: str, binding: str = "latest", version: str | None = None, caller: str | None = None
) -> Decision | None:
    """The version of a decision that is meant."""
    query = sa.select(Decision).where(Decision.decision_id == decision_id)
    if binding == "version":
        query = query.where(Decision.version == int(version or 0))
    elif binding == "deployment" and caller is not None:
        query = query.where(Decision.deployment_id <= known(int(caller)).deployment_id)
    return db.session.scalar(query.order_by(Decision.version.desc()).limit(1))


def model(file: DeploymentFile) -> dmn.Model:
    """The compiled tables of a file, kept by content."""
    kept = memory.here().tables
    if file.content_hash not in kept:
        kept[file.content_hash] = dmn.load(file.content, file.name)
    return kept[file.content_hash]


def stopped_at(definition_id: int, elements: Iterable[str]) -> ProcessSpec:
    """The version compiled apart, in which tokens stop as jobs in front of some elements.

    A boundary event stands for the activity that it is attached to.
    """
    made = compiled(definition_id)
    wanted = set(elements)
    for node in made.nodes():
        if node.name in wanted or any(event.name in wanted for event in node.boundaries):
            node.async_before = True
    return made


def element_name(definition_id: int | None, element_id: str | None) -> str | None:
    """The name of an element as drawn, if it has one."""
    if definition_id is None or element_id is None:
        return None
    return known(definition_id).names.get(element_id)


def facts(rows: Iterable[Any]) -> dict[int, str]:
    """{definition id: name of the process} for a page of rows that have a `definition_id`."""
    return {id: known(id).name for id in {row.definition_id for row in rows}}


def roles_of(definition_id: int, element_id: str) -> frozenset[str]:
    """The roles that the drawing itself names for a user task; not what a case computes."""
    for node in spec(definition_id).nodes():
        if node.name == element_id and getattr(node, "for_people", False):
            text = node.texts.get("groups")
            if text is not None and text.is_constant:
                return frozenset(part.strip() for part in str(text({})).split(","))
            return frozenset(node.lane.groups if node.lane and text is None else ())
    return frozenset()


def stop_for(definition_id: int, element_id: str) -> str:
    """The element in front of which to stop when this one fails: itself, or the activity that a
    boundary event is attached to."""
    for node in spec(definition_id).nodes():
        if any(event.name == element_id for event in node.boundaries):
            return node.name
    return element_id
