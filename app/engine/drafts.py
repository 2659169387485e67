"""What somebody has typed into a form and not handed in yet: of a task, of a message to a case."""

import datetime as dt
from collections.abc import Iterable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import sql
from app.db import Json, UtcDateTime, db
from app.engine.cases import BigId
from app.workspace import Owned

MAX_TEXT = 400_000  # characters of names and texts together


class Draft(Owned, db.Model):
    """The texts of one person for one task, as the browser had them: invalid ones too."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    task_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user_task.id", ondelete="CASCADE"))
    login: Mapped[str] = mapped_column(sa.String(40))
    data: Mapped[list[list[str]]] = mapped_column(Json())
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    __table_args__ = (sa.Index(None, "task_id", "login", unique=True),)


class MessageDraft(Owned, db.Model):
    """The texts of one person for one message that a token waits for."""

    __tablename__ = "message_draft"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int] = mapped_column()  # a number of a token is never used again in its case
    login: Mapped[str] = mapped_column(sa.String(40))
    data: Mapped[list[list[str]]] = mapped_column(Json())
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    __table_args__ = (sa.Index(None, "instance_id", "token_id", "login", unique=True),)


Kept = TypeVar("Kept", Draft, MessageDraft)
_DISCARD = sa.delete(Draft.__table__).where(sql.named(Draft.__table__, "task_id"))


def find(task_id: int, login: str) -> Draft | None:
    """The person's draft for the task, None if there is none."""
    return db.session.scalar(sa.select(Draft).where(Draft.task_id == task_id, Draft.login == login))


def save(
    task_id: int, login: str, pairs: Iterable[tuple[str, str]], at: dt.datetime
) -> Draft | None:
    """The draft holds these texts now. None, and nothing changed, when they are too long to keep."""
    data = _fitting(pairs)
    if data is None:
        return None
    draft = find(task_id, login) or Draft(task_id=task_id, login=login)
    return _written(draft, data, at)


def discard(task_id: int) -> None:
    """Nobody has a draft for the task any more."""
    sql.write(_DISCARD, {"the_task_id": task_id})


def find_message(instance_id: int, token_id: int, login: str) -> MessageDraft | None:
    """The person's draft for the message that the token waits for, None if there is none."""
    return db.session.scalar(
        sa.select(MessageDraft).where(
            MessageDraft.instance_id == instance_id, MessageDraft.token_id == token_id,
            MessageDraft.login == login,
        )
    )  # fmt: skip


def save_message(
    instance_id: int, token_id: int, login: str, pairs: Iterable[tuple[str, str]], at: dt.datetime
) -> MessageDraft | None:
    """As `save`, for the message that the token waits for."""
    data = _fitting(pairs)
    if data is None:
        return None
    draft = find_message(instance_id, token_id, login) or MessageDraft(
        instance_id=instance_id, token_id=token_id, login=login
    )
    return _written(draft, data, at)


def discard_message(instance_id: int, token_id: int) -> None:
    """Nobody has a draft for the message any more: it was sent."""
    db.session.execute(
        sa.delete(MessageDraft).where(
            MessageDraft.instance_id == instance_id, MessageDraft.token_id == token_id
        )
    )


def _fitting(pairs: Iterable[tuple[str, str]]) -> list[list[str]] | None:
    data = [[name, text] for name, text in pairs]
    return data if sum(len(name) + len(text) for name, text in data) <= MAX_TEXT else None


def _written(draft: Kept, data: list[list[str]], at: dt.datetime) -> Kept:
    draft.data, draft.updated_at = data, at
    db.session.add(draft)
    db.session.flush()
    return draft
