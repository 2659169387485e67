"""Who and what a form may name: people by role, records that the reader may see."""

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import format_decimal

from app import errors, pinyin, records, show
from app.accounts import people
from app.accounts.models import Department, User, membership
from app.db import db
from app.i18n import _, label
from app.records import record

SHOWN = 20  # choices of one search
FACTS = 8  # lines of a record's panel


@dataclass
class Directory:
    """What one person may pick; answers `app.engine.forms.Directory`."""

    reader: User

    @functools.cached_property
    def viewer(self) -> records.Viewer:
        """The reader, as the records' sight wants him."""
        person = self.reader
        managed: set[str] = set()
        own = sa.select(Department.id).where(Department.manager_login == person.login)
        for department in db.session.scalars(own):
            managed.update(people.departments_below(department))
        return records.Viewer(
            login=person.login, groups=frozenset(person.group_ids),
            below=frozenset(people.subordinates(person.login)), managed=frozenset(managed),
            department=person.department_id,
        )  # fmt: skip

    def row(self, entity: str, key: str) -> Any | None:
        """The record with this number (or id, for kinds without numbers), if it may be seen."""
        try:
            model: Any = records.entity(entity)
        except errors.NotFound:
            return None
        if hasattr(model, "number"):
            condition = model.number == key
        elif key.isdecimal() and len(key) < 19:
            condition = model.id == int(key)
        else:
            return None
        query = sa.select(model).where(condition, records.visible(entity, self.viewer))
        return db.session.scalar(query.limit(1))

    def record(self, entity: str, key: str) -> dict[str, Any] | None:
        """The record as a choice, None if the reader may not use it."""
        row = self.row(entity, key)
        return _choice(row) if row is not None else None

    def person(self, login: str, group: str | None) -> dict[str, Any] | None:
        """The enabled person as a choice; with a group, only a holder of that role."""
        found = people.get(login)
        if found is None or not found.enabled or (group and group not in found.group_ids):
            return None
        department = found.department.name if found.department else ""
        return {"value": found.login, "label": found.name, "meta": label(department)}

    def panel(self, entity: str, key: str) -> dict[str, Any] | None:
        """The first facts of a record, in the order of its list's columns."""
        row = self.row(entity, key)
        if row is None:
            return None
        facts = []
        for name in row.record.columns:
            column = getattr(type(row), name, None)
            text = _said(getattr(row, name, None), getattr(column, "info", {}))
            if text and name not in ("number", row.record.title) and column is not None:
                heading = getattr(column, "info", {}).get("label", name)
                facts.append({"label": label(heading), "value": text})
        return {
            "label": f"{row.title} {row.key}", "href": f"/records/{entity}/{row.key}",
            "facts": facts[:FACTS],
        }  # fmt: skip

    def search_records(self, entity: str, text: str) -> list[dict[str, Any]]:
        """The best fitting records. Raises NotFound for a kind that does not exist."""
        found = records.search(entity, text[:100], SHOWN, viewer=self.viewer)
        return [_choice(row) for row in found]


def _choice(row: Any) -> dict[str, Any]:
    facts = [row.key if row.key != row.title else ""]
    for name in row.record.columns:
        column = getattr(type(row), name, None)
        kind = getattr(column, "info", {}).get("format", "")
        plain = name not in ("number", row.record.title) and kind not in ("user", "number")
        if plain and isinstance(getattr(row, name, None), str):
            facts.append(getattr(row, name))
    return {
        "value": row.key, "label": str(row.title), "meta": " · ".join(filter(None, facts[:3])),
    }  # fmt: skip


PLACES = {"money": "#,##0.00", "price": "#,##0.00##", "qty": "#,##0.###", "rate": "#,##0.##%"}


def _said(value: Any, info: Any) -> str:
    """A value of a record as people read it: names instead of ids, grouped figures."""
    if value is None or value == "":
        return ""
    form = info.get("format", "")
    if form == "user":
        return people.names([value]).get(value, value)
    if form == "department":
        department = db.session.get(Department, value)
        return label(department.name if department else value)
    if form == "ref":
        row = db.session.get(record.entity(info["target"]), value)
        return str(row.title) if row is not None else str(value)
    if form in PLACES:
        return format_decimal(value, PLACES[form]) + info.get("suffix", "")
    return _plain(value) + (info.get("suffix", "") if form == "int" else "")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dt.datetime):
        return show.when(value)
    if isinstance(value, list):
        return _("、").join(str(item) for item in value)
    return label(value) if isinstance(value, str) else str(value)


def search_people(text: str, group: str = "") -> list[dict[str, Any]]:
    """Enabled people whose name, login or pinyin initials begin with or contain the text."""
    query = (
        sa.select(User.login, User.name, Department.name)
        .outerjoin(Department, User.department_id == Department.id)
        .where(User.enabled)
        .order_by(User.login)
    )
    if group:
        query = query.join(membership, membership.c.user_login == User.login)
        query = query.where(membership.c.group_id == group)
    wanted = text.strip().lower()[:100]
    found = []
    for login, name, department in db.session.execute(query):
        if not wanted or wanted in name.lower() or wanted in login or wanted in initials(name):
            found.append({"value": login, "label": name, "meta": label(department or "")})
        if len(found) == SHOWN:
            break
    return found


@functools.lru_cache(maxsize=20_000)
def initials(name: str) -> str:
    """张伟 → zw"""
    return pinyin.initials(name)
