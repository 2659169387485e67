"""Notices inside the product: written for one person, counted, read."""

import datetime as dt

import sqlalchemy as sa

from app import clock
from app.db import db
from app.notify.models import Notice


def tell(
    login: str, text: str, *, link: str | None = None, at: dt.datetime | None = None
) -> Notice:
    """The person has an unread notice; the caller commits."""
    row = Notice(login=login, text=text[:1000], link=link, at=at or clock.now())
    db.session.add(row)
    db.session.flush()
    return row


def unread(login: str) -> int:
    """How many notices the person has not read."""
    query = sa.select(sa.func.count(Notice.id)).where(
        Notice.login == login, Notice.read_at.is_(None)
    )
    return int(db.session.scalar(query) or 0)


def latest(login: str, limit: int = 50) -> list[Notice]:
    """The person's newest notices, read or not."""
    query = sa.select(Notice).where(Notice.login == login).order_by(Notice.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def read(login: str, notice_id: int | None = None, *, at: dt.datetime | None = None) -> int:
    """One notice of the person, or all, count as read; how many were unread before."""
    query = sa.update(Notice).where(Notice.login == login, Notice.read_at.is_(None))
    if notice_id is not None:
        query = query.where(Notice.id == notice_id)
    return db.session.execute(query.values(read_at=at or clock.now())).rowcount
