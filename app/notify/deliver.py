"""One message to one recipient over the chosen channels, logged, never twice."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.notify import notices, outbox, templates
from app.records import log

INSIDE, NONE = "站内", "不发"
OUTSIDE = (outbox.MAIL, outbox.SMS)


def recipient(who: str | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Who is meant, as {login, name, email, mobile, is_customer, consent, locale}; None for
    nobody. A text is the login of an employee, a context is somebody from outside."""
    if not who:
        return None
    if isinstance(who, str):
        person = people.get(who)
        if person is None:
            return None
        return {
            "login": person.login, "name": person.name, "email": person.email, "mobile": None,
            "is_customer": False, "consent": None, "locale": person.locale or "zh",
        }  # fmt: skip
    given = {name: who.get(name) for name in ("login", "name", "email", "mobile", "consent")}
    return given | {
        "is_customer": bool(who.get("is_customer")),
        "consent": bool(who.get("consent")),
        "locale": who.get("locale") or "zh",
    }


def deliver(
    person: Mapping[str, Any], template: str, context: Mapping[str, Any],
    channels: Sequence[str], *, key: str, at: dt.datetime, link: str | None = None,
    origin: Mapping[str, Any] | None = None,
) -> dict[str, str]:  # fmt: skip
    """{channel: state} of what was done now; a channel that had this key before is left out.

    States: 已发 (in the product), 待发 (in the outbox), 不发 (must not), 无地址.
    """
    subject, text = templates.render(template, context, person.get("locale") or "zh")
    name = str(person.get("login") or person.get("email") or person.get("mobile") or "")
    done = {}
    for channel in channels:
        dedupe = f"{key}:{name}:{channel}"[:200]
        if _known(dedupe):
            continue
        state = _one(person, channel, channels, subject, text, dedupe, at, link, origin or {})
        done[channel] = state
        _note(template, name, channel, dedupe, state, at, origin or {})
    return done


def _one(
    person: Mapping[str, Any], channel: str, channels: Sequence[str], subject: str, text: str,
    key: str, at: dt.datetime, link: str | None, origin: Mapping[str, Any],
) -> str:  # fmt: skip
    if channel == INSIDE:
        if not person.get("login"):
            return "无地址"
        notices.tell(person["login"], text, link=link, at=at)
        return "已发"
    if channel not in OUTSIDE:
        return NONE
    address = _address(person, channel)
    if not address:
        return "无地址"
    others = [[other, _address(person, other)] for other in OUTSIDE if other not in channels]
    outbox.put(channel, address, subject, text, key=key, at=at,
               others=[pair for pair in others if pair[1]],
               instance_id=origin.get("instance_id"))  # fmt: skip
    return "待发"


def _address(person: Mapping[str, Any], channel: str) -> str | None:
    return person.get("email" if channel == outbox.MAIL else "mobile")


def _known(dedupe: str) -> bool:
    query = sa.select(log.MessageLog.id).where(log.MessageLog.dedupe_key == dedupe)
    return db.session.scalar(query) is not None


def _note(
    template: str, name: str, channel: str, dedupe: str, state: str, at: dt.datetime,
    origin: Mapping[str, Any],
) -> None:  # fmt: skip
    db.session.add(
        log.MessageLog(
            template=template, recipient=name[:200], channel=channel, dedupe_key=dedupe,
            state=state, at=at, by=origin.get("by") or "system", flow=origin.get("flow"),
            element=origin.get("element"), instance_id=origin.get("instance_id"),
        )
    )  # fmt: skip
    db.session.flush()
