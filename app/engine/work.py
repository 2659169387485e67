"""The tables of the inbox: user tasks and who may do them.

Candidates exist only while a task is open; what a list sorts by is copied into them, so that a
page of a hundred thousand open tasks is read from an index.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Json, UtcDateTime, db
from app.engine.cases import BigId, Instance
from app.workspace import Numerous


class UserTask(Numerous, db.Model):
    """A piece of human work in a case."""

    __tablename__ = "user_task"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE")
    )
    token_id: Mapped[int]
    definition_id: Mapped[int] = mapped_column(sa.ForeignKey("definition.id"))
    process_id: Mapped[str] = mapped_column(sa.String(200))  # of the process drawn around it
    element_id: Mapped[str] = mapped_column(sa.String(200))
    name: Mapped[str] = mapped_column(sa.String(300))
    form_key: Mapped[str | None] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(10), default="open")  # open, done, cancelled
    assignee: Mapped[str | None] = mapped_column(sa.String(40))
    department_id: Mapped[str | None] = mapped_column(sa.String(40))
    priority: Mapped[int] = mapped_column(default=50)
    due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    reminded_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    follow_up_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    claimed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    completed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    completed_by: Mapped[str | None] = mapped_column(sa.String(40))
    outcome: Mapped[str | None] = mapped_column(sa.String(60))
    business_key: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str | None] = mapped_column(sa.String(300))
    lane: Mapped[str | None] = mapped_column(sa.String(200))
    loop_index: Mapped[int | None]
    documentation: Mapped[str | None] = mapped_column(sa.Text)
    properties: Mapped[dict[str, str] | None] = mapped_column(Json())
    search_text: Mapped[str] = mapped_column(sa.Text, default="")  # see opening.search_text
    instance: Mapped[Instance] = relationship()
    candidates: Mapped[list["TaskCandidate"]] = relationship(back_populates="task")
    __table_args__ = (
        sa.Index(None, "instance_id", "token_id"),
        # the tasks of a case in one state; with the workspace, which every query asks for: only so
        # it fits better than those by workspace and state, which lead to all tasks there ever were
        sa.Index(None, "instance_id", "state", "workspace_id"),
        sa.Index(None, "workspace_id", "state", "assignee", "due_at"),
        sa.Index(None, "workspace_id", "state", "due_at"),
        # whatever is asked of very many open tasks, see inbox/sift.py; only that
        # compares texts, so that no other question is led to it
        sa.Index(
            "ix_user_task_open_by_date",
            "workspace_id",
            "state",
            "due_at",
            "id",
            "assignee",
            "follow_up_at",
            "process_id",
            "priority",
            "search_text",
            sqlite_where=sa.text("state = 'open' AND search_text IS NOT NULL"),
            postgresql_where=sa.text("state = 'open' AND search_text IS NOT NULL"),
        ),
        sa.Index(
            "ix_user_task_put_off",
            "workspace_id",
            "follow_up_at",
            sqlite_where=sa.text("state = 'open' AND follow_up_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'open' AND follow_up_at IS NOT NULL"),
        ),
        sa.Index(None, "workspace_id", "completed_by", "completed_at"),
        sa.Index(None, "workspace_id", "process_id", "state", "completed_at"),
        sa.Index(None, "assignee", "instance_id"),
        sa.Index(None, "definition_id", "state"),
        sa.Index(None, "workspace_id", "state", "business_key"),
    )


class TaskCandidate(db.Model):
    """Somebody, or every holder of a role (of one department, if given), may take a task."""

    __tablename__ = "task_candidate"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    workspace_id: Mapped[int]
    task_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("user_task.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(5))  # user, group
    value: Mapped[str] = mapped_column(sa.String(40))
    department_id: Mapped[str | None] = mapped_column(sa.String(40))
    taken: Mapped[bool] = mapped_column(default=False)  # somebody has the task
    due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime())
    task: Mapped[UserTask] = relationship(back_populates="candidates")
    __table_args__ = (sa.Index(None, "workspace_id", "kind", "value", "taken", "due_at"),)
