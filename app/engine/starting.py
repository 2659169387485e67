"""A case begins: by a person, a message, a signal or a timer."""

from collections.abc import Mapping
from typing import Any

from app import errors, values
from app.accounts import people
from app.accounts.models import User
from app.engine import definitions, step, store
from app.engine.models import Definition
from app.engine.spiff import instance
from app.i18n import _


def may_start(definition: Definition, user: User) -> bool:
    """May this person start a case? A process that names nobody may be started by everybody."""
    if not definition.startable:
        return False
    named = definition.starter_groups or definition.starter_users
    return (
        not named
        or user.login in definition.starter_users
        or not user.group_ids.isdisjoint(definition.starter_groups)
        or user.is_admin
    )


def check_may_start(definition: Definition, login: str) -> None:
    """Raises NotAllowed with the reason when this person may not start a case."""
    user = people.get(login)
    if user is None or not may_start(definition, user):
        raise errors.NotAllowed(
            _("您不能发起“%(name)s”。如果工作需要，请联系管理员。", name=definition.name)
        )


def begin(
    definition: Definition,
    variables: Mapping[str, Any] | None,
    *,
    by: str | None,
    business_key: str | None = None,
    element: str | None = None,
    caused_by: int | None = None,
) -> store.Case:
    """A case of this version runs until everything in it waits; its row.

    The variables `starter` and `department_id` are set, unless they are given or nobody acts.
    Raises Conflict when the definition is suspended.
    """
    if definition.suspended:
        raise errors.Conflict(_("“%(name)s”已停用，暂时不能发起。", name=definition.name))
    given = values.loads(values.dumps(dict(variables or {})))
    person = people.get(by)
    if by is not None:
        given.setdefault("starter", by)
        given.setdefault("department_id", person.department_id if person else None)
    spec = definitions.spec(definition.id)
    start = element or (spec.plain_entries[0].name if spec.plain_entries else None)
    initiator = definitions.known(definition.id).initiators.get(start or "")
    if initiator and by is not None:
        given[initiator] = by
    case = store.insert(
        definition.id,
        definition.process_id,
        by=by,
        business_key=business_key,
        department_id=_text(given.get("department_id")),
        subject=_text(given.get("subject")),
        caused_by=caused_by,
    )
    step.perform(
        case,
        lambda host: instance.start(
            host.definition(str(definition.id)), host, given, business_key, element
        ),
        lambda _live: None,
        by=by,
        entry=start,
    )
    return case


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def definition_for(process_id: str) -> Definition:
    """The version that a new case gets. Raises NotFound in words when there is none."""
    found = definitions.newest(process_id)
    if found is None:
        raise errors.NotFound(_("没有发布过流程 %(id)s。请先发布，或检查流程编号。", id=process_id))
    return found
