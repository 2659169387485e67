"""Rows -> tokens and scopes: the same tree that they were written from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.spiff.ledger import STATES, kind_of
from app.engine.spiff.rows import Header, ScopeRow, TokenRow
from app.engine.spiff.spec import ScopeSpec
from app.engine.spiff.token import Scope, Token

if TYPE_CHECKING:
    from app.engine.spiff.instance import Instance

_STATES = {name: state for state, name in STATES.items()}


def fill(live: Instance, header: Header, scopes: list[ScopeRow], tokens: list[TokenRow]) -> None:
    """Plant everything that was alive into a fresh instance."""
    live.compensations, live.business_key = header.compensations, header.business_key
    live.ended, live.completed, live.last_id = (
        header.ended,
        header.ended is not None,
        header.last_id,
    )
    live.plant(header.root)
    inside: dict[int | None, list[TokenRow]] = {}
    for row in sorted(tokens, key=lambda row: row.id):  # an owner is older than what it owns
        inside.setdefault(row.scope, []).append(row)
    owned = {row.owner: row for row in scopes}
    todo: list[tuple[int | None, Scope]] = [(None, live)]
    while todo:
        owner, scope = todo.pop()
        for row in inside.get(owner, ()):
            token = _token(live, scope, row)
            if row.id in owned:
                todo.append((row.id, _scope(live, token, owned[row.id])))


def _token(live: Instance, scope: Scope, row: TokenRow) -> Token:
    node = _node(scope, row.element_id)
    token = Token(scope, node, scope.tasks[row.parent], _STATES[row.state], row.id)
    token.data, token.internal_data = row.data, row.internal
    token.stored = kind_of(token)
    live.register(token)
    return token


def _node(scope: Scope, element_id: str) -> Any:
    """A compensation handler may hang in a scope inside its own; KeyError when there is no such node."""
    while element_id not in scope.spec.task_specs:
        if scope.parent_task is None:
            raise KeyError(element_id)
        scope = scope.parent_task.workflow
    return scope.spec.task_specs[element_id]


def _scope(live: Instance, token: Token, row: ScopeRow) -> Scope:
    spec: ScopeSpec
    if row.definition is None:
        spec = token.task_spec.body
    else:
        spec = live.host.definition(row.definition)
    scope = Scope(spec, live, token, row.variables)
    scope.compensations, scope.business_key = row.compensations, row.business_key
    scope.stored = True
    scope.plant(row.root)
    live.inner[token.id] = scope
    return scope
