"""What people and machines do in a test of the platform: every act is a request that commits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import db
from app.engine import deploy, run
from app.engine.models import Event, Incident, Instance, UserTask
from app.jobs import queue


def publish(*files: tuple[str, bytes], by: str = "zhouning") -> deploy.Deployment:
    """The files are deployed, wired or not."""
    made = deploy.deploy(files, by=by, lenient=True)
    db.session.commit()
    return made


def begin(process_id: str = "p", *, by: str | None = "zhangwei", **variables: Any) -> Instance:
    made = run.start(process_id, variables, by=by)
    db.session.commit()
    return made


def tasks(instance: Instance | None = None) -> list[UserTask]:
    query = sa.select(UserTask).where(UserTask.state == "open").order_by(UserTask.id)
    if instance is not None:
        query = query.where(UserTask.instance_id == instance.id)
    return list(db.session.scalars(query))


def names(instance: Instance | None = None) -> list[str]:
    return [task.name for task in tasks(instance)]


def task(name: str) -> UserTask:
    return next(one for one in tasks() if one.name == name)


def complete(name: str, *, by: str = "zhangwei", **data: Any) -> UserTask:
    done = run.complete(task(name).id, data, by=by)
    db.session.commit()
    return done


def work(**ahead: float) -> int:
    """The clock moves on, and everything due is done; how many jobs ran."""
    clock.stop_at(clock.now() + dt.timedelta(**ahead))
    return queue.run_due()


def state(instance: Instance) -> str:
    db.session.refresh(instance)
    return instance.state


def incidents() -> list[Incident]:
    query = sa.select(Incident).where(Incident.state == "open").order_by(Incident.id)
    return list(db.session.scalars(query))


def history(instance: Instance) -> list[str]:
    query = sa.select(Event.kind).where(Event.instance_id == instance.id).order_by(Event.id)
    return list(db.session.scalars(query))


def count(table: type[Any]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
