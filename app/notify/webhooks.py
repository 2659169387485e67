"""Webhooks: deliveries leave by jobs, signed as Standard Webhooks does (standardwebhooks.com).

A delivery is sent at least once, under the same `webhook-id` each time. A receiver that does not
answer rests for a while, so that one that is down does not keep everybody's jobs waiting.
"""

import base64
import datetime as dt
import hashlib
import hmac
import logging
import secrets
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app import clock, workspace
from app.db import db, reading
from app.jobs import registry
from app.jobs.models import Job
from app.notify import events, reach, sealing
from app.notify.models import FAILED, SENT, SKIPPED, WAITING, Delivery, Webhook

RETRIES = (60.0, 300.0, 1800.0, 7200.0, 21600.0)  # six attempts within nine hours
REST, LONGEST_REST = 10.0, 600.0  # seconds; doubled with each failure in a row
KEEP = dt.timedelta(days=30)
PREFIX = "whsec_"
UNSENT = (WAITING, FAILED)
BUSY = (408, 429)  # beside 5xx: what the receiver will not take now, whatever is sent
log = logging.getLogger(__name__)


class Refused(Exception):
    """The receiver has answered, and not with 2xx."""

    def __init__(self, answer: reach.Answer) -> None:
        super().__init__(f"{answer.status} {answer.reason}: {answer.text}".rstrip(": \n"))
        self.status = answer.status


def new_secret() -> str:
    """A key that nobody can guess, as Standard Webhooks writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_of(hook: Webhook) -> str:
    """The key that its deliveries are signed with. Raises sealing.Unreadable."""
    return hook.plain or sealing.unseal(hook.sealed or "")


def keep_secret(hook: Webhook, secret: str) -> None:
    """It is in the row, for this installation alone to read."""
    hook.plain, hook.sealed = "", sealing.seal(secret)


def reseal() -> tuple[int, list[Webhook]]:
    """Every secret is sealed with the secret key of today; how many were not, and whose cannot be
    read any more."""
    changed, lost = 0, []
    for hook in db.session.scalars(sa.select(Webhook).order_by(Webhook.id)):
        if not hook.plain and sealing.is_present(hook.sealed or ""):
            continue
        try:
            keep_secret(hook, secret_of(hook))
            changed += 1
        except sealing.Unreadable:
            lost.append(hook)
    db.session.flush()
    return changed, lost


def sign(secret: str, key: str, timestamp: int, body: str) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 over id, timestamp and body."""
    raw = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(raw, f"{key}.{timestamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


def allowed() -> list[reach.Network]:
    """The networks inside that may be reached."""
    return reach.networks(current_app.config["SETTINGS"].webhook_networks)


def _failed(payload: dict[str, Any], _job: Job, error: BaseException) -> None:
    """What came of the attempt is written; a receiver that takes nothing now is left in peace."""
    row = db.session.get(Delivery, payload["id"])
    if row is None:
        return
    row.status = error.status if isinstance(error, Refused) else None
    row.error = str(error)[:500]
    row.attempts, row.tried_at = row.attempts + 1, clock.now()
    hook = db.session.get(Webhook, row.webhook_id)
    if isinstance(error, sealing.Unreadable):
        return  # not the receiver's fault
    if hook is not None and (row.status is None or row.status in BUSY or row.status >= 500):
        _rest(hook, hook.failures + 1)


def _gave_up(payload: dict[str, Any], _job: Job, _error: BaseException) -> None:
    unsent = sa.and_(Delivery.id == payload["id"], Delivery.state == WAITING)
    db.session.execute(sa.update(Delivery).where(unsent).values(state=FAILED))


@registry.job(events.KIND, retries=RETRIES, failed=_failed, gave_up=_gave_up)
def send(payload: dict[str, Any], job: Job) -> None:
    """One delivery has arrived, or its receiver rests and it comes later.

    The receiver is spoken to outside of any transaction: while it is slow everybody else writes.
    """
    found = _unsent(payload["id"])
    if found is None or workspace.current() != workspace.COMPANY:
        return
    row, hook = found
    if not hook.active and row.event != events.TEST:
        _write(row.id, state=SKIPPED)
    elif hook.rests_until is not None and _rests(hook.rests_until):
        # the attempt that was not made is not used up
        left = job.retries[job.attempts - 1 :]
        events.send_later(row.id, run_at=hook.rests_until, retries=left)
    else:
        _send(row, hook)


def _rests(until: dt.datetime) -> bool:
    """Is it to be left in peace? Not longer than the longest rest: the clock may have been set."""
    return dt.timedelta() < until - clock.now() <= dt.timedelta(seconds=LONGEST_REST)


def _unsent(id: int) -> tuple[Delivery, Webhook] | None:
    """The rows as they are now, apart from the session; no transaction is open afterwards."""
    with reading():
        row = db.session.get(Delivery, id)
        hook = db.session.get(Webhook, row.webhook_id) if row is not None else None
        for one in (row, hook):
            if one is not None:
                db.session.expunge(one)
        db.session.rollback()
    return (row, hook) if row is not None and hook is not None and row.state in UNSENT else None


def _send(row: Delivery, hook: Webhook) -> None:
    try:
        answer = reach.post(
            reach.parse(hook.url), row.body.encode(), _headers(row, hook), allowed()
        )
    except reach.Forbidden as error:
        raise registry.Permanent(str(error)) from error
    if not 200 <= answer.status < 300:
        raise Refused(answer)
    done = {"attempts": row.attempts + 1, "tried_at": clock.now()}
    _write(row.id, state=SENT, status=answer.status, error=None, **done)
    if hook.failures:
        _rest(hook, 0)


def _headers(row: Delivery, hook: Webhook) -> dict[str, str]:
    timestamp = int(clock.real_now().timestamp())
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Shunliu-Webhooks/1",
        "Connection": "close",
        "webhook-id": row.key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret_of(hook), row.key, timestamp, row.body),
    }


def _rest(hook: Webhook, failures: int) -> None:
    """The receiver has failed so many times in a row."""
    pause = min(REST * 2 ** min(failures - 1, 10), LONGEST_REST) if failures else 0
    until = clock.now() + dt.timedelta(seconds=pause) if failures else None
    changed = {"failures": failures, "rests_until": until}
    db.session.execute(sa.update(Webhook).where(Webhook.id == hook.id).values(**changed))


def _write(id: int, **changes: Any) -> None:
    db.session.execute(sa.update(Delivery).where(Delivery.id == id).values(**changes))


@registry.job("notify.forget", every=3600)
def forget(_payload: dict[str, Any], _job: Job) -> float | None:
    """The oldest of the deliveries that are over a month old and need no more work are gone.
    Secrets that an older server has left, or that an older key sealed, are sealed."""
    for hook in reseal()[1]:
        log.error(
            "the signing secret of webhook %s cannot be read: SECRET_KEY has changed", hook.id
        )
    old = (
        sa.select(Delivery.id)
        .where(Delivery.at < clock.now() - KEEP, Delivery.state != WAITING)
        .order_by(Delivery.at)
        .limit(registry.BATCH)
    )
    ids = list(db.session.scalars(old))
    db.session.execute(sa.delete(Delivery).where(Delivery.id.in_(ids)))
    return registry.SOON if len(ids) == registry.BATCH else None
