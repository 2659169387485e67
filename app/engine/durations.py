"""How long steps and cases took, as the rows of a query that a report is built on.

Times are those of the case's own clock; nothing here looks at who asks. What is archived counts
as what is not; a case that is just being moved, in several steps, counts once.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.engine.archived import ArchivedCase, ArchivedTask
from app.engine.models import Instance, UserTask


def tasks(processes: Sequence[str]) -> sa.Subquery:
    """Every finished task of these processes, also where another process called them.

    Columns: step (its name), person (who finished it), begun, ended, due (may be null).
    """
    moved = sa.exists().where(ArchivedTask.task_id == UserTask.id)
    live = _finished(UserTask, processes).where(UserTask.state == "done", ~moved)
    return sa.union_all(live, _finished(ArchivedTask, processes)).subquery()


def _finished(row: Any, processes: Sequence[str]) -> sa.Select[Any]:
    return sa.select(
        row.name.label("step"), row.completed_by.label("person"), row.created_at.label("begun"),
        row.completed_at.label("ended"), row.due_at.label("due"),
    ).where(row.workspace_id == workspace.current(), row.process_id.in_(processes),
            row.completed_at.is_not(None))  # fmt: skip


def cases(process: str) -> sa.Subquery:
    """Every case of a process that a person began, archived ones too.

    Columns: person (who began it), begun, ended (null while it runs), end_event (the element it
    ended at).
    """
    live = _begun(Instance, process).where(~sa.exists().where(ArchivedCase.id == Instance.id))
    return sa.union_all(live, _begun(ArchivedCase, process)).subquery()


def _begun(row: Any, process: str) -> sa.Select[Any]:
    return sa.select(
        row.started_by.label("person"), row.started_at.label("begun"),
        row.ended_at.label("ended"), row.end_event.label("end_event"),
    ).where(row.workspace_id == workspace.current(), row.process_id == process,
            row.started_by.is_not(None))  # fmt: skip
