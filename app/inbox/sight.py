"""Who may see a task or a case, and who may act on a task. Outsiders are told that there is none."""

from typing import Any

import sqlalchemy as sa
from flask import g

from app import sql, workspace
from app.accounts import people
from app.accounts.models import User
from app.db import db
from app.engine import definitions
from app.engine.archived import ArchivedCase, ArchivedPerson
from app.engine.files import StoredFile
from app.engine.models import Instance, TaskCandidate, Token, UserTask
from app.errors import Conflict, NotAllowed, NotFound
from app.i18n import _

_task, _candidate = UserTask.__table__, TaskCandidate.__table__
_case, _token = Instance.__table__, Token.__table__
_ROW = (
    sa.select(*_task.c, _case.c.revision, _case.c.header, _token.c.state.label("token_state"))
    .join(_case, _case.c.id == _task.c.instance_id)
    .outerjoin(
        _token,
        sa.and_(_token.c.instance_id == _task.c.instance_id, _token.c.token_id == _task.c.token_id),
    )
    .where(sql.here(_task))
)
_FREE = (
    sa.select(_candidate.c.id)
    .where(
        _candidate.c.task_id == sa.bindparam("the_task"),
        _candidate.c.taken.is_(False),
        sa.or_(
            sa.and_(_candidate.c.kind == "user", _candidate.c.value == sa.bindparam("the_login")),
            sa.and_(
                _candidate.c.kind == "group",
                _candidate.c.value.in_(sa.bindparam("the_groups", expanding=True)),
                sa.or_(
                    _candidate.c.department_id.is_(None),
                    _candidate.c.department_id.in_(sa.bindparam("the_departments", expanding=True)),
                ),
            ),
        ),
    )
    .limit(1)
)


def departments_around(person: User) -> list[str]:
    """The person's department and those above it; asked for once."""
    around = g.setdefault("departments_around", {})  # asked several times on every page
    if person.department_id not in around:
        around[person.department_id] = people.departments_above(person.department_id)
    return around[person.department_id]


def candidate_of(person: User, row: Any = TaskCandidate) -> sa.ColumnElement[bool]:
    """The candidate rows (`row` has their columns) that mean this person: by login, or by a role
    held in the department."""
    mine = departments_around(person)
    return sa.or_(
        sa.and_(row.kind == "user", row.value == person.login),
        sa.and_(
            row.kind == "group",
            row.value.in_(person.group_ids),
            sa.or_(row.department_id.is_(None), row.department_id.in_(mine)),
        ),
    )


def is_candidate(task: UserTask, person: User) -> bool:
    """May this person take the task?"""
    found = sa.select(TaskCandidate.id).where(
        TaskCandidate.task_id == task.id, candidate_of(person)
    )
    return db.session.scalar(found.limit(1)) is not None


def may_act(task: UserTask | sa.Row[Any], person: User) -> bool:
    """May this person do the task now? Who has it, a candidate while nobody has, and a superior
    to whom it was escalated."""
    if task.state != "open":
        return False
    return task.assignee == person.login or _is_free_for(task, person)


def _is_free_for(task: UserTask | sa.Row[Any], person: User) -> bool:
    # candidates are `taken` while somebody has the task; one who was added later is not
    found = db.session().connection().execute(
        _FREE,
        {
            "the_task": task.id, "the_login": person.login, "the_groups": list(person.group_ids),
            "the_departments": departments_around(person),
        },
    )  # fmt: skip
    return found.first() is not None


def may_see_case(case: Instance, person: User) -> bool:
    """Who began it, who had or may have a task of it, who stands above the starter, admins."""
    if person.is_admin or case.started_by == person.login:
        return True
    took_part = sa.select(UserTask.id).where(
        UserTask.instance_id == case.id,
        sa.or_(UserTask.assignee == person.login, UserTask.completed_by == person.login),
    )
    could = (
        sa.select(UserTask.id)
        .join(TaskCandidate, TaskCandidate.task_id == UserTask.id)
        .where(UserTask.instance_id == case.id, candidate_of(person))
    )
    for query in (took_part, could):
        if db.session.scalar(query.limit(1)) is not None:
            return True
    return case.started_by in people.subordinates(person.login) if case.started_by else False


