"""The person who looks, as the records' sight wants him; asked once per request."""

from flask import g
from flask_login import current_user

from app.accounts import people
from app.accounts.models import Department, User
from app.db import db
from app.records import sight


def here() -> sight.Viewer:
    """Who is logged in."""
    if "viewer" not in g or g.viewer.login != current_user.login:
        g.viewer = of(current_user)
    return g.viewer


def of(person: User) -> sight.Viewer:
    """The person's sight: roles, who is below, which departments are managed."""
    managed: set[str] = set()
    own = db.session.scalars(
        db.select(Department.id).where(Department.manager_login == person.login)
    )
    for department in own:
        managed.update(people.departments_below(department))
    return sight.Viewer(
        login=person.login,
        groups=frozenset(person.group_ids),
        below=frozenset(people.subordinates(person.login)),
        managed=frozenset(managed),
        department=person.department_id,
    )
