"""Which columns a person wants in a list; kept for the next visit."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import workspace
from app.db import Json, db
from app.records import record

MOST = 16  # columns of one list


class ListView(workspace.Owned, db.Model):
    """The columns that `login` chose for the list of `entity`."""

    __tablename__ = "list_view"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "login", "entity", name="uq_list_view_login"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(40))
    entity: Mapped[str] = mapped_column(sa.String(40))
    columns: Mapped[list[str]] = mapped_column(Json())


def choosable(model: type[record.Base]) -> dict[str, Any]:
    """The columns that a list may show: no personal data, no keys made for searching."""
    return {
        name: column
        for name, column in record.columns(model).items()
        if not column.info.get("private")
        and column.info["format"] != "json"
        and not (column.info.get("quiet") and column.info.get("derived") and name in HIDDEN)
    }


HIDDEN = ("name_key", "pinyin", "phone_key", "mobile_key", "domain", "intake_id")


def columns(model: Any, login: str) -> list[str]:
    """The person's own choice, else the columns of the record's metadata."""
    own = db.session.scalar(
        sa.select(ListView).where(ListView.login == login, ListView.entity == model.__tablename__)
    )
    known = choosable(model)
    chosen = [name for name in (own.columns if own else model.record.columns) if name in known]
    return chosen or list(known)[:6]


def choose(model: Any, login: str, names: list[str]) -> None:
    """The person's list shows these columns from now on; an empty choice is the standard again."""
    known = choosable(model)
    wanted = [name for name in dict.fromkeys(names) if name in known][:MOST]
    own = db.session.scalar(
        sa.select(ListView).where(ListView.login == login, ListView.entity == model.__tablename__)
    )
    if not wanted:
        if own is not None:
            db.session.delete(own)
    elif own is None:
        db.session.add(ListView(login=login, entity=model.__tablename__, columns=wanted))
    else:
        own.columns = wanted
    db.session.flush()
