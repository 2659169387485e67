"""Random walks through the published flows on a real database: with the memory emptied before
every step, so that each case is rebuilt from its rows, they end exactly as without."""

import datetime as dt
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import clock, errors
from app.db import db
from app.engine import memory, run
from app.engine.models import Definition, Event, Instance, Timer, UserTask
from app.jobs import queue
from tests import database as databases
from tests.conftest import TODAY, standing
from tests.database import Database
from tests.flows.conftest import published  # noqa: F401 - the company with all its flows

STEPS = 15
OUTCOMES = ("submit", "approve", "return", "reject", "accept", "decline", "not_dup", "abandon")


def startable() -> list[str]:
    query = sa.select(Definition.process_id).where(Definition.is_newest, Definition.startable)
    return sorted(db.session.scalars(query))


def step(chance: random.Random) -> None:
    """One thing happens: somebody does a task, or time passes to the next timer."""
    query = sa.select(UserTask).where(UserTask.state == "open").order_by(UserTask.id)
    tasks = list(db.session.scalars(query))
    if tasks and chance.random() < 0.8:
        task = chance.choice(tasks)
        try:
            run.complete(task.id, {"outcome": chance.choice(OUTCOMES)}, by="zhangwei")
            db.session.commit()
        except errors.ShunliuError:
            db.session.rollback()
        return
    due = db.session.scalar(sa.select(sa.func.min(Timer.due_at)).where(Timer.instance_id > 0))
    if due is not None:
        clock.stop_at(max(due, clock.now()) + dt.timedelta(seconds=1))
        queue.run_due()


def story() -> list[tuple[object, ...]]:
    """Everything that can be told of all cases, in order."""
    events = db.session.execute(
        sa.select(Event.instance_id, Event.kind, Event.element_id, Event.token_id).order_by(
            Event.id
        )
    )
    cases = db.session.execute(
        sa.select(Instance.id, Instance.state, Instance.end_event, Instance.incidents)
        .order_by(Instance.id)
    )  # fmt: skip
    return [tuple(row) for row in (*events, *cases)]


def walk(template: Database, folder: Path, process_id: str, seed: int, cold: bool) -> list[object]:
    folder.mkdir()
    chance = random.Random(seed)
    with standing(TODAY), databases.copied(template, folder) as made, databases.opened(made):
        try:
            run.start(process_id, {"object_id": "X-1", "subject": "随机走查"}, by="zhouning")
            db.session.commit()
            for _ in range(STEPS):
                if cold:
                    memory.here().cases.clear()
                step(chance)
            return story()
        except errors.ShunliuError as refusal:
            db.session.rollback()
            return [str(refusal)]


@pytest.mark.parametrize("seed", range(3))
def test_a_case_rebuilt_from_its_rows_before_every_step_ends_the_same(
    published: Database, tmp_path: Path, seed: int  # noqa: F811
):  # fmt: skip
    with databases.opened(published):
        flows = startable()
    for process_id in flows:
        warm = walk(published, tmp_path / f"warm{process_id}", process_id, seed, cold=False)
        cold = walk(published, tmp_path / f"cold{process_id}", process_id, seed, cold=True)
        assert warm == cold
        assert warm