class Late(Conflict):
    """这一项已经办完了。"""

    def __init__(self, gone: UserTask) -> None:
        if gone.state == "cancelled":
            super().__init__(_("实例已经走过这一步，这项任务不用办了。"))
        else:
            names = people.names([gone.completed_by]) if gone.completed_by else {}
            who = names.get(gone.completed_by or "", gone.completed_by)
            super().__init__(_("%(name)s 已经办了这一项。", name=who) if who else None)
        self.task = gone


def _could_have(gone: UserTask, person: User) -> bool:
    """Was the closed task open to this person, by a role that its drawing names?"""
    if gone.department_id is not None:
        if gone.department_id not in people.departments_above(person.department_id):
            return False
    roles = definitions.roles_of(gone.definition_id, gone.element_id)
    return not roles.isdisjoint(person.group_ids)


def task(task_id: int, person: User) -> UserTask:
    """The task, if this person may see it. Raises NotFound otherwise, and Late when it was open to
    the person until somebody else had done it."""
    found = db.session.scalar(sa.select(UserTask).where(UserTask.id == task_id))
    if found is None:
        raise NotFound()
    near = person.login in (found.assignee, found.completed_by) or is_candidate(found, person)
    if not near and not may_see_case(found.instance, person):
        raise Late(found) if found.state != "open" and _could_have(found, person) else NotFound()
    return found


def task_to_act_on(task_id: int, person: User) -> UserTask:
    """The open task, if this person may do it. Raises NotFound, NotAllowed."""
    found = task(task_id, person)
    if found.state == "open" and not may_act(found, person):
        if found.assignee:
            raise NotAllowed(_("这项任务已经由别人认领。需要您来办时，请对方转办给您。"))
        raise NotAllowed(_("这项任务不在您的岗位范围内，只能查看。"))
    return found


def to_complete(task_id: int, person: User) -> UserTask | sa.Row[Any]:
    """As `task_to_act_on`; the plain row of the task where that is enough to complete it, with the
    revision, header and token of its case."""
    here = {"the_id": task_id, "the_workspace_id": workspace.current()}
    row = sql.one(_ROW, here)
    if row is not None and may_act(row, person):
        return row
    return task_to_act_on(task_id, person)


def case(instance_id: int, person: User) -> Instance:
    """The case, if this person may see it. Raises NotFound otherwise."""
    found = db.session.scalar(sa.select(Instance).where(Instance.id == instance_id))
    if found is None or not may_see_case(found, person):
        raise NotFound()
    return found


def archived(person: User) -> sa.ColumnElement[bool]:
    """The archived cases that this person may see: as of a live case, who began it, who had a
    task, who stands above the starter, admins."""
    if person.is_admin:
        return sa.true()
    took_part = sa.select(ArchivedPerson.case_id).where(ArchivedPerson.login == person.login)
    below = people.subordinates(person.login)
    return sa.or_(ArchivedCase.id.in_(took_part), ArchivedCase.started_by.in_(below))


def archived_case(case_id: int, person: User) -> ArchivedCase:
    """The archived case, if this person may see it. Raises NotFound otherwise."""
    query = sa.select(ArchivedCase).where(ArchivedCase.id == case_id, archived(person))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound()
    return found


def check_file(row: StoredFile, person: User) -> None:
    """Raises NotFound unless this person may see the case of the file, live or archived."""
    if row.archived_id is not None:
        archived_case(row.archived_id, person)
    elif row.instance_id is not None:
        case(row.instance_id, person)
    else:
        raise NotFound()
