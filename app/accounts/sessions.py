"""Which sessions are still good. The cookie is signed but a copy of it is as good as itself, so the
server keeps what ends it: each person has a serial, and a short list of sessions that were left.

Both stand in the person's row, which every request reads anyway.
"""

import datetime as dt
import secrets

from flask import current_app, session
from flask_login import login_user

from app import clock
from app.accounts import memory
from app.accounts.models import User
from app.db import db

SERIAL, NUMBER = "serial", "sid"
MOST_LEFT = 20  # remembered one by one; beyond that, all sessions of the person end


def load(login: str) -> User | None:
    """The person of the present session; None when the session has been ended."""
    person = memory.person(login)
    if person is None or session.get(SERIAL, 0) != person.session_serial:
        return None
    left = person.left_sessions or []
    return None if any(number == session.get(NUMBER) for number, _until in left) else person


def begin(person: User) -> None:
    """The present session is this person's, with a number of its own."""
    session[SERIAL], session[NUMBER] = person.session_serial, secrets.token_hex(8)
    login_user(person)


def leave(login: str) -> None:
    """The present session is over, wherever its cookie may have been copied to."""
    number, now = session.get(NUMBER), clock.real_now()
    person = db.session.get(User, login, with_for_update=True, populate_existing=True)
    if person is None:
        return
    left = [one for one in person.left_sessions or [] if one[1] > now]
    if number is None or len(left) >= MOST_LEFT:
        end_all(person)
        return
    hours = current_app.config["SETTINGS"].session_hours
    person.left_sessions = [*left, [number, now + dt.timedelta(hours=hours)]]


def end_all(person: User) -> None:
    """Every session of the person is over, on every device."""
    person.session_serial += 1
    person.left_sessions = None


def end_others(person: User) -> None:
    """Every session of the person but the present one is over."""
    end_all(person)
    session[SERIAL], session[NUMBER] = person.session_serial, secrets.token_hex(8)
