"""One process, table or form of a deployment becomes the newest version of its id."""

import hashlib

import sqlalchemy as sa
from lxml import etree

from app import clock
from app.accounts.models import Group
from app.db import db
from app.engine import definitions, expression, forms, memory, timers, waits
from app.engine.findings import Finding
from app.engine.models import Decision, Definition, DeploymentFile, Subscription
from app.engine.read import camunda
from app.engine.spiff.spec import ProcessSpec
from app.feel import dmn


def form_findings(name: str, data: bytes) -> list[Finding]:
    """What is wrong with a form file."""
    return forms.check(data, name)


def group_ids() -> frozenset[str]:
    """The roles that exist."""
    return frozenset(db.session.scalars(sa.select(Group.id)))


def uses(spec: ProcessSpec, root: etree._Element) -> dict[str, list[str]]:
    """What the process names: forms, decisions, called processes, topics, caught messages."""
    found: dict[str, set[str]] = {
        key: set() for key in ("forms", "decisions", "calls", "topics", "catches", "info")
    }
    process = next(node for node in root.iter() if node.get("id") == spec.id)
    attributes = {
        "forms": (camunda("formRef"), camunda("formKey")),
        "decisions": (camunda("decisionRef"),),
        "calls": ("calledElement",),
        "topics": (camunda("topic"),),
    }
    for node in process.iter(etree.Element):
        for key, names in attributes.items():
            found[key] |= {value for name in names if (value := node.get(name))}
        if node.tag == camunda("property") and node.get("name") == "senderForm":
            found["forms"].add(node.get("value") or "")
    found["catches"] = set(_caught(spec))
    found["info"] = {
        name for name in found["catches"] if spec.properties.get(f"message:{name}") == "info"
    }
    return {key: sorted(names) for key, names in found.items()}


def _caught(spec: ProcessSpec) -> list[str]:
    """Names of the messages that running cases of the process can catch."""
    names = []
    for node in spec.nodes():
        if node in spec.entries:
            continue
        for trigger in node.triggers:
            if trigger.kind == "message" and trigger.key is not None:
                fixed = expression.is_constant(trigger.key)
                names.append(str(trigger.key({})) if fixed else waits.ANY)
    return names


def decisions(model: dmn.Model, file: DeploymentFile) -> None:
    """Each decision of the file is the newest of its id, unless its file has not changed."""
    for decision in model.decisions.values():
        before = db.session.scalar(
            sa.select(Decision)
            .where(Decision.decision_id == decision.id)
            .order_by(Decision.version.desc())
            .limit(1)
        )
        if before is not None and before.file.content_hash == file.content_hash:
            continue
        db.session.add(
            Decision(
                decision_id=decision.id,
                version=before.version + 1 if before else 1,
                name=decision.name or "",
                deployment_id=file.deployment_id,
                file_id=file.id,
            )
        )
    db.session.flush()


def version(
    spec: ProcessSpec, file: DeploymentFile, used: dict[str, list[str]], deployment_id: int
) -> Definition:
    """The process is the newest version of its id; itself again when nothing in it has changed."""
    before = definitions.newest(spec.id)
    digest = _digest(spec.id, file, used, deployment_id)
    if before is not None and before.content_hash == digest:
        return before
    starts = spec.starts()
    made = Definition(
        process_id=spec.id,
        version=before.version + 1 if before else 1,
        deployment_id=deployment_id,
        file_id=file.id,
        content_hash=digest,
        name=(spec.description or spec.id)[:300],
        record_entity=spec.properties.get("record"),
        starter_groups=_list(spec.attributes.get("candidateStarterGroups")),
        starter_users=_list(spec.attributes.get("candidateStarterUsers")),
        documentation=spec.documentation or "",
        start_form=_start_form(spec),
        startable=any(start.kind == "none" for start in starts),
        uses=used,
        created_at=clock.real_now(),
    )
    if before is not None:
        before.is_newest = False
        _unsubscribe(before)
    db.session.add(made)
    db.session.flush()
    memory.publishes(db.session(), made.id)
    _subscribe(made, spec, used)
    return made


def shows_other_forms(definition: Definition, deployment_id: int) -> bool:
    """Would the process be another version only for the forms that this deployment has?"""
    used = _digest(definition.process_id, definition.file, definition.uses, deployment_id)
    return used != definition.content_hash


def _digest(
    process_id: str, file: DeploymentFile, used: dict[str, list[str]], deployment_id: int
) -> str:
    """The process's file and the forms that it shows, as this deployment has them."""
    parts = [process_id, file.content_hash]
    for key in used["forms"]:
        form = definitions.file_of(f"{key}.form", deployment_id)
        parts.append(form.content_hash if form else "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _start_form(spec: ProcessSpec) -> str | None:
    plain = next((node for node in spec.entries if node.trigger.kind == "none"), None)
    return (plain.x.get("formRef") or plain.x.get("formKey")) if plain is not None else None


def _unsubscribe(definition: Definition) -> None:
    """An older version starts no more cases by itself; those that run go on."""
    db.session.execute(sa.delete(Subscription).where(Subscription.definition_id == definition.id))
    timers.disarm(definition.id)


def _subscribe(definition: Definition, spec: ProcessSpec, used: dict[str, list[str]]) -> None:
    for start in spec.starts():
        if start.kind in ("message", "signal") and start.name:
            _listen(definition, start.element_id, start.kind, start.name)
        elif start.kind == "timer":
            timers.arm_everywhere(definition, start)
    for name in used["catches"]:
        _listen(definition, "", "info" if name in used["info"] else "catch", name)
    db.session.flush()


def _listen(definition: Definition, element_id: str, kind: str, name: str) -> None:
    db.session.add(
        Subscription(
            definition_id=definition.id,
            process_id=definition.process_id,
            element_id=element_id,
            kind=kind,
            name=name,
        )
    )
