"""Cases that finished long ago: how they come to be, and what is then done with them."""

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta

from app import clock
from app.db import db
from app.engine import deploy, run
from app.engine.models import Instance, UserTask
from app.inbox.models import Comment
from app.jobs import queue
from app.jobs.models import Job
from tests.conftest import TODAY
from tests.inbox import quotes

LATER = TODAY + relativedelta(days=1_096)
SECRET = "只有经手人知道"


def publish(own=None):
    """The flow of quotes, whose process says this of its history, or nothing."""
    attribute = f'camunda:historyTimeToLive="{own}"' if own else ""
    models = [
        (path.name, path.read_bytes().replace(b'camunda:historyTimeToLive="P3650D"',
                                              attribute.encode()))
        for path in sorted(quotes.FILES.iterdir())
    ]  # fmt: skip
    deploy.deploy(models, by="zhouning")
    db.session.commit()


def finish(number=1, by="wangqiang"):
    """A quote was begun by 张伟 and refused; its case has ended. The case's number."""
    task = quotes.begin(number=number)
    run.claim(task.id, by)
    db.session.add(
        Comment(instance_id=task.instance_id, task_id=task.id, login=by, text=SECRET, at=TODAY)
    )
    run.complete(task.id, {"outcome": "reject", "opinion": "毛利太低"}, by=by)
    while open_task := db.session.scalar(
        sa.select(UserTask).where(
            UserTask.instance_id == task.instance_id, UserTask.state == "open"
        )
    ):
        run.complete(open_task.id, {"outcome": "cancel"}, by="zhangwei")
    case = db.session.get_one(Instance, task.instance_id)
    if case.state == "active":
        run.cancel(case.id, "客户不要了", "zhangwei")
    number = case.id
    db.session.commit()
    return number


def look():
    """The recurring job looks, and everything that it finds is done."""
    key = "every:engine.archive"
    if not queue.enqueue("engine.archive", {}, key=key):
        db.session.execute(sa.update(Job).where(Job.key == key).values(run_at=clock.now()))
    db.session.commit()
    queue.run_due()


def live():
    return set(db.session.scalars(sa.select(Instance.id)))


def everything():
    """{table: its rows} of the whole database."""
    return {
        table.name: sorted(map(repr, db.session.execute(sa.select(table))))
        for table in db.metadata.sorted_tables
    }
