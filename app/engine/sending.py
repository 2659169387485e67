"""Messages that persons send to running cases.

The diagram says who may: `camunda:properties` of the event that waits for the message (a catch, a
boundary event, the start of an event sub-process, a receive task).

    senderGroups    roles, by comma; holders in the case's department if there are any, else all
    senderUsers     logins, by comma, or ${…} that gives one login or a list of them
    senderForm      the form of what the message carries; without it a confirmation is enough
    senderLabel     what the button says; else the name of the event
    senderVariable  the variable that takes the sender's login
    senderTone      danger for what cannot be taken back
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import errors, values, workspace
from app.accounts import people
from app.accounts.models import User
from app.db import db
from app.engine import definitions, delivery, expression, run, seen, step, store, waits
from app.engine.models import Instance, MessageWait, ScopeState, Token

PROPERTIES = ("senderGroups", "senderUsers", "senderForm", "senderLabel", "senderVariable",
              "senderTone")  # fmt: skip
MOST = 50  # waits that one page looks at
_wait, _instance = MessageWait.__table__, Instance.__table__
_token, _scope = Token.__table__, ScopeState.__table__


class NotWaiting(errors.Conflict):
    """实例已经不等这件事了，没有发出。请刷新后查看现在的进展。"""


@dataclass(frozen=True, slots=True)
class Offer:
    """One message that this person may send to one waiting token."""

    instance_id: int
    token_id: int
    definition_id: int  # of the process that draws the event: it may be a called one
    element_id: str
    message: str
    label: str
    hint: str
    form_key: str | None
    variable: str | None
    tone: str
    number: str | None  # business key of the process that waits
    id: None = None  # no task: forms read it like one


def of_cases(ids: Iterable[int], person: User) -> list[Offer]:
    """What the person may send to these cases now, in the order in which they began to wait."""
    return _offers(_wait.c.instance_id.in_(set(ids)), person)


def of_record(number: str, person: User) -> list[Offer]:
    """What the person may send about the record with this number, whatever case waits for it."""
    own = sa.select(_instance.c.id).where(_instance.c.business_key == number)
    about = sa.or_(_wait.c.key == number, _wait.c.business_key == number)
    return _offers(sa.or_(_wait.c.instance_id.in_(own), about), person)


def find(instance_id: int, token_id: int, person: User) -> Offer | None:
    """The offer of this very token; None when it does not wait, or not for this person."""
    one = sa.and_(_wait.c.instance_id == instance_id, _wait.c.token_id == token_id)
    return next(iter(_offers(one, person)), None)


def send(offer: Offer, given: dict[str, Any], person: User) -> None:
    """The token has the message, its case has gone on; the caller commits.

    Raises NotWaiting when it went on meanwhile.
    """
    carried = dict(given)
    if offer.variable:
        carried[offer.variable] = person.login
    found = run.case(offer.instance_id)
    if not waits.still_waits(offer.instance_id, offer.token_id):
        raise NotWaiting()
    told = values.loads(values.dumps(carried))
    store.note(found, "told", by=person.login, name=offer.label, token_id=offer.token_id)
    step.advance(found, lambda live: live.deliver(offer.token_id, told), by=person.login)
    delivery.settle()


def _offers(condition: sa.ColumnElement[bool], person: User) -> list[Offer]:
    query = (
        sa.select(_wait.c.instance_id, _wait.c.token_id, _wait.c.element_id, _wait.c.name,
                  _wait.c.business_key, _instance.c.definition_id, _instance.c.department_id,
                  _instance.c.business_key.label("case_key"))
        .join(_instance, _instance.c.id == _wait.c.instance_id)
        .where(_wait.c.workspace_id == workspace.current(), _instance.c.state == "active",
               condition)
        .order_by(_wait.c.id).limit(MOST)
    )  # fmt: skip
    rows = db.session.execute(query).all()
    drawn = _drawn_in(rows)
    offers = (_offer(row, drawn[row.instance_id, row.token_id], person) for row in rows)
    return [offer for offer in offers if offer is not None]


def _offer(row: Any, definition_id: int, person: User) -> Offer | None:
    node = _node(definition_id, row.element_id)
    said = node.properties if node is not None else {}
    if not _may(said, row, person):
        return None
    return Offer(
        row.instance_id, row.token_id, definition_id, row.element_id, row.name,
        said.get("senderLabel") or node.bpmn_name or row.name, node.documentation or "",
        said.get("senderForm") or None, said.get("senderVariable") or None,
        said.get("senderTone") or "", row.business_key or row.case_key,
    )  # fmt: skip


def _node(definition_id: int, element_id: str) -> Any:
    """The event itself; for an event sub-process its start."""
    for node in definitions.spec(definition_id).nodes():
        if node.name == element_id:
            body = getattr(node, "body", None)
            return body.entries[0] if body is not None and body.entries else node
    return None


def _may(said: dict[str, str], row: Any, person: User) -> bool:
    groups = {part.strip() for part in said.get("senderGroups", "").split(",") if part.strip()}
    for group in groups & set(person.group_ids):
        if person.login in _holders(group, row.department_id):
            return True
    text = said.get("senderUsers", "")
    return bool(text) and person.login in _logins(text, row)


def _holders(group: str, department_id: str | None) -> list[str]:
    """As candidates of a task are found: near the record, else everywhere."""
    near = people.holders(group, department_id) if department_id else []
    return near or people.holders(group)


def _logins(text: str, row: Any) -> set[str]:
    """The logins that the property names; none when its expression fails on this case."""
    if "${" not in text and not text.startswith("="):
        return {part.strip() for part in text.split(",")}
    try:
        variables = seen.variables(row.instance_id, row.token_id)
        found = expression.result(expression.template(text), variables)
    except expression.Bad:
        return set()
    named = found if isinstance(found, list) else [found]
    return {one for one in named if isinstance(one, str)}


def _drawn_in(rows: Iterable[Any]) -> dict[tuple[int, int], int]:
    """{(case, token): the version that draws its element}: a called process has its own."""
    rows = list(rows)
    ids = {row.instance_id for row in rows}
    scopes: dict[int, dict[int, tuple[int | None, int]]] = defaultdict(dict)
    if ids:
        held = sa.select(_scope.c.instance_id, _scope.c.owner, _scope.c.definition_id)
        for case, owner, definition in db.session.execute(
            held.where(_scope.c.instance_id.in_(ids))
        ):
            scopes[case][owner] = definition
    return {
        (row.instance_id, row.token_id):
            _around(row.instance_id, row.token_id, scopes[row.instance_id]) or row.definition_id
        for row in rows
    }  # fmt: skip


def _around(instance_id: int, token_id: int, scopes: dict[int, Any]) -> int | None:
    at: int | None = token_id
    while at is not None and scopes:
        text = db.session.scalar(
            sa.select(_token.c.state).where(
                _token.c.instance_id == instance_id, _token.c.token_id == at
            )
        )
        scope = values.loads(text)[0] if text else None
        if scope is not None and scopes.get(scope) is not None:
            return int(scopes[scope])
        at = scope
    return None
