"""People as this process last read them. Each request asks for the one row that could tell of a
change; only when it differs is the person read anew.
"""

import threading
from collections import OrderedDict
from typing import Any

import sqlalchemy as sa

from app import sql
from app.accounts.models import Group, User, membership

MOST = 5_000  # people; each is about 2 KB
_user, _group = User.__table__, Group.__table__
# every column of the person, one line per role
_ROWS = (
    sa.select(*_user.c, _group.c.id.label("group_id"), _group.c.name.label("group_name"))
    .outerjoin(membership, membership.c.user_login == _user.c.login)
    .outerjoin(_group, _group.c.id == membership.c.group_id)
    .where(_user.c.login == sa.bindparam("the_login"))
    .order_by(_group.c.id)
)
_kept: OrderedDict[str, tuple[list[Any], User]] = OrderedDict()
_lock = threading.Lock()


def person(login: str) -> User | None:
    """The person with this login as the database says now, or None: only to be read, and belongs to
    no session. To change somebody, ask the session for him.
    """
    found = sql.read(_ROWS, {"the_login": login})
    if not found:
        return None
    with _lock:
        rows, kept = _kept.get(login, (None, None))
    return kept if rows == found else _keep(login, found)


def _keep(login: str, rows: list[Any]) -> User | None:
    """Read it as everything is read, apart from what the session has and may change."""
    with sa.orm.Session(sql.connection()) as apart:
        copy = apart.get(User, login, options=[sa.orm.joinedload(User.department)])
        apart.expunge_all()
    if copy is None:
        return None
    copy.read_only = True
    with _lock:
        _kept[login] = rows, copy
        _kept.move_to_end(login)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return copy
