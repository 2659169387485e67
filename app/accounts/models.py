"""Users, groups (= roles), departments and positions.

A person is known by the login everywhere. Accounts belong to no workspace: in practice, too,
people act as themselves or as one of the demo people.
"""

from typing import Any

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from app.db import Json, db

SHORTEST, LONGEST = 8, 200  # characters of a password

membership = sa.Table(
    "membership",
    db.metadata,
    sa.Column("user_login", sa.ForeignKey("user_account.login"), primary_key=True),
    sa.Column("group_id", sa.ForeignKey("user_group.id"), primary_key=True, index=True),
)


class Department(db.Model):
    """A part of the company; departments form a tree."""

    __tablename__ = "department"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    parent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("department.id"), index=True)
    manager_login: Mapped[str | None] = mapped_column(
        sa.ForeignKey("user_account.login", use_alter=True)
    )


class Position(db.Model):
    """A post in the company; a superior position sees what those below it own."""

    __tablename__ = "position"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    parent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("position.id"), index=True)


class Group(db.Model):
    """A role that people hold; lanes and candidate groups name it by id."""

    __tablename__ = "user_group"
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))


class User(UserMixin, db.Model):
    """A person who can log in."""

    __tablename__ = "user_account"
    login: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str | None] = mapped_column(sa.String(200))
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    department_id: Mapped[str | None] = mapped_column(sa.ForeignKey("department.id"), index=True)
    position_id: Mapped[str | None] = mapped_column(sa.ForeignKey("position.id"), index=True)
    locale: Mapped[str | None] = mapped_column(sa.String(5))
    timezone: Mapped[str | None] = mapped_column(sa.String(40))
    theme: Mapped[str] = mapped_column(sa.String(10), default="auto")
    density: Mapped[str] = mapped_column(sa.String(12), default="comfortable")
    enabled: Mapped[bool] = mapped_column(default=True)
    session_serial: Mapped[int] = mapped_column(default=0, server_default="0")
    left_sessions: Mapped[list[Any] | None] = mapped_column(Json())  # [[number, until], …]
    groups: Mapped[list[Group]] = relationship(secondary=membership, lazy="selectin")
    department: Mapped[Department | None] = relationship(foreign_keys=[department_id])

    def __setattr__(self, name: str, value: Any) -> None:
        if vars(self).get("read_only"):  # what is set here would be kept, and nowhere written
            raise AttributeError(f"{name}: this copy of {self.login} is only to be read")
        super().__setattr__(name, value)

    @property
    def is_active(self) -> bool:
        return self.enabled

    def get_id(self) -> str:
        return self.login

    @property
    def group_ids(self) -> set[str]:
        """The roles that this person holds."""
        return {group.id for group in self.groups}

    @property
    def is_admin(self) -> bool:
        return "admin" in self.group_ids

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)
