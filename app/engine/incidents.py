"""Incidents: a step failed and waits for a person."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app import clock, measure, signals, values
from app.db import db
from app.engine import facts, store
from app.engine.models import Incident

if TYPE_CHECKING:
    from app.engine.step import Failure

_incident = Incident.__table__
LARGEST_VALUES = 50_000  # characters


def raise_for(
    case: store.Case, failure: Failure, *, token_id: int | None, attempts: int = 1
) -> int:
    """The failure is an open incident of the case; its id. A token has one at most."""
    known = _open_of(case.id, token_id, failure.element)
    fields: dict[str, Any] = {
        "kind": failure.kind[:30],
        "message": failure.message[:4000],
        "signature": signature(failure.message),
        "values": storable(failure.values),
        "stack": failure.stack or None,
    }
    if known is not None:
        db.session.execute(
            sa.update(_incident)
            .where(_incident.c.id == known)
            .values(**fields, attempts=_incident.c.attempts + attempts)
        )
        return known
    fields |= {
        "workspace_id": case.workspace_id,
        "instance_id": case.id,
        "token_id": token_id,
        "element_id": failure.element,
        "element_name": failure.name,
        "process_id": case.process_id,
        "attempts": attempts,
        "state": "open",
        "created_at": clock.now(),
    }
    made = db.session.execute(sa.insert(_incident), fields).inserted_primary_key[0]
    store.set_state(case, incidents=case.incidents + 1)
    store.note(
        case,
        "incident",
        by=None,
        element_id=failure.element,
        name=failure.name,
        token_id=token_id,
        data={"message": failure.message[:500], "kind": failure.kind},
    )
    measure.after_commit(
        "incident", incident_id=made, workspace=case.workspace_id, instance_id=case.id,
        process=case.process_id, element=failure.element, kind=failure.kind,
    )  # fmt: skip
    signals.incident_raised.send(
        case.id, incident_id=made, message=failure.message, failure=failure, facts=facts.Facts(case)
    )
    return made


def signature(message: str) -> str:
    """What messages that differ only in their figures have in common."""
    return hashlib.sha256(re.sub(r"\d+", "#", message).encode()).hexdigest()[:16]


def storable(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values that can be kept and are not too long; what is left out is named."""
    kept: dict[str, Any] = {}
    left = LARGEST_VALUES
    for name, value in (found or {}).items():
        try:
            size = len(values.dumps(value))
        except TypeError:
            kept[name] = f"({type(value).__name__})"
            continue
        kept[name] = value if size <= left else f"({size} characters)"
        left -= size if size <= left else 0
    return kept or None


def _open_of(instance_id: int, token_id: int | None, element_id: str | None) -> int | None:
    return db.session.scalar(
        sa.select(_incident.c.id).where(
            _incident.c.instance_id == instance_id,
            _incident.c.token_id.is_(token_id)
            if token_id is None
            else _incident.c.token_id == token_id,
            _incident.c.element_id == element_id,
            _incident.c.state == "open",
        )
    )


def close(case: store.Case, token_id: int | None, by: str | None, reason: str) -> None:
    """The open incidents of a token are resolved."""
    query = sa.update(_incident).where(
        _incident.c.instance_id == case.id, _incident.c.state == "open"
    )
    _resolve(case, query.where(_incident.c.token_id == token_id), by, reason)


def close_one(case: store.Case, incident_id: int, by: str | None, reason: str) -> None:
    """This incident is resolved, by that person and for that reason also if it was already."""
    query = sa.update(_incident).where(_incident.c.id == incident_id)
    was_open = query.where(_incident.c.state == "open")
    _resolve(case, was_open, by, reason)
    db.session.execute(query.values(resolved_by=by, reason=reason))


def close_all(case: store.Case, by: str | None, reason: str) -> None:
    """All open incidents of the case are resolved."""
    query = sa.update(_incident).where(
        _incident.c.instance_id == case.id, _incident.c.state == "open"
    )
    _resolve(case, query, by, reason)


def _resolve(case: store.Case, query: sa.Update, by: str | None, reason: str) -> None:
    done = db.session.execute(
        query.values(state="resolved", resolved_at=clock.now(), resolved_by=by, reason=reason)
    ).rowcount
    if done and case.incidents:
        store.set_state(case, incidents=max(0, case.incidents - done))
