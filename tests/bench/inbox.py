"""The inbox of a person with fifty thousand tasks in reach, of a hundred thousand open ones; then the
same among a million finished cases.
"""

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from flask import g

from app.accounts import people
from app.db import db
from app.engine import deploy, models
from app.engine import run as engine
from app.inbox import news, queue
from tests import postgres
from tests.bench.engine import application
from tests.engine.draw import end, flows, process, start, user

OPEN, FINISHED = 100_000, 1_000_000
AT_ONCE = 10_000
_case, _task = models.Instance.__table__, models.UserTask.__table__
_candidate = models.TaskCandidate.__table__


def publish() -> tuple[dict[str, Any], ...]:
    """A flow with one task; the rows of one case of it."""
    file = process(start(), user("t", camunda_candidateGroups="sales_manager"), end(),
                   flows("s t", "t e"), id="big")  # fmt: skip
    deploy.deploy([file], by=None, lenient=True)
    engine.start("big", {}, by="zhangwei")
    db.session.commit()
    return tuple(
        dict(db.session.execute(sa.select(table)).mappings().one())
        for table in (_case, _task, _candidate)
    )


def fill(count: int, like: tuple[dict[str, Any], ...] | None = None) -> None:
    """`count` open tasks: half for 王强's role, one in ten without a date, some already his."""
    case, task, candidate = like or publish()
    now = dt.datetime.now(dt.UTC)

    def rows(numbers: range) -> Iterator[tuple[dict[str, Any], ...]]:
        for n in numbers:
            due = None if n % 10 == 0 else now + dt.timedelta(minutes=n % 20_000 - 3_000)
            own = "wangqiang" if n % 500 == 0 else None
            yield (
                case | {"id": n},
                task | {
                    "id": n, "instance_id": n, "due_at": due, "assignee": own,
                    "business_key": f"QT-{n}", "search_text": f"审批报价 客户{n % 977} qt-{n}",
                },
                candidate | {
                    "id": n, "task_id": n, "department_id": None, "taken": own is not None,
                    "value": "sales_manager" if n % 2 else "finance_clerk", "due_at": due,
                },
            )  # fmt: skip

    _insert(range(2, count + 2), rows, (_case, _task, _candidate))


def finish(count: int, first: int, like: tuple[dict[str, Any], ...]) -> None:
    """`count` cases that have ended, each with one task that was done, one in a hundred by 王强."""
    case, task, _candidate = like
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=400)

    def rows(numbers: range) -> Iterator[tuple[dict[str, Any], ...]]:
        for n in numbers:
            at = then + dt.timedelta(seconds=30 * (n - first))
            yield (
                case | {"id": n, "state": "ended", "result": "completed", "ended_at": at},
                task | {
                    "id": n, "instance_id": n, "state": "done", "completed_at": at,
                    "completed_by": "wangqiang" if n % 100 == 0 else "lina", "due_at": at,
                    "business_key": f"QT-{n}", "search_text": f"审批报价 客户{n % 977} qt-{n}",
                },
            )  # fmt: skip

    _insert(range(first, first + count), rows, (_case, _task))


def _insert(numbers: range, rows: Callable[[range], Iterator[Any]], tables: Any) -> None:
    for at in range(0, len(numbers), AT_ONCE):
        made = list(zip(*rows(numbers[at : at + AT_ONCE]), strict=True))
        for table, part in zip(tables, made, strict=True):
            db.session.execute(sa.insert(table), list(part))
    db.session.commit()


def tidy() -> None:
    """The database knows how its tables are filled, as after a while of its own work."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM")


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


def asked() -> dict[str, float]:
    """{question: milliseconds}"""
    questions = {
        "first page": queue.Question(), "page 20": queue.Question(page=20),
        "overdue": queue.Question(f="overdue"), "mine": queue.Question(f="mine"),
        "done": queue.Question(f="done"),
        "search, one hit": queue.Question(q="qt-50001"),
        "search, many hits": queue.Question(q="客户5"),
        "search, no hit": queue.Question(q="无此"),
    }  # fmt: skip
    found = {
        f"{name} ms": measured(lambda asked=asked: queue.tasks(asked, me()))
        for name, asked in questions.items()
    }
    found["counts beside the list ms"] = measured(lambda: queue.counts(me()))
    mark = news.of(me()).mark
    found["news ms"] = measured(lambda: news.of(me(), mark))
    found["badge ms"] = measured(lambda: queue.waiting(me()))
    found["processes to choose from ms"] = measured(lambda: queue.processes(me()))
    return found


def on(folder: str, url: str, count: int, finished: int) -> dict[str, Any]:
    """The figures over one database."""
    app = application(folder, url)
    with app.test_request_context():
        like = publish()
        fill(count, like)
        tidy()
        before = asked()
        finish(finished, count + 2, like)
        tidy()
        after = asked()
        db.session.remove()
        db.engine.dispose()
    ratios = {name: round(after[name] / before[name], 2) for name in before}
    return {"open tasks alone": before, "among finished cases": after, "ratio": ratios}


def run(count: int = OPEN, finished: int = FINISHED) -> dict[str, Any]:
    """{database: figures}; goals: first page 30 ms, search 100 ms, ratio 1.5. Some minutes."""
    found: dict[str, Any] = {"open tasks": count, "finished cases": finished}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = on(folder, "", count, finished)
    with tempfile.TemporaryDirectory() as folder, postgres.server(durable=True) as server:
        found["PostgreSQL"] = on(folder, server.url.format(name="postgres"), count, finished)
    return found


def me() -> Any:
    """王强, whose role may take half of them."""
    return people.get("wangqiang")
