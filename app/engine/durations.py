"""How long steps and cases took, as the rows of a query that a report is built on.

Times are those of the case's own clock; nothing here looks at who asks. Steps of cases that are
archived are not counted any more.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from app import workspace
from app.engine.archived import ArchivedCase
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
    """Every case of a process that a person began, archived ones too.

    Columns: person (who began it), begun, ended (null while it runs), end_event (the element it
    ended at).
    """
    both = sa.union_all(*(
        sa.select(
            row.started_by.label("person"), row.started_at.label("begun"),
            row.ended_at.label("ended"), row.end_event.label("end_event"),
        ).where(row.workspace_id == workspace.current(), row.process_id == process,
                row.started_by.is_not(None))
        for row in (Instance, ArchivedCase)
    ))  # fmt: skip
    return both.subquery()
