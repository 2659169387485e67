"""The stage on which a test plays a flow: people do tasks through their forms, time passes."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import clock, errors, sql
from app.db import db
from app.engine import forms, run
from app.engine.models import Event, Incident, Instance, UserTask
from app.inbox import forms as inbox_forms
from app.inbox import play
from app.jobs import queue, registry
from app.jobs.models import Job
from app.records import write


class Stage:
    """One test's company. Every act commits, as a request does."""

    # starting

    def start(self, process_id: str, by: str | None, **variables: Any) -> int:
        """A case begins; its id."""
        made = run.start(process_id, variables, by=by)
        db.session.commit()
        return made.id

    def message(self, name: str, key: str | None = None, **variables: Any) -> int:
        """A message comes in from outside; the case that has it."""
        found = run.correlate(name, key, variables)
        db.session.commit()
        return found

    def signal(self, name: str, **variables: Any) -> int:
        """A signal is heard; by how many."""
        found = run.broadcast(name, variables)
        db.session.commit()
        return found

    # doing

    def tasks(self, element: str | None = None, case: int | None = None) -> list[UserTask]:
        """The open tasks, oldest first."""
        arrive()
        query = sa.select(UserTask).where(UserTask.state == "open").order_by(UserTask.id)
        if element:
            query = query.where(UserTask.element_id == element)
        if case:
            query = query.where(UserTask.instance_id == case)
        return list(db.session.scalars(query))

    def task(self, element: str, case: int | None = None, of: str | None = None) -> UserTask:
        """The one open task of this element (and of this person)."""
        found = [one for one in self.tasks(element, case) if of in (None, one.assignee)]
        assert len(found) == 1, (
            f"{len(found)} {element}, open: {self.open(case)}, {self.incidents()}"
        )
        return found[0]

    def open(self, case: int | None = None) -> list[str]:
        """The element ids of the open tasks."""
        return sorted(task.element_id for task in self.tasks(None, case))

    def do(
        self, element: str, by: str, outcome: str | None = None, *, case: int | None = None,
        of: str | None = None, **values: Any,
    ) -> UserTask:  # fmt: skip
        """The person, who must be allowed to, fills in the task's form and presses the verb."""
        task = self.task(element, case, of)
        return self.complete(task, by, play.handed_in(task, by, outcome, values))

    def complete(self, task: UserTask, by: str, values: Mapping[str, Any]) -> UserTask:
        """The task is done with these variables, past its form."""
        try:
            run.complete(task.id, values, by=by)
        except Exception:
            db.session.rollback()
            raise
        db.session.commit()
        return task

    def judge(
        self, task: UserTask, by: str, outcome: str | None, values: Mapping[str, Any]
    ) -> forms.Judged:
        """What the form says to these values."""
        return play.judge(task, by, outcome, values)

    def seen(self, task: UserTask) -> dict[str, Any]:
        """The variables that the task sees."""
        return inbox_forms.context_of(task)

    # time

    def wait(self, **delta: float) -> None:
        """Time passes, and what became due has happened."""
        self.go_to(clock.now() + dt.timedelta(**delta))

    def go_to(self, moment: dt.datetime) -> None:
        """The clock stands at `moment`; what became due has happened, in its order."""
        clock.stop_at(moment)
        queue.run_due()

    # looking

    def path(self, case: int) -> list[str]:
        """The elements that were entered, in order."""
        arrive()
        query = sa.select(Event.element_id).where(
            Event.instance_id == case, Event.kind == "entered"
        )
        return [one for one in db.session.scalars(query.order_by(Event.id)) if one]

    def ended(self, case: int) -> bool:
        """Is the case over?"""
        arrive()
        return db.session.get_one(Instance, case, populate_existing=True).state == "ended"

    def end(self, case: int) -> str:
        """The last end event that the case reached; it must be over."""
        assert self.ended(case), f"open: {self.open(case)}, incidents: {self.incidents()}"
        return self.path(case)[-1]

    def variables(self, case: int) -> dict[str, Any]:
        """The case's own variables."""
        arrive()
        return run.variables(case)

    def cases(self, process_id: str) -> list[Instance]:
        """All cases of a process."""
        arrive()
        query = sa.select(Instance).where(Instance.process_id == process_id)
        return list(db.session.scalars(query.order_by(Instance.id)))

    def record(self, entity: str, number: str) -> Any:
        """A record as it is now."""
        arrive()
        db.session.expire_all()
        return write.need(entity, number)

    def incidents(self) -> list[str]:
        """What failed: open incidents, and steps that wait for another attempt."""
        open_ones = sa.select(Incident).where(Incident.state == "open")
        failed = sa.select(Event).where(Event.kind == "failed").order_by(Event.id)
        return [f"{one.element_id}: {one.message}" for one in db.session.scalars(open_ones)] + [
            f"{one.element_id}: {(one.data or {}).get('message')}"
            for one in db.session.scalars(failed)
        ]

    def change(self, entity: str, number: str, **given: Any) -> None:
        """Somebody changed a record meanwhile."""
        write.change(write.need(entity, number), given, by="sunli")
        db.session.commit()


ON_THE_WAY = ("engine.message", "engine.message_to", "engine.signal")


def arrive() -> None:
    """What cases sent each other is there. On SQLite it is at once; where rows are locked it goes
    by jobs, which a runner does as soon as they are committed."""
    tried: set[int] = set()
    while sql.locks_rows():
        query = sa.select(Job).where(
            Job.kind.in_(ON_THE_WAY), Job.state == "waiting", Job.attempts == 0,
            Job.run_at <= clock.now(), Job.id.not_in(tried),
        )  # fmt: skip
        job = db.session.scalar(query.order_by(Job.id).limit(1))
        if job is None:
            return
        tried.add(job.id)
        try:
            registry.kinds[job.kind].work(job.payload, job)
            db.session.delete(job)
            db.session.commit()
        except errors.ShunliuError:
            db.session.rollback()  # it stays for the runner, as any job that fails
