"""What somebody has typed into a task's form and not handed in yet."""

import datetime as dt
from collections.abc import Iterable

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


_DISCARD = sa.delete(Draft.__table__).where(sql.named(Draft.__table__, "task_id"))


def find(task_id: int, login: str) -> Draft | None:
    """The person's draft for the task, None if there is none."""
    return db.session.scalar(sa.select(Draft).where(Draft.task_id == task_id, Draft.login == login))


def save(
    task_id: int, login: str, pairs: Iterable[tuple[str, str]], at: dt.datetime
) -> Draft | None:
    """The draft holds these texts now. None, and nothing changed, when they are too long to keep."""
    data = [[name, text] for name, text in pairs]
    if sum(len(name) + len(text) for name, text in data) > MAX_TEXT:
        return None
    draft = find(task_id, login)
    if draft is None:
        draft = Draft(task_id=task_id, login=login, data=data, updated_at=at)
        db.session.add(draft)
    else:
        draft.data, draft.updated_at = data, at
    db.session.flush()
    return draft


def discard(task_id: int) -> None:
    """Nobody has a draft for the task any more."""
    sql.write(_DISCARD, {"the_task_id": task_id})
