"""The number of a case or of a task is never given twice, also when the last one is archived."""

import sqlalchemy as sa

from app import clock
from app.db import db
from app.engine import run
from app.engine.archived import ArchivedCase, ArchivedTask
from app.engine.models import UserTask
from app.jobs.models import Job
from tests.inbox import quotes
from tests.operate.old import LATER, finish, live, look


def in_the_archive() -> tuple[set[int], int]:
    cases = set(db.session.scalars(sa.select(ArchivedCase.id)))
    tasks = db.session.scalar(sa.select(sa.func.count()).select_from(ArchivedTask))
    return cases, tasks


def test_a_case_that_begins_after_the_last_one_was_archived_is_another_one(archived):
    cases, tasks = in_the_archive()
    again = finish(number=2)
    assert again not in cases
    clock.stop_at(LATER.replace(year=LATER.year + 4))
    look()
    assert live() == set()
    assert in_the_archive() == ({archived, again}, 2 * tasks)


def test_a_task_that_opens_after_the_last_one_was_archived_is_another_one(case):
    db.session.rollback()
    slow = quotes.begin(number=2)
    slow_case, quick = slow.instance_id, finish(number=3)
    clock.stop_at(LATER)
    look()
    assert live() == {slow_case}
    known = set(db.session.scalars(sa.select(ArchivedTask.task_id)))
    run.complete(slow.id, {"outcome": "approve", "opinion": ""}, by="wangqiang")
    db.session.commit()
    opened = set(db.session.scalars(sa.select(UserTask.id).where(UserTask.state == "open")))
    assert opened and not opened & known
    run.cancel(slow_case, "够了", "zhangwei")
    db.session.commit()
    clock.stop_at(LATER.replace(year=LATER.year + 4))
    look()
    assert live() == set() and in_the_archive()[0] == {case, quick, slow_case}
    assert db.session.scalar(sa.select(Job.id).where(Job.state == "failed")) is None
