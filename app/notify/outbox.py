"""Mail and text messages leave through the outbox: a row with the step, a job after the commit.

A job sends at least once; the message carries its key, so that the receiving side can tell a
repetition. Where no gateway is configured the rows wait and nothing is lost.
"""

import datetime as dt
import json
import smtplib
import urllib.request
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from flask import current_app

from app import clock, workspace
from app.db import db, reading
from app.jobs import queue, registry
from app.jobs.models import Job
from app.notify.models import FAILED, PASSED_ON, SENT, WAITING, Outgoing

MAIL, SMS = "邮件", "短信"
KIND = "notify.outgoing"
TIMEOUT = 20  # seconds


def put(
    channel: str, address: str, subject: str, body: str, *, key: str,
    others: list[list[str]] | None = None, at: dt.datetime | None = None,
    instance_id: int | None = None,
) -> Outgoing:  # fmt: skip
    """The message will leave after the commit, once for this key; the row of an earlier call
    with the same key is given back unchanged. The case has an incident when it never leaves."""
    known = db.session.scalar(sa.select(Outgoing).where(Outgoing.key == key))
    if known is not None:
        return known
    row = Outgoing(
        key=key, channel=channel, address=address, subject=subject[:200], body=body,
        at=at or clock.now(), others=others or [],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    about = f"effect:{instance_id}" if instance_id else f"outgoing:{row.id}"
    queue.enqueue(KIND, {"id": row.id}, key=_job_key(row), subject=about)
    return row


def _job_key(row: Outgoing) -> str:
    return f"outgoing:{row.workspace_id}:{row.id}"


def configured(channel: str) -> bool:
    """Is there a gateway for this channel? Practice never writes to anybody."""
    settings = current_app.config["SETTINGS"]
    url = settings.mail_url if channel == MAIL else settings.sms_url
    return bool(url) and workspace.current() == workspace.COMPANY


def _gave_up(payload: dict[str, Any], job: Job, error: BaseException) -> bool:
    """The channel failed for good: the next way takes over, if there is one."""
    row = db.session.get(Outgoing, payload["id"])
    if row is None or row.state != WAITING:
        return True
    row.error = str(error)[:500]
    row.state = FAILED
    if not row.others:
        return False
    channel, address = row.others[0]
    of, _colon, id = (job.subject or "").partition(":")
    put(channel, address, row.subject, row.body, key=f"{row.key}>{channel}",
        others=row.others[1:], instance_id=int(id) if of == "effect" else None)  # fmt: skip
    row.state = PASSED_ON
    return True


@registry.job(KIND, retries=(60.0, 300.0), gave_up=_gave_up)
def send(payload: dict[str, Any], _job: Job) -> None:
    """One message has left, or waits because nobody set up its gateway. Three attempts.

    The gateway is spoken to outside of any transaction: while it is slow everybody else writes.
    """
    row = _unsent(payload["id"])
    if row is None or not configured(row.channel):
        return
    if row.channel == MAIL:
        _mail(row)
    else:
        _text_message(row)
    left = {"state": SENT, "sent_at": clock.now(), "error": None}
    db.session.execute(sa.update(Outgoing).where(Outgoing.id == row.id).values(**left))


def _unsent(id: int) -> Outgoing | None:
    """The row as it is now, apart from the session; no transaction is open afterwards."""
    with reading():
        row = db.session.get(Outgoing, id)
        if row is not None:
            db.session.expunge(row)
        db.session.rollback()
    return row if row is not None and row.state in (WAITING, FAILED) else None


@registry.job("notify.flush", every=600)
def flush(_payload: dict[str, Any], _job: Job) -> None:
    """What waited for a gateway is sent as soon as there is one. A message has one job: what waits
    for its next attempt goes on waiting."""
    ready = [channel for channel in (MAIL, SMS) if configured(channel)]
    if not ready:
        return
    query = sa.select(Outgoing).where(Outgoing.state == WAITING, Outgoing.channel.in_(ready))
    for row in db.session.scalars(query.order_by(Outgoing.id).limit(500)):
        queue.enqueue(KIND, {"id": row.id}, key=_job_key(row)) or queue.again(_job_key(row))


def _mail(row: Outgoing) -> None:
    parts = urlsplit(current_app.config["SETTINGS"].mail_url)
    message = EmailMessage()
    message["Subject"], message["To"] = row.subject.replace("\n", " "), row.address
    sender = unquote(parts.username or "")
    message["From"] = sender if "@" in sender else f"shunliu@{parts.hostname}"
    # the same message sent twice is one message for the mailbox
    message["Message-ID"] = f"<outgoing-{row.workspace_id}-{row.id}@{parts.hostname}>"
    message.set_content(row.body)
    secure = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(parts.hostname or "", parts.port or (465 if secure else 25), timeout=TIMEOUT) as smtp:
        if not secure and smtp.has_extn("starttls"):
            smtp.starttls()
        if parts.username and parts.password:
            smtp.login(sender, unquote(parts.password))
        smtp.send_message(message)


def _text_message(row: Outgoing) -> None:
    url = current_app.config["SETTINGS"].sms_url
    body = json.dumps({"to": row.address, "text": row.body, "key": row.key}).encode()
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", "Idempotency-Key": f"outgoing-{row.id}"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        answer.read()
