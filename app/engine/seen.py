"""What a waiting token sees and where it stands, read from rows: nothing is locked, nothing is run."""

from typing import Any

import sqlalchemy as sa

from app import sql, values, workspace
from app.db import db
from app.engine.cases import Instance, ScopeState, Token
from app.errors import NotFound

MOST_TOKENS = 500
_token, _scope, _instance = Token.__table__, ScopeState.__table__, Instance.__table__
_BOTH = (
    sa.select(_instance.c.header, _token.c.state)
    .outerjoin(
        _token,
        sa.and_(_token.c.instance_id == _instance.c.id, sql.named(_token, "token_id")),
    )
    .where(sql.here(_instance))
)


def variables(instance_id: int, token_id: int) -> dict[str, Any]:
    """As the engine looks names up: the token's own first, then those around it, at last those of
    its process; a called process does not see who called it. A token that is gone sees what the
    case itself has. Raises NotFound for a case that is not of this workspace.
    """
    here = {"the_id": instance_id, "the_token_id": token_id}
    row = sql.one(_BOTH, here | {"the_workspace_id": workspace.current()})
    if row is None:
        raise NotFound()
    return held_by(instance_id, token_id, row.header, row.state)


def held_by(instance_id: int, token_id: int, header: str, state: str | None) -> dict[str, Any]:
    """As `variables`, from what the rows of the case and of the token say, just read."""
    root, held = values.loads(header)[:2] if header else (None, {})
    if state is None:
        return held
    scope, parent, _word, data, _internal = values.loads(state)
    if scope is None and parent == root:
        return {**held, **data}
    return _around(instance_id, token_id, held)


def _around(instance_id: int, token_id: int, case: dict[str, Any]) -> dict[str, Any]:
    """What the token, those around it and the process that it belongs to have; `case` is what the
    case itself has."""
    found: dict[str, Any] = {}
    at: int | None = token_id
    while at is not None:
        state = _state(_token, "token_id", instance_id, at)
        if state is None:
            break
        scope, parent, _word, data, _internal = state
        found = {**data, **found}
        above = _state(_token, "token_id", instance_id, parent) if parent != at else None
        if above is not None and above[0] == scope:
            at = parent
        elif scope is None:
            break
        else:
            _root, _spec, definition, _key, held, _done = _need_scope(instance_id, scope)
            if definition is not None:
                return {**held, **found}
            at = scope
    return {**case, **found}


def _state(table: sa.Table, column: str, instance_id: int, number: int) -> list[Any] | None:
    text = db.session.scalar(
        sa.select(table.c.state).where(
            table.c.instance_id == instance_id, table.c[column] == number
        )
    )
    return None if text is None else values.loads(text)


def _need_scope(instance_id: int, owner: int) -> list[Any]:
    state = _state(_scope, "owner", instance_id, owner)
    if state is None:
        raise NotFound()
    return state


def drawn_at(instance_id: int) -> dict[int, str]:
    """{live token: the element of the case's own drawing where it is}, oldest first: for tokens of
    a called process the step that calls it."""
    rows = db.session.execute(
        sa.select(_token.c.token_id, _token.c.element_id, _token.c.state)
        .where(_token.c.instance_id == instance_id)
        .order_by(_token.c.token_id)
        .limit(MOST_TOKENS)
    ).all()
    called = set(
        db.session.scalars(
            sa.select(_scope.c.owner).where(
                _scope.c.instance_id == instance_id, _scope.c.definition_id.is_not(None)
            )
        )
    )
    around = {row.token_id: values.loads(row.state)[0] for row in rows}
    element = {row.token_id: row.element_id for row in rows}
    found = {}
    for token in around:
        at, drawn = around[token], token
        while at is not None:
            drawn = at if at in called else drawn
            at = around.get(at)
        found[token] = element.get(drawn, element[token])
    return found
