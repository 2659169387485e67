"""The task that somebody is about to act on, and its case: open, running, and locked."""

from typing import Any

import sqlalchemy as sa
from flask_babel import format_datetime

from app import errors, sql, workspace
from app.accounts import people
from app.engine import drafts, store
from app.engine.models import Instance, TaskCandidate, UserTask
from app.i18n import _

_task, _instance = UserTask.__table__, Instance.__table__
_candidate, _draft = TaskCandidate.__table__, drafts.Draft.__table__
_candidate_of = sa.select(sa.literal(1)).where(_candidate.c.task_id == _task.c.id)
_draft_of = sa.select(sa.literal(1)).where(_draft.c.task_id == _task.c.id)
_OPEN_TASK = (
    sa.select(
        _task.c.id, _task.c.token_id, _task.c.element_id, _task.c.name, _task.c.state,
        _task.c.assignee, _task.c.completed_by, _task.c.completed_at,
        _candidate_of.exists().label("offered"), _draft_of.exists().label("drafted"),
        *(_instance.c[name] for name in store.Case.__slots__),
    )
    .join(_instance, _instance.c.id == _task.c.instance_id)
    .where(sql.here(_task))
)  # fmt: skip
_CASE_OF_TASK = (
    sa.select(_instance.c.id)
    .where(
        _instance.c.id == sa.select(_task.c.instance_id).where(sql.here(_task)).scalar_subquery()
    )
    .with_for_update(key_share=True)
)


class TaskGone(errors.Conflict):
    """这项任务刚刚已经处理完了。您填写的内容没有提交。"""


class NotRunning(errors.Conflict):
    """这个实例现在没有在运行，不能继续办理。"""


def still(task_id: int) -> None:
    """What is read of the task from now on stays so until the transaction ends: nobody else has
    its case meanwhile."""
    if sql.locks_rows():
        sql.read(_CASE_OF_TASK, {"the_id": task_id, "the_workspace_id": workspace.current()})


def check_had(task: sa.Row[Any], had: str | None, by: str | None) -> None:
    """Raises Conflict when the (locked) task, which `had` had when `by` looked at it, is another
    person's now."""
    if task.assignee not in (had, by, None):
        raise errors.Conflict(
            _(
                "“%(name)s”刚刚由%(who)s接手。您填写的内容没有提交。",
                name=task.name, who=name_of(task.assignee),
            )
        )  # fmt: skip


def task(task_id: int) -> tuple[sa.Row[Any], store.Case]:
    """The open task and its case, whose row is locked.

    The case first, as every step does it, and then a look at the task: it says what was committed
    while this transaction waited.
    """
    here = {"the_id": task_id, "the_workspace_id": workspace.current()}
    asked = [(_CASE_OF_TASK, here)] if sql.locks_rows() else []
    found = sql.reads(*asked, (_OPEN_TASK, here))[-1]
    if not found:
        raise errors.NotFound()
    row = found[0]
    if row[4] != "open":
        raise TaskGone(_gone(row))
    found = store.Case(*row[10:])
    check_runs(found)
    return row, found


def _gone(task: sa.Row[Any]) -> str:
    name, state, who, at = task[3], task[4], task.completed_by, task.completed_at
    when = format_datetime(at, "yyyy-MM-dd HH:mm") if at else ""
    if state == "done" and who:
        return _(
            "“%(name)s”已由%(who)s在 %(when)s 办理完成。您填写的内容没有提交，可以复制保存。",
            name=name, who=name_of(who), when=when,
        )  # fmt: skip
    return _(
        "“%(name)s”在 %(when)s 已随实例进展关闭，不需要再办理。您填写的内容没有提交。",
        name=name, when=when,
    )  # fmt: skip


def name_of(login: str) -> str:
    """The person's name, or the login of somebody who is gone."""
    return people.names([login]).get(login, login)


def check_runs(found: store.Case) -> None:
    """Raises NotRunning unless the case runs."""
    if found.state == "suspended":
        raise NotRunning(_("这个实例已被管理员暂停，暂时不能办理。请联系管理员。"))
    if not found.runs:
        raise NotRunning(_("这个实例已经结束，不能再办理。"))
