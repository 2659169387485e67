"""What a flow is made of, at a glance: roles and who holds them, forms, documents."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine import forms
from app.engine.findings import Unreadable
from app.engine.published import Definition, DeploymentFile, FileContent
from app.library.steps import Step
from app.records import entities

BY_PEOPLE = ("用户任务", "人工步骤")
QUOTED = re.compile(r'"(\w+)"')
MOST_HOLDERS = 4  # names beside a role; the rest as a number


@dataclass(frozen=True)
class Role:
    """A lane in which people work: the roles it names, how many tasks they have, and whether the
    case itself says who (its owner, its approver)."""

    lane: str
    groups: tuple[str, ...]
    tasks: int
    is_named: bool


@dataclass(frozen=True)
class Holders:
    """The first few who hold a role, and how many there are."""

    names: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Documents:
    """Kinds of records and papers of a flow; `files` is what may be attached: (label, form)."""

    own: str | None
    has_paper: bool
    read: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def roles(steps: Mapping[str, Step], known: Iterable[str]) -> list[Role]:
    """The lanes with work for people, in the order of the file; `known` are the roles there are."""
    lanes: dict[str, list[Step]] = {}
    for step in steps.values():
        if step.kind in BY_PEOPLE:
            lanes.setdefault(step.lane, []).append(step)
    return [_role(lane, work, frozenset(known)) for lane, work in lanes.items()]


def _role(lane: str, work: list[Step], known: frozenset[str]) -> Role:
    texts = [text for step in work for text in step.groups]
    words = [word for text in texts for word in [text, *QUOTED.findall(text)]]
    is_named = any("${" in text for text in (*texts, *(step.assignee or "" for step in work)))
    groups = dict.fromkeys(word for word in words if word in known)
    return Role(lane, tuple(groups), len(work), is_named)


def holders(found: Iterable[Role]) -> dict[str, Holders]:
    """{role: who holds it} of those that the lanes name, in one query."""
    wanted = {group for role in found for group in role.groups}
    return {
        group: Holders(names, count)
        for group, (names, count) in people.first_holders(wanted, MOST_HOLDERS).items()
    }


def shown_forms(steps: Mapping[str, Step]) -> dict[str, list[Step]]:
    """{form: the steps that show it}, in the order of the file."""
    found: dict[str, list[Step]] = {}
    for step in steps.values():
        for key in dict.fromkeys((step.form, step.told_by)):
            if key:
                found.setdefault(key, []).append(step)
    return found


def documents(definition: Definition, keys: Iterable[str]) -> Documents:
    """What the flow works on, looks at and takes in, as its file and its forms say."""
    read, files = _in_forms(definition.content_hash, definition.deployment_id, tuple(sorted(keys)))
    listed, own = entities(), definition.record_entity
    return Documents(
        own=own if own in listed else None,
        has_paper=own is not None and f"/records/{own}/<key>.pdf" in _rules(),
        read=tuple(name for name in read if name in listed and name != own),
        files=files,
    )


def _rules() -> set[str]:
    return {rule.rule for rule in current_app.url_map.iter_rules()}


# a version's hash stands for its file and the forms it shows, in every database
@functools.lru_cache(maxsize=256)
def _in_forms(
    _content_hash: str, deployment_id: int, keys: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """(entities that the forms look up or show, (label, form) of the files that they take)."""
    read: dict[str, None] = {}
    files: dict[tuple[str, str], None] = {}
    for key, content in _contents(keys, deployment_id):
        try:
            form = forms.load(content, key)
        except Unreadable:
            continue  # published when it could be read; the step shows what is wrong with it
        for one in _every(form.components):
            read.update(dict.fromkeys(name for name in (one.entity, one.record) if name))
            if one.type == "filepicker":
                files[one.label, key] = None
    return tuple(read), tuple(files)


def _every(components: Iterable[forms.Component]) -> Iterable[forms.Component]:
    for one in components:
        yield one
        yield from _every(one.children)


def _contents(keys: tuple[str, ...], deployment_id: int) -> list[tuple[str, bytes]]:
    """(form, its file) as this deployment has them, in one query."""
    newest = (
        sa.select(DeploymentFile.name, sa.func.max(DeploymentFile.deployment_id).label("id"))
        .where(
            DeploymentFile.name.in_([f"{key}.form" for key in keys]),
            DeploymentFile.deployment_id <= deployment_id,
        )
        .group_by(DeploymentFile.name)
        .subquery()
    )
    query = (
        sa.select(DeploymentFile.name, FileContent.content)
        .join(newest, sa.and_(newest.c.name == DeploymentFile.name,
                              newest.c.id == DeploymentFile.deployment_id))
        .join(FileContent, FileContent.hash == DeploymentFile.content_hash)
        .order_by(DeploymentFile.name)
    )  # fmt: skip
    return [(name.removesuffix(".form"), content) for name, content in db.session.execute(query)]
