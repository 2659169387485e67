"""Questions about people: who holds a role, who stands above whom, who sees whose work."""

from collections.abc import Iterable

import sqlalchemy as sa

from app import sql
from app.accounts.models import Department, Group, Position, User, membership
from app.db import db

DEEPEST = 50  # steps up a tree; whoever draws a circle gets no endless answer


def get(login: str | None) -> User | None:
    """The person with this login, or None."""
    return db.session.get(User, login) if login else None


def names(logins: Iterable[str]) -> dict[str, str]:
    """{login: name} of the people among `logins` that exist, in one query."""
    wanted = set(logins)
    if not wanted:
        return {}
    query = sa.select(User.login, User.name).where(User.login.in_(wanted))
    return dict(db.session.execute(query).all())


def group_names(ids: Iterable[str]) -> dict[str, str]:
    """{id: name} of the roles among `ids` that exist, in one query."""
    wanted = set(ids)
    if not wanted:
        return {}
    query = sa.select(Group.id, Group.name).where(Group.id.in_(wanted))
    return dict(db.session.execute(query).all())


def groups_of(logins: Iterable[str]) -> dict[str, list[str]]:
    """{login: names of the roles held} of the people among `logins` who hold any, in one query."""
    query = (
        sa.select(membership.c.user_login, Group.name)
        .join(Group, Group.id == membership.c.group_id)
        .where(membership.c.user_login.in_(set(logins)))
        .order_by(Group.id)
    )
    found: dict[str, list[str]] = {}
    for login, name in db.session.execute(query):
        found.setdefault(login, []).append(name)
    return found


def holders(group_id: str, department_id: str | None = None) -> list[str]:
    """Logins of the enabled people who hold a role, of one department and those below it if
    given; an empty list if nobody does."""
    query = (
        sa.select(User.login)
        .join(membership, membership.c.user_login == User.login)
        .where(membership.c.group_id == group_id, User.enabled)
        .order_by(User.login)
    )
    if department_id is not None:
        query = query.where(User.department_id.in_(departments_below(department_id)))
    return list(db.session.scalars(query))


def first_holders(group_ids: Iterable[str], most: int) -> dict[str, tuple[tuple[str, ...], int]]:
    """{role: (names of the first `most` enabled people who hold it, how many do)} of the roles that
    anybody holds, in one query."""
    of_group = {"partition_by": membership.c.group_id}
    ranked = (
        sa.select(
            membership.c.group_id, User.name,
            sa.func.row_number().over(**of_group, order_by=User.login).label("rank"),
            sa.func.count().over(**of_group).label("count"),
        )
        .join(User, User.login == membership.c.user_login)
        .where(membership.c.group_id.in_(set(group_ids)), User.enabled)
        .subquery()
    )  # fmt: skip
    found: dict[str, tuple[tuple[str, ...], int]] = {}
    query = sa.select(ranked).where(ranked.c.rank <= most)
    for row in db.session.execute(query.order_by(ranked.c.group_id, ranked.c.rank)):
        names, _count = found.get(row.group_id, ((), 0))
        found[row.group_id] = (*names, row.name), row._mapping["count"]
    return found


def departments_below(department_id: str) -> list[str]:
    """The department and every one under it."""
    return _tree_below(Department, department_id)


def departments_above(department_id: str | None) -> list[str]:
    """The department and every one over it, nearest first."""
    return _path_up(Department, department_id)


def manager_of(login: str) -> str | None:
    """The manager of the person's department; of the one above if it is the person self."""
    person = get(login)
    for department_id in departments_above(person.department_id if person else None):
        department = db.session.get(Department, department_id)
        if department and department.manager_login and department.manager_login != login:
            return department.manager_login
    return None


def superior_of(login: str) -> str | None:
    """Who holds the next filled position up the tree."""
    person = get(login)
    for position_id in _path_up(Position, person.position_id if person else None)[1:]:
        found = db.session.scalar(
            sa.select(User.login)
            .where(User.position_id == position_id, User.enabled)
            .order_by(User.login)
            .limit(1)
        )
        if found:
            return found
    return None


def subordinates(login: str) -> list[str]:
    """Everybody whose position is under the person's own, at any depth, without the person."""
    person = get(login)
    if person is None or person.position_id is None:
        return []
    below = [id for id in _tree_below(Position, person.position_id) if id != person.position_id]
    if not below:
        return []
    return list(db.session.scalars(sa.select(User.login).where(User.position_id.in_(below))))


def _tree_below(model: type[Department] | type[Position], root: str) -> list[str]:
    tree = sa.select(model.id).where(model.id == root).cte("tree", recursive=True)
    tree = tree.union(sa.select(model.id).join(tree, model.parent_id == tree.c.id))
    return list(db.session.scalars(sa.select(tree.c.id)))


def _path(model: type[Department] | type[Position]) -> sa.Select[tuple[str]]:
    table = model.__table__
    path = sa.select(table.c.id, table.c.parent_id, sa.literal(0).label("step"))
    path = path.where(table.c.id == sa.bindparam("the_start")).cte("path", recursive=True)
    above = sa.select(table.c.id, table.c.parent_id, path.c.step + 1)
    above = above.join(path, table.c.id == path.c.parent_id).where(path.c.step < DEEPEST)
    path = path.union_all(above)
    return sa.select(path.c.id).order_by(path.c.step)


_PATHS = {model: _path(model) for model in (Department, Position)}


def _path_up(model: type[Department] | type[Position], start: str | None) -> list[str]:
    if start is None:
        return []
    rows = sql.read(_PATHS[model], {"the_start": start})
    return list(dict.fromkeys(row.id for row in rows))
