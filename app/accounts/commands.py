"""`flask people`: who has the machine adds people and gives forgotten passwords anew."""

from typing import Any

import click
from flask.cli import with_appcontext

from app.accounts import sessions, throttle
from app.accounts.models import LONGEST, SHORTEST, Department, Group, Position, User
from app.db import db


@click.group("people")
def people() -> None:
    """People who can log in."""


def _fitting(_context: click.Context, _parameter: click.Parameter, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise click.BadParameter(f"a password has {SHORTEST} to {LONGEST} characters")
    return password


@people.command()
@click.argument("login")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="what they do; may be given several times")
@click.option("--department", help="its id")
@click.option("--position", help="its id")
@click.option("--email")
@click.password_option(callback=_fitting, help="asked for when it is not given")
@with_appcontext
def add(
    login: str, name: str, roles: tuple[str, ...], department: str | None, position: str | None,
    email: str | None, password: str,
) -> None:  # fmt: skip
    """LOGIN, called NAME, can log in; roles, department and position exist already."""
    if db.session.get(User, login) is not None:
        raise click.ClickException(f"{login} exists already")
    if not login.isascii() or not login.replace("_", "").replace(".", "").isalnum():
        raise click.ClickException(f"{login}: a login has letters, digits, dots and underscores")
    person = User(login=login, name=name, email=email)
    person.department_id = department and _known(Department, department).id
    person.position_id = position and _known(Position, position).id
    person.groups = [_known(Group, role) for role in roles]
    person.set_password(password)
    db.session.add(person)
    db.session.commit()
    click.echo(f"{login} can log in")


@people.command()
@click.argument("login")
@click.password_option(callback=_fitting, help="asked for when it is not given")
@with_appcontext
def password(login: str, password: str) -> None:
    """LOGIN has this password; their sessions are over, their wrong guesses forgiven."""
    person = _known(User, login)
    person.set_password(password)
    sessions.end_all(person)
    throttle.forgive(login)
    db.session.commit()
    click.echo(f"{login} has a new password and is logged out everywhere")


def _known(model: Any, id: str) -> Any:
    """The row with this id; a mistake is named with what there is."""
    found = db.session.get(model, id)
    if found is None:
        ids = sorted(row[0] for row in db.session.query(*model.__mapper__.primary_key))
        raise click.ClickException(
            f"there is no {model.__name__.lower()} {id}; there are: {', '.join(ids[:60]) or 'none'}"
        )
    return found
