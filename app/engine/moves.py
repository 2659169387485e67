"""Tokens of a stored case moved by an administrator: what may be chosen, and the move itself.

Looking locks nothing and runs nothing; the case is rebuilt from its rows for it.
"""

from typing import Any

import sqlalchemy as sa

from app import clock, errors, workspace
from app.db import db
from app.engine import delivery, incidents, run, step, store
from app.engine.host import StepHost
from app.engine.models import Instance
from app.engine.spiff import moving
from app.i18n import _

_instance = Instance.__table__


def standing(instance_id: int) -> list[moving.Standing]:
    """Every live token of the case, by id; [] when it has ended. Raises NotFound."""
    live = _looked_at(instance_id)
    return moving.standing(live) if live is not None else []


def targets(instance_id: int, token_id: int) -> list[moving.Target]:
    """Where the token may go, and why not elsewhere. Raises NotFound, Conflict when it is gone."""
    live = _looked_at(instance_id)
    try:
        return moving.targets(live, token_id) if live is not None else []
    except KeyError as error:
        raise _gone() from error


def move(instance_id: int, token_id: int, element_id: str, *, reason: str, by: str) -> None:
    """The token has left its element undone and went on from the other one.

    Its open incidents are resolved. Raises Conflict when the token is gone or may not go there,
    NotRunning when the case does not run, StepFailed when the new element fails at once.
    """
    found = run.case(instance_id)
    try:
        step.advance(found, lambda live: moving.move(live, token_id, element_id, reason), by=by)
    except KeyError as error:
        raise _gone() from error
    except moving.Immovable as refusal:
        raise errors.Conflict(str(refusal)) from refusal
    incidents.close(found, token_id, by, reason)
    delivery.settle()


def _gone() -> errors.Conflict:
    return errors.Conflict(_("实例已经离开了这一步。请刷新后查看。"))


def _looked_at(instance_id: int) -> Any | None:
    columns = [_instance.c[name] for name in store.Case.__slots__]
    row = db.session.execute(
        sa.select(*columns).where(
            _instance.c.id == instance_id, _instance.c.workspace_id == workspace.current()
        )
    ).one_or_none()
    if row is None:
        raise errors.NotFound()
    case = store.Case(*row)
    if case.state not in ("active", "suspended") or not case.header:
        return None
    host = StepHost(
        case.id, case.workspace_id, by=None, started_by=case.started_by, at=clock.now(),
        limits=step.limits(), seen_id=case.last_id,
    )  # fmt: skip
    return store.load(case, host)
