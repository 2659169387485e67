"""The inbox of a person with fifty thousand tasks in reach, of a hundred thousand open ones; then the
same among a million finished cases, each with all that a case leaves behind.
"""

import datetime as dt
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
OF_ONE_DAY = 2_000  # finished cases that end in the same moment
_case, _task = models.Instance.__table__, models.UserTask.__table__
_candidate = models.TaskCandidate.__table__
Rows = dict[str, Any]


def publish() -> tuple[Rows, ...]:
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


def finish(count: int, first: int) -> None:
    """`count` cases that have ended, with every row that a case leaves, in every table: one is done
    and copied. One in a hundred was begun by 王强, another one in a hundred done by him."""
    case = engine.start("big", {}, by="zhangwei").id
    task = db.session.scalar(sa.select(_task.c.id).where(_task.c.instance_id == case))
    engine.hand_in(task, {"note": "好"}, by="lina")
    db.session.commit()
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=400)
    steps = range(first, first + count, OF_ONE_DAY)
    for step, at in enumerate(steps):
        here = min(OF_ONE_DAY, first + count - at)
        _copy(case, range(at, at + here), then + dt.timedelta(hours=12 * step / len(steps) * 700))
    db.session.commit()


def _copy(case: int, numbers: range, ended: dt.datetime) -> None:
    """The rows of the case once more for each number, made by the database itself."""
    one = sa.select(sa.literal(numbers.start).label("n")).cte("numbers", recursive=True)
    n = one.union_all(sa.select(one.c.n + 1).where(one.c.n < numbers.stop - 1)).c.n
    by_him, begun = _one_in_a_hundred(n, 0, "lina"), _one_in_a_hundred(n, 50, "zhangwei")
    words = "审批报价 客户" + sa.cast(n % 977, sa.Text) + " qt-" + sa.cast(n, sa.Text)
    key = "QT-" + sa.cast(n, sa.Text)
    own = {
        _case: {"id": n, "business_key": key, "ended_at": ended, "started_by": begun},
        _task: {"id": n, "instance_id": n, "business_key": key, "search_text": words,
                "completed_at": ended, "completed_by": by_him, "assignee": by_him},
    }  # fmt: skip
    for table in (_case, _task, *left_behind()):
        multiply(table, own.get(table, {"instance_id": n}), n, case)


def _one_in_a_hundred(n: Any, rest: int, others: str) -> sa.ColumnElement[str]:
    return sa.case((n % 100 == rest, "wangqiang"), else_=others)


def left_behind() -> list[sa.Table]:
    """The other tables of the engine that may have rows of a case after its end."""
    return [
        table for table in db.metadata.sorted_tables
        if table is not _task and "instance_id" in table.c
        and table.c.instance_id.references(_case.c.id)
    ]  # fmt: skip


def multiply(table: sa.Table, own: Rows, n: Any, case: int) -> None:
    """The rows of the case in the table once more for each `n`, with these values of their own."""
    numbered = table.c.get("id") is not None and "id" not in own
    names = [column.name for column in table.c if not (numbered and column.name == "id")]
    of_case = table.c.id if table is _case else table.c.instance_id
    values = []
    for name in names:
        value = own.get(name, table.c[name])
        if isinstance(value, dt.datetime):
            value = sa.bindparam(None, value, type_=table.c[name].type)
        values.append(value)
    rows = sa.select(*values).select_from(sa.join(table, n.table, sa.true())).where(of_case == case)
    db.session.connection().execute(sa.insert(table).from_select(names, rows))


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
    """The fastest of nine, in milliseconds, without what the identity map would save."""
    spent = []
    for _turn in range(9):
        db.session.remove()
        vars(g).clear()
        begin = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begin) * 1000)
    return round(min(spent), 1)


def asked() -> dict[str, float]:
    """{question: milliseconds}"""
    questions = {
        "first page": queue.Question(), "page 20": queue.Question(page=20),
        "overdue": queue.Question(f="overdue"), "mine": queue.Question(f="mine"),
        "done": queue.Question(f="done"),
        "search, one hit": queue.Question(q="qt-50001"),
        "search, many hits": queue.Question(q="客户5"),
        "search, no hit": queue.Question(q="无此"),
        "search in a process": queue.Question(q="qt-50001", process="big"),
        "search among the urgent": queue.Question(q="客户5", priority="high"),
        "search, newest first": queue.Question(q="qt-50001", sort="new"),
        "by priority": queue.Question(sort="priority"),
    }  # fmt: skip
    found = {
        f"{name} ms": measured(lambda asked=asked: queue.tasks(asked, me()))
        for name, asked in questions.items()
    }
    started = queue.Question(f="started")
    found["started ms"] = measured(lambda: queue.cases(started, me()))
    found["counts beside the list ms"] = measured(lambda: queue.counts(me()))
    mark = news.of(me()).mark
    found["news ms"] = measured(lambda: news.of(me(), mark))
    found["badge ms"] = measured(lambda: queue.waiting(me()))
    found["processes to choose from ms"] = measured(lambda: queue.processes(me()))
    return found | {"a task completed ms": completed()}


def completed() -> float:
    """The fastest of nine tasks done by 王强, each in a transaction of its own, in milliseconds."""
    free = sa.select(_candidate.c.task_id).where(_candidate.c.value == "sales_manager")
    cases = [engine.start("big", {}, by="zhangwei").id for _turn in range(9)]
    db.session.commit()
    tasks = iter(db.session.scalars(
        sa.select(_task.c.id).where(_task.c.instance_id.in_(cases), _task.c.id.in_(free))
    ).all())  # fmt: skip

    def complete() -> None:
        engine.hand_in(next(tasks), {"note": "好"}, by="wangqiang")
        db.session.commit()

    return measured(complete)


def on(folder: str, url: str, count: int, finished: int) -> dict[str, Any]:
    """The figures over one database."""
    app = application(folder, url)
    with app.test_request_context():
        like = publish()
        fill(count, like)
        set_next_numbers()
        tidy()
        before = asked()
        finish(finished, 10 * count)
        set_next_numbers()
        tidy()
        after = asked()
        db.session.remove()
        db.engine.dispose()
    ratios = {name: round(after[name] / before[name], 2) for name in before}
    return {"open tasks alone": before, "among finished cases": after, "ratio": ratios}


def set_next_numbers() -> None:
    """PostgreSQL goes on counting after the rows that were given numbers."""
    if db.engine.dialect.name == "postgresql":
        for table in (_case, _task, _candidate):
            last = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            db.session.execute(sa.select(sa.func.setval(sequence, last)))
    db.session.commit()


def run(count: int = OPEN, finished: int = FINISHED) -> dict[str, Any]:
    """{database: figures}; goals: first page 30 ms, search 100 ms, ratio 1.5."""
    found: dict[str, Any] = {"open tasks": count, "finished cases": finished}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = on(folder, "", count, finished)
    with tempfile.TemporaryDirectory() as folder, postgres.server(durable=True) as server:
        found["PostgreSQL"] = on(folder, server.url.format(name="postgres"), count, finished)
    return found


def me() -> Any:
    """王强, whose role may take half of them."""
    return people.get("wangqiang")
