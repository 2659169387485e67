"""How long steps and cases took, as the rows of a query that a report is built on.

Finished work only. Times are those of the case's own clock; nothing here looks at who asks.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.engine.models import Instance, UserTask


def tasks(processes: Sequence[str]) -> sa.Subquery:
    """Every finished task of these processes, also where another process called them.

    Columns: step (its name), person (who finished it), begun, ended, due (may be null).
    """
    row = UserTask
    return (
        sa.select(
            row.name.label("step"), row.completed_by.label("person"),
            row.created_at.label("begun"), row.completed_at.label("ended"),
            row.due_at.label("due"),
        )
        .where(row.workspace_id == workspace.current(), row.process_id.in_(processes),
               row.state == "done", row.completed_at.is_not(None))
        .subquery()
    )  # fmt: skip


def cases(process: str) -> sa.Subquery:
    """Every case of a process that a person began.

    Columns: key (of the record), person (who began it), department, begun, ended (null while it
    runs), end_event (the element it ended at).
    """
    row: Any = Instance
    return (
        sa.select(
            row.business_key.label("key"), row.started_by.label("person"),
            row.department_id.label("department"), row.started_at.label("begun"),
            row.ended_at.label("ended"), row.end_event.label("end_event"),
        )
        .where(row.workspace_id == workspace.current(), row.process_id == process,
               row.started_by.is_not(None))
        .subquery()
    )  # fmt: skip
