"""archived cases are counted in reports and listed by process and time; finished work is found by
when it was finished

Revision ID: 0017
Revises: 0016
"""

import zlib

import sqlalchemy as sa
from alembic import op

from app import values
from app.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CASES = 200  # unpacked at a time
NEW = {
    "workspace_id": sa.Integer(), "process_id": sa.String(200), "name": sa.String(300),
    "completed_by": sa.String(40), "created_at": UtcDateTime(timezone=True),
    "due_at": UtcDateTime(timezone=True), "completed_at": UtcDateTime(timezone=True),
}  # fmt: skip
LISTS = {  # index: what it was before
    ("business_key", "id"): ("business_key",),
    ("ended_at", "id"): None,
    ("process_id", "ended_at", "id"): None,
}


def upgrade() -> None:
    for name, kind in NEW.items():
        op.add_column("archived_task", sa.Column(name, kind, nullable=True))
    _fill(op.get_bind())
    _finished("ix_archived_task_finished", "archived_task", "completed_at")
    _finished("ix_instance_finished_of_process", "instance", "ended_at")
    for now, before in LISTS.items():
        if before:
            op.drop_index(_name("archived_case", before), "archived_case")
        op.create_index(_name("archived_case", now), "archived_case", ["workspace_id", *now])
    _change_tasks("due_at", "completed_at")


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"ix_{table}_workspace_id_{'_'.join(columns)}")


def _finished(name: str, table: str, column: str) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    columns = ["workspace_id", "process_id", column]
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _change_tasks(before: str, now: str) -> None:
    for column, act in ((before, op.drop_index), (now, op.create_index)):
        columns = ("process_id", "state", column)
        more = [["workspace_id", *columns]] if act is op.create_index else []
        act(_name("user_task", columns), "user_task", *more)


def _fill(bind: sa.Connection) -> None:
    """When the steps of the cases that are archived already were done, and by whom."""
    content = sa.table(
        "archived_content", sa.column("case_id", BigId), sa.column("content", sa.LargeBinary)
    )
    columns = [sa.column(name, kind) for name, kind in NEW.items()]
    task = sa.table("archived_task", sa.column("task_id", BigId), *columns)
    write = sa.update(task).where(task.c.task_id == sa.bindparam("id"))
    write = write.values({one.name: sa.bindparam(f"new_{one.name}") for one in columns})
    last = 0
    while True:
        query = sa.select(content).where(content.c.case_id > last).order_by(content.c.case_id)
        found = bind.execute(query.limit(CASES)).all()
        if not found:
            return
        last = found[-1].case_id
        rows = [_values(task) for row in found for task in _tasks(row.content)]
        if rows:
            bind.execute(write, rows)


def _tasks(content: bytes) -> list[dict]:
    return values.loads(zlib.decompress(content).decode())["tables"]["user_task"]


def _values(task: dict) -> dict:
    done = task if task["state"] == "done" else task | {"completed_at": None}
    return {"id": task["id"]} | {f"new_{name}": done[name] for name in NEW}


def downgrade() -> None:
    _change_tasks("completed_at", "due_at")
    for now, before in LISTS.items():
        op.drop_index(_name("archived_case", now), "archived_case")
        if before:
            columns = ["workspace_id", *before]
            op.create_index(_name("archived_case", before), "archived_case", columns)
    op.drop_index("ix_instance_finished_of_process", "instance")
    op.drop_index("ix_archived_task_finished", "archived_task")
    for name in NEW:
        op.drop_column("archived_task", name)
