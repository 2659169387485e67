"""The variables that a waiting token sees, read from rows: nothing is locked, nothing is run."""

from typing import Any

import sqlalchemy as sa

from app import values
from app.db import db
from app.engine.cases import Instance, ScopeState, Token
from app.errors import NotFound

_token, _scope = Token.__table__, ScopeState.__table__


def variables(instance_id: int, token_id: int) -> dict[str, Any]:
    """As the engine looks names up: the token's own first, then those around it, at last those of
    its process; a called process does not see who called it. A token that is gone sees what the
    case itself has. Raises NotFound for a case that is not of this workspace.
    """
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
    return {**_of_case(instance_id), **found}


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


def _of_case(instance_id: int) -> dict[str, Any]:
    row = db.session.execute(
        sa.select(Instance.header).where(Instance.id == instance_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return values.loads(row.header)[1] if row.header else {}
