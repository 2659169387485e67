"""A person is read by one statement while nothing about the person has changed."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts import memory, people
from app.accounts.models import Group, User
from app.db import db


def asked() -> list[str]:
    """The statements that finding 王强 takes, in a session of its own."""
    db.session.remove()
    seen: list[str] = []

    def note(_c, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert memory.person("wangqiang") is not None
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return [one for one in seen if one.startswith("SELECT")]


def test_a_person_who_did_not_change_is_asked_for_once(app: Flask):
    asked()
    assert len(asked()) == 1
    assert memory.person("wangqiang") is memory.person("wangqiang")


def test_every_change_is_seen_at_once(app: Flask):
    asked()
    db.session.execute(sa.update(User).values(theme="dark", enabled=False))
    db.session.commit()
    db.session.remove()
    found = memory.person("wangqiang")
    assert found is not None and (found.theme, found.enabled) == ("dark", False)


def test_a_role_given_or_taken_is_seen_at_once(app: Flask):
    asked()
    person = people.get("wangqiang")
    assert person is not None
    person.groups.append(db.session.get_one(Group, "legal"))
    db.session.commit()
    db.session.remove()
    found = memory.person("wangqiang")
    assert found is not None and "legal" in found.group_ids
    person = db.session.get_one(User, "wangqiang")
    person.groups.remove(db.session.get_one(Group, "legal"))
    db.session.commit()
    db.session.remove()
    again = memory.person("wangqiang")
    assert again is not None and "legal" not in again.group_ids


def test_a_remembered_person_is_only_to_be_read(app: Flask):
    person = memory.person("wangqiang")
    assert person is not None and person.department is not None
    with pytest.raises(AttributeError, match="only to be read"):
        person.density = "compact"
    assert person not in db.session


def test_what_the_session_changes_and_has_not_written_is_neither_lost_nor_remembered(app: Flask):
    changed = db.session.get_one(User, "wangqiang")
    with db.session.no_autoflush:
        changed.density = "compact"
        person = memory.person("wangqiang")
    assert person is not None and person.density == "comfortable"
    db.session.commit()
    again = memory.person("wangqiang")
    assert again is not None and again.density == "compact"


def test_nobody_is_remembered_for_a_login_that_does_not_exist(app: Flask):
    assert memory.person("nobody") is None
