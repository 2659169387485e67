"""A person's task, done as the person would: through its form, with what the form already shows.

The demo company is brought to life with it, and the tests play the flows with it.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from app import clock, errors
from app.accounts import people
from app.db import db
from app.engine import files, forms, run
from app.engine.models import UserTask
from app.inbox import forms as inbox_forms
from app.inbox import sight
from app.inbox.directory import Directory
from app.jobs import queue


def begin(process_id: str, by: str, **variables: Any) -> int:
    """A case has begun and gone as far as it goes without a person; its id. Commits."""
    made = run.start(process_id, variables, by=by)
    settle()
    return made.id


def tell(name: str, key: str, **variables: Any) -> None:
    """The message has reached who waits for it, and what follows has happened. Commits."""
    run.correlate(name, key, variables)
    settle()


def do(element: str, by: str, outcome: str | None = None, *, case: int | None = None,
       **values: Any) -> UserTask:  # fmt: skip
    """The newest open task of this element is done by the person, and what follows has happened.

    `values`: what the person changes in the form. Commits. Raises NotFound when there is no such
    task, NotAllowed when it is not the person's, Invalid with `fields` when the form refuses.
    """
    task = newest(element, case)
    run.complete(task.id, handed_in(task, by, outcome, values), by=by)
    settle()
    return task


def handed_in(
    task: UserTask, by: str, outcome: str | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables with which the person's form completes the task. Raises NotAllowed when it is
    not the person's, Invalid with `fields` when the form refuses."""
    person = people.get(by)
    if person is None or not sight.may_act(task, person):
        raise errors.NotAllowed(f"{by} may not do {task.element_id}")
    judged = judge(task, by, outcome, values, _attached(values))
    if not judged.ok:
        raise errors.Invalid(str(judged.errors), fields=judged.errors)
    return dict(judged.values) | ({"outcome": judged.outcome} if judged.outcome else {})


def attach(task: UserTask, name: str, content: bytes, by: str) -> dict[str, Any]:
    """The person uploads a file for the task; its value for a field. The caller commits."""
    return files.keep(
        io.BytesIO(content), name, folder=inbox_forms.uploads(), by=by, at=clock.now(),
        limit=len(content), instance_id=task.instance_id, task_id=task.id,
    ).value()  # fmt: skip


def _attached(values: Any) -> dict[str, dict[str, Any]]:
    """{id as text: value} of the uploads among the values, however deep."""
    if isinstance(values, Mapping):
        if {"id", "name", "size", "type"} == set(values):
            return {str(values["id"]): dict(values)}
        values = list(values.values())
    found: dict[str, dict[str, Any]] = {}
    for one in values if isinstance(values, list) else ():
        found |= _attached(one)
    return found


def newest(element: str, case: int | None = None) -> UserTask:
    """The open task of this element that began last. Raises NotFound."""
    query = sa.select(UserTask).where(UserTask.state == "open", UserTask.element_id == element)
    if case is not None:
        query = query.where(UserTask.instance_id == case)
    task = db.session.scalars(query.order_by(UserTask.id.desc()).limit(1)).first()
    if task is None:
        raise errors.NotFound(element)
    return task


def judge(
    task: UserTask, by: str, outcome: str | None, values: Mapping[str, Any],
    uploads: Mapping[str, dict[str, Any]] | None = None,
) -> forms.Judged:  # fmt: skip
    """What the form says to these values over what it shows; its first verb when none is given."""
    form = inbox_forms.form_of(task)
    outcome = outcome or (form.buttons[0].outcome if form.buttons else None)
    context = inbox_forms.context_of(task)
    return forms.judge_values(
        form, filled(form.components, context, values), uploads or {}, context, outcome,
        directory=Directory(people.get(by)),
    )  # fmt: skip


def settle() -> None:
    """What was done is committed, and so is all that is due after it."""
    db.session.commit()
    queue.run_due()


def filled(
    components: list[forms.Component], stored: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What a browser would hand in: what is typed, over what the form already showed.

    A row of a list names the shown row that it was with `_row`. Raises ValueError for a field
    that the form has not.
    """
    out: dict[str, Any] = {}
    for component in _fields(components):
        *way, key = component.address
        was, new, target = stored, given, out
        for part in way:
            was, new = (was or {}).get(part) or {}, (new or {}).get(part) or {}
            target = target.setdefault(part, {})
        if component.type == "dynamiclist":
            target[key] = _rows(component, was.get(key) or [], new.get(key))
        elif key in new:
            target[key] = new[key]
        else:
            target[key] = was.get(key) if was.get(key) is not None else component.default
    unknown = set(given) - set(out)
    if unknown:
        raise ValueError(f"the form has no {sorted(unknown)}")
    return out


def _fields(components: list[forms.Component]) -> Iterator[forms.Component]:
    for component in components:
        if component.type == "group":
            yield from _fields(component.children)
        elif component.is_input or component.type == "dynamiclist":
            yield component


def _rows(component: forms.Component, was: list[Any], new: list[Any] | None) -> list[Any]:
    if new is None:
        new = [{"_row": index} for index in range(len(was))]
    rows = []
    for row in new:
        origin = row.get("_row")
        before = was[origin] if origin is not None else {}
        rest = {key: value for key, value in row.items() if key != "_row"}
        made = filled(component.children, before, rest)
        rows.append(made if origin is None else made | {"_row": str(origin)})
    return rows
