"""A task put out of sight until a day."""

import datetime as dt

from app.db import db
from app.engine import held, opening, store
from app.engine.models import UserTask


def set_follow_up(task_id: int, at: dt.datetime | None, by: str) -> UserTask:
    """The task is out of the way until then; None: it is here again. Its due time stays."""
    task, found = held.task(task_id)
    opening.set_follow_up(task_id, at)
    store.note(
        found, "deferred", by=by, element_id=task.element_id, name=task.name,
        token_id=task.token_id, task_id=task_id, data={"follow_up_at": at},
    )  # fmt: skip
    return db.session.get_one(UserTask, task_id, populate_existing=True)
