"""What people say about a case."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import UtcDateTime, db
from app.engine.cases import BigId
from app.workspace import Owned


class Comment(Owned, db.Model):
    """A remark on a case, made at one of its tasks; never changed."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    task_id: Mapped[int | None] = mapped_column(BigId)
    login: Mapped[str] = mapped_column(sa.String(40))
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    __table_args__ = (sa.Index(None, "instance_id", "id"),)
