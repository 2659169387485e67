"""The inbox of a person with fifty thousand tasks in reach, of a hundred thousand open ones."""

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import g

from app.accounts import people
from app.db import db
from app.engine import deploy, models
from app.engine import run as engine
from app.inbox import news, queue
from tests.bench.engine import application
from tests.engine.draw import end, flows, process, start, user

OPEN = 100_000


def fill(count: int) -> None:
    """`count` open tasks: half for 王强's role, one in ten without a date, some already his."""
    file = process(start(), user("t", camunda_candidateGroups="sales_manager"), end(),
                   flows("s t", "t e"), id="big")  # fmt: skip
    deploy.deploy([file], by=None, lenient=True)
    engine.start("big", {}, by="zhangwei")
    db.session.commit()
    tables = models.Instance.__table__, models.UserTask.__table__, models.TaskCandidate.__table__
    case, task, candidate = (
        dict(db.session.execute(sa.select(table)).mappings().one()) for table in tables
    )
    now = dt.datetime.now(dt.UTC)
    rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
    for n in range(2, count + 2):
        due = None if n % 10 == 0 else now + dt.timedelta(minutes=n % 20_000 - 3_000)
        own = "wangqiang" if n % 500 == 0 else None
        rows[0].append(case | {"id": n})
        rows[1].append(task | {
            "id": n, "instance_id": n, "due_at": due, "assignee": own,
            "business_key": f"QT-{n}", "search_text": f"审批报价 客户{n % 977} qt-{n}",
        })  # fmt: skip
        rows[2].append(candidate | {
            "id": n, "task_id": n, "value": "sales_manager" if n % 2 else "finance_clerk",
            "department_id": None, "taken": own is not None, "due_at": due,
        })  # fmt: skip
    for table, made in zip(tables, rows, strict=True):
        for at in range(0, count, 5_000):
            db.session.execute(sa.insert(table), made[at : at + 5_000])
    db.session.commit()


def measured(act: Callable[[], Any]) -> float:
    """The median of nine, in milliseconds, without what the identity map would save."""
    spent = []
    for _turn in range(9):
        db.session.remove()
        vars(g).clear()
        begin = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begin) * 1000)
    return round(statistics.median(spent), 1)


def run(count: int = OPEN) -> dict[str, Any]:
    """{figure: milliseconds}; goals: first page 30, search 100."""
    with tempfile.TemporaryDirectory() as folder:
        app = application(folder)
        with app.test_request_context():
            fill(count)
            questions = {
                "first page": queue.Question(), "page 20": queue.Question(page=20),
                "overdue": queue.Question(f="overdue"), "mine": queue.Question(f="mine"),
                "search, one hit": queue.Question(q="qt-50001"),
                "search, many hits": queue.Question(q="客户5"),
                "search, no hit": queue.Question(q="无此"),
            }  # fmt: skip
            found = {
                f"{name} ms": measured(lambda asked=asked: queue.tasks(asked, me()))
                for name, asked in questions.items()
            }
            found["counts ms"] = measured(lambda: queue.counts(me()))
            mark = news.of(me()).mark
            found["news ms"] = measured(lambda: news.of(me(), mark))
            found["badge ms"] = measured(lambda: queue.waiting(me()))
            found["open tasks"] = count
            db.session.remove()
            db.engine.dispose()
        return found


def me() -> Any:
    """王强, whose role may take half of them."""
    return people.get("wangqiang")
