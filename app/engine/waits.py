"""Who waits for a message or a signal, who is started by one, and messages that came too early."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock, errors, sql, workspace
from app.db import db
from app.engine.models import (
    Definition,
    Instance,
    KeptMessage,
    MessageWait,
    SignalWait,
    Subscription,
)
from app.engine.spiff.host import Message
from app.i18n import _

KEPT_FOR = dt.timedelta(days=7)  # conventions §9
ANY = "*"  # a subscription to names that are only known while a case runs
_message, _signal = MessageWait.__table__, SignalWait.__table__
_instance, _kept = Instance.__table__, KeptMessage.__table__
_subscription = Subscription.__table__


class SeveralWait(errors.Conflict):
    """有多个实例在等待同一条消息，无法确定发给谁。请给出关联编号。"""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A token that waits, and the key it waits with."""

    instance_id: int
    token_id: int
    key: str | None
    business_key: str | None


def find(name: str, key: str | None, *, instance_id: int | None = None) -> Receiver | None:
    """The one token that this message is for.

    A key must equal the wait's; a wait without one is meant by the key of its case, else by
    any key. Raises SeveralWait when cases tie; in one case the token that waited first has it.
    """
    query = (
        sa.select(
            _message.c.instance_id, _message.c.token_id, _message.c.key, _message.c.business_key
        )
        .join(_instance, _instance.c.id == _message.c.instance_id)
        .where(
            _message.c.workspace_id == workspace.current(),
            _message.c.name == name,
            _instance.c.state == "active",
        )
        .order_by(_message.c.id)
    )
    if key is not None:
        query = query.where(sa.or_(_message.c.key == key, _message.c.key.is_(None)))
    if instance_id is not None:
        query = query.where(_message.c.instance_id == instance_id)
    found = [Receiver(*row) for row in db.session.execute(query.limit(1000))]
    best = min((_rank(one, key) for one in found), default=None)
    meant = [one for one in found if _rank(one, key) == best]
    if len({one.instance_id for one in meant}) > 1:
        raise SeveralWait(
            _(
                "有 %(n)s 个实例在等待消息“%(name)s”，无法确定发给谁。请给出关联编号。",
                n=len({one.instance_id for one in meant}),
                name=name,
            )
        )
    return meant[0] if meant else None


def every(name: str, key: str | None) -> list[Receiver]:
    """The token that waited first in each case that waits for this message with this key."""
    query = (
        sa.select(
            _message.c.instance_id, _message.c.token_id, _message.c.key, _message.c.business_key
        )
        .join(_instance, _instance.c.id == _message.c.instance_id)
        .where(
            _message.c.workspace_id == workspace.current(),
            _message.c.name == name,
            sa.func.coalesce(_message.c.key, _message.c.business_key) == key,
            _instance.c.state == "active",
        )
        .order_by(_message.c.id)
    )
    found: dict[int, Receiver] = {}
    for row in db.session.execute(query):
        found.setdefault(row.instance_id, Receiver(*row))
    return list(found.values())


def _rank(one: Receiver, key: str | None) -> int:
    if key is None or one.key == key:
        return 0
    return 1 if one.business_key == key else 2


def still_waits(instance_id: int, token_id: int) -> bool:
    """Does the token of this (locked) case still wait for a message?"""
    return _has(_message, instance_id, token_id)


def still_listens(instance_id: int, token_id: int) -> bool:
    """Does the token of this (locked) case still wait for a signal?"""
    return _has(_signal, instance_id, token_id)


def _has(table: sa.Table, instance_id: int, token_id: int) -> bool:
    query = sa.select(sa.literal(1)).where(
        table.c.instance_id == instance_id, table.c.token_id == token_id
    )
    return db.session.scalar(query) is not None


def listeners(name: str) -> list[Receiver]:
    """Every token of an active case that waits for this signal, by case."""
    query = (
        sa.select(_signal.c.instance_id, _signal.c.token_id, sa.null(), sa.null())
        .join(_instance, _instance.c.id == _signal.c.instance_id)
        .where(
            _signal.c.workspace_id == workspace.current(),
            _signal.c.name == name,
            _instance.c.state == "active",
        )
        .order_by(_signal.c.instance_id, _signal.c.token_id)
    )
    return [Receiver(*row) for row in db.session.execute(query)]


def started_by_message(name: str) -> tuple[Definition, str] | None:
    """The version, and its start event, that this message starts: a suspended one only while no
    other listens, whose refusal then says why nothing begins."""
    found = _started("message", name)
    return min(found, key=lambda one: one[0].suspended, default=None)


