"""Guessing passwords is slow: failures are counted per login and per address."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import UtcDateTime, db

WINDOW = dt.timedelta(minutes=15)
PER_LOGIN = 5
PER_ADDRESS = 30


class LoginFailure(db.Model):
    """One refused attempt to log in; forgotten after the window."""

    __tablename__ = "login_failure"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(40), index=True)
    address: Mapped[str] = mapped_column(sa.String(45), index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime(), index=True)


def minutes_left(login: str, address: str) -> int:
    """How long this login, or this address, must still wait; 0 if it need not."""
    waits = [
        _wait(LoginFailure.login == login[:40], PER_LOGIN),
        _wait(LoginFailure.address == address, PER_ADDRESS),
    ]
    return max(waits)


def failed(login: str, address: str) -> None:
    """The failure counts; those that no longer matter are gone."""
    now = clock.real_now()
    db.session.execute(sa.delete(LoginFailure).where(LoginFailure.at < now - WINDOW))
    db.session.add(LoginFailure(login=login[:40], address=address, at=now))
    db.session.flush()


def forgive(login: str) -> None:
    """The right password was given: earlier failures of this login no longer count."""
    db.session.execute(sa.delete(LoginFailure).where(LoginFailure.login == login[:40]))


def _wait(whose: sa.ColumnElement[bool], allowed: int) -> int:
    now = clock.real_now()
    times = list(
        db.session.scalars(
            sa.select(LoginFailure.at)
            .where(whose, LoginFailure.at > now - WINDOW)
            .order_by(LoginFailure.at.desc())
            .limit(allowed)
        )
    )
    if len(times) < allowed:
        return 0
    return int((times[-1] + WINDOW - now).total_seconds() // 60) + 1
