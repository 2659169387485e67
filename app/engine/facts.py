"""What others learn of a case when something happens in it; read only if somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app import sql, values
from app.engine import history
from app.engine.models import Instance, UserTask

if TYPE_CHECKING:
    from app.engine.store import Case

_task = UserTask.__table__
_TASK = sa.select(
    _task.c.id, _task.c.process_id, _task.c.element_id, _task.c.name, _task.c.business_key,
    _task.c.outcome,
).where(sql.named(_task, "id"))  # fmt: skip
_HEADER = sa.select(Instance.__table__.c.header).where(sql.named(Instance.__table__, "id"))


@dataclass(frozen=True, slots=True)
class Facts:
    """A case within the transaction of the step that something has happened in."""

    case: Case

    def task(self, task_id: int) -> dict[str, Any]:
        """Which task it is: id, process_id, element_id, name, business_key, outcome."""
        return dict(sql.execute(_TASK, {"the_id": task_id}).mappings().one())

    def variables(self) -> dict[str, Any]:
        """The case's own variables after the step; private fields are masked at any depth."""
        header = sql.execute(_HEADER, {"the_id": self.case.id}).scalar()
        return history.masked(values.loads(header)[1]) if header else {}