def message_starts(*, but: Collection[str] = ()) -> dict[str, Definition]:
    """{message: the version that it starts}, of processes in force that are not among `but`."""
    found = db.session.execute(
        sa.select(_subscription.c.name, Definition)
        .join(Definition, Definition.id == _subscription.c.definition_id)
        .where(
            _subscription.c.kind == "message",
            Definition.suspended.is_(False),
            Definition.process_id.not_in(but),
        )
        .order_by(_subscription.c.id.desc())  # the oldest has the last word
    )
    return dict(found.all())


def rival(definition: Definition) -> tuple[str, Definition] | None:
    """A message that starts this version, and the version in force of another process that it
    starts too."""
    others = message_starts(but=(definition.process_id,))
    own = sa.select(_subscription.c.name).where(
        _subscription.c.kind == "message", _subscription.c.definition_id == definition.id
    )
    names = db.session.scalars(own.order_by(_subscription.c.id))
    return next(((name, others[name]) for name in names if name in others), None)


def started_by_signal(name: str) -> list[tuple[Definition, str]]:
    """The versions, and their start events, that this signal starts; a suspended one hears none."""
    return [found for found in _started("signal", name) if not found[0].suspended]


def _started(kind: str, name: str) -> list[tuple[Definition, str]]:
    found = db.session.execute(
        sa.select(_subscription.c.definition_id, _subscription.c.element_id)
        .where(_subscription.c.kind == kind, _subscription.c.name == name)
        .order_by(_subscription.c.id)
    ).all()
    return [(db.session.get_one(Definition, id), element) for id, element in found]


def find_or_hold(name: str, key: str | None) -> Receiver | None:
    """As `find`; when nobody waits, nobody begins to before the transaction ends."""
    found = find(name, key)
    if found is None and sql.locks_rows():
        hold(name, alone=True)
        found = find(name, key)
    return found


def hold(name: str, *, alone: bool = False) -> None:
    """Until the transaction ends, waits begin or messages of this name are kept, not both.

    One that begins to wait while another keeps would not see it, nor be seen. Where one writer has
    the whole file that cannot happen anyway.
    """
    if sql.locks_rows():
        key = sa.func.hashtextextended(f"{workspace.current()}:{name}", 0)
        take = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        sql.execute(sa.select(take(key)))


def keep(message: Message) -> bool:
    """The message waits seven days for a catch, if any process catches its name and none calls
    it mere information; whether it is kept. Nobody waits: see `find_or_hold`."""
    kinds = set(
        db.session.scalars(
            sa.select(_subscription.c.kind).where(
                _subscription.c.name.in_((message.name, ANY)),
                _subscription.c.kind.in_(("catch", "info")),
            )
        )
    )
    if kinds != {"catch"}:
        return False
    now = clock.now()
    db.session.execute(
        sa.insert(_kept),
        {
            "workspace_id": workspace.current(),
            "name": message.name,
            "key": message.key,
            "business_key": message.business_key,
            "variables": message.variables,
            "created_at": now,
            "expires_at": now + KEPT_FOR,
        },
    )
    return True


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that had been kept."""

    name: str
    variables: Mapping[str, Any]


def take_kept(name: str, key: str | None, business_key: str | None) -> Kept | None:
    """The oldest kept message for such a wait, now taken."""
    query = (
        sa.select(_kept.c.id, _kept.c.name, _kept.c.variables)
        .where(
            _kept.c.workspace_id == workspace.current(),
            _kept.c.name == name,
            _kept.c.expires_at > clock.now(),
        )
        .order_by(_kept.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    wanted = key if key is not None else business_key
    if wanted is not None:
        query = query.where(sa.or_(_kept.c.key == wanted, _kept.c.key.is_(None)))
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    db.session.execute(sa.delete(_kept).where(_kept.c.id == row.id))
    return Kept(row.name, row.variables)


def drop_expired(most: int) -> int:
    """So many of the messages kept longer than they may are gone; how many."""
    old = sa.select(_kept.c.id).where(_kept.c.expires_at < clock.now())
    some = old.order_by(_kept.c.expires_at).limit(most)
    return db.session.execute(sa.delete(_kept).where(_kept.c.id.in_(some))).rowcount


def of_case(instance_id: int) -> list[sa.Row[Any]]:
    """What the tokens of a case wait for: rows of message_wait."""
    query = sa.select(_message).where(_message.c.instance_id == instance_id)
    return list(db.session.execute(query.order_by(_message.c.id)))
