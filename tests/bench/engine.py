"""What one step of a case costs, with everything written: SQLite, WAL, synchronous=FULL.

Each figure stands beside a bare commit of as many bytes, measured in the same run between the
steps, so that a noisy machine shifts both.
"""

import gc
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.accounts import demo
from app.db import db
from app.engine import deploy, memory, models
from app.engine import run as engine
from app.engine.handlers import Step, handler
from tests.engine.draw import end, flows, node, process, start, user, xor

HERE = Path(__file__).parent
CASES = 200
FORM = {"customer": {"name": "海潮机电有限公司", "lines": [{"no": n, "qty": n} for n in range(20)]}}
OPEN = sa.select(models.UserTask.id).where(models.UserTask.state == "open")


@handler()
def noop(step: Step) -> None:
    """Nothing happens, and the journal says so."""


def application(folder: str, database_url: str = "") -> Flask:
    """A platform over an empty database, a file unless told."""
    app = create_app({"instance_path": folder, "job_runner": "inline", "secret_key": "bench", "log_level": "ERROR",
                      "database_url": database_url})  # fmt: skip
    with app.app_context():
        db.create_all()
        demo.load_people()
        db.session.commit()
    return app


class Bare:
    """A database with one table, to commit bytes into."""

    def __init__(self, folder: str) -> None:
        self.connection = sqlite3.connect(os.path.join(folder, "bare.sqlite"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, data BLOB)")

    def commit(self, size: int) -> float:
        """Milliseconds for one row of `size` bytes."""
        data = os.urandom(size)
        begin = time.perf_counter()
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO bare (data) VALUES (?)", (data,))
        self.connection.execute("COMMIT")
        return (time.perf_counter() - begin) * 1000


def timed(task_id: int, data: dict[str, Any], by: str = "zhangwei") -> float:
    """Milliseconds from the request's first statement to the end of its commit, as the inbox does it."""
    begin = time.perf_counter()
    engine.hand_in(task_id, data, by=by)
    db.session.commit()
    spent = (time.perf_counter() - begin) * 1000
    db.session.remove()
    return spent


class Written:
    """Counts the bytes of every parameter of every statement that writes."""

    def __init__(self) -> None:
        self.size = 0
        self.listener = self._count  # the same object must be removed
        sa.event.listen(db.engine, "before_cursor_execute", self.listener)

    def _count(
        self, _c: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool
    ) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            rows = [one if isinstance(one, tuple | list) else (one,) for one in given]
            self.size += sum(self._width(value) for row in rows for value in row)

    @staticmethod
    def _width(value: Any) -> int:
        return len(value.encode()) if isinstance(value, str) else 8

    def stop(self) -> int:
        """How many since it was made; it counts no more."""
        sa.event.remove(db.engine, "before_cursor_execute", self.listener)
        return self.size


def live_bytes(instance_id: int) -> int:
    """How much of a case's state is kept while it waits."""
    header = sa.select(sa.func.length(models.Instance.header)).where(
        models.Instance.id == instance_id
    )
    tokens = sa.select(sa.func.sum(sa.func.length(models.Token.state))).where(
        models.Token.instance_id == instance_id
    )
    return int(db.session.scalar(header) or 0) + int(db.session.scalar(tokens) or 0)


def summary(spent: list[float]) -> dict[str, float]:
    """Median, 95th and 5th of a hundred, in milliseconds."""
    ordered = sorted(spent)
    return {
        "median_ms": round(statistics.median(ordered), 3),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 3),
        "p5_ms": round(ordered[int(len(ordered) * 0.05)], 3),
    }


def completions(bare: Bare, cases: int = CASES) -> dict[str, Any]:
    """One user task of the twenty-node process, about four nodes each."""
    deploy.deploy([("peer.bpmn", (HERE / "peer.bpmn").read_bytes())], by=None, lenient=True)
    db.session.commit()
    spent, plain, sizes = [], [], []
    for n in range(cases):
        case = engine.start("peer", {"rejected": False, "again": False}, by="zhangwei").id
        db.session.commit()
        db.session.remove()
        data = FORM
        while True:
            found = db.session.scalar(OPEN.where(models.UserTask.instance_id == case).limit(1))
            db.session.remove()
            if found is None:
                break
            if n < 10:  # warms up, and says how much is written
                counter = Written()
                timed(found, data)
                sizes.append(counter.stop())
            else:
                spent.append(timed(found, data))
                plain.append(bare.commit(int(statistics.median(sizes))))
            data = {"note": "好"}
    bytes_of = int(statistics.median(sizes))
    figures = summary(spent)
    base = statistics.median(plain)
    return figures | {
        "bare_commit_ms": round(base, 3),
        "bare_commit_bytes": bytes_of,
        "ratio_to_bare_commit": round(figures["median_ms"] / base, 1),
        "steps": len(spent),
    }


def loop(rounds: int = 10_000) -> dict[str, Any]:
    """A loop through one user task: the last rounds beside the first."""
    file = process(
        start(), user("again", camunda_assignee="zhangwei"), xor("more", "out"), end(),
        flows("s again", "again more", "more again ${go}", "out: more e"), id="loop",
    )  # fmt: skip
    deploy.deploy([file], by=None, lenient=True)
    case = engine.start("loop", {"go": True}, by="zhangwei").id
    db.session.commit()
    spent = []
    task = db.session.scalar(OPEN.where(models.UserTask.instance_id == case))
    for _n in range(rounds):
        spent.append(timed(task, {"go": True}))
        task = db.session.scalar(
            OPEN.where(models.UserTask.instance_id == case).order_by(models.UserTask.id.desc())
        )
        db.session.remove()
    first, last = spent[10:210], spent[-200:]
    return {
        "first_ms": summary(first)["median_ms"],
        "last_ms": summary(last)["median_ms"],
        "ratio": round(statistics.median(last) / statistics.median(first), 2),
        "rounds": rounds,
        "live_state_bytes": live_bytes(case),
    }


def many(count: int = 1000) -> dict[str, Any]:
    """A parallel multi-instance user task: creating all, completing each."""
    inside = (
        "<multiInstanceLoopCharacteristics><loopCardinality>${n}</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )
    file = process(
        start(), node("userTask", "each", inside, camunda_assignee="zhangwei"), end(),
        flows("s each", "each e"), id="many",
    )  # fmt: skip
    deploy.deploy([file], by=None, lenient=True)
    db.session.commit()
    begin = time.perf_counter()
    case = engine.start("many", {"n": count}, by="zhangwei").id
    db.session.commit()
    created = (time.perf_counter() - begin) * 1000
    found = db.session.scalars(OPEN.where(models.UserTask.instance_id == case)).all()
    db.session.remove()
    spent = [timed(task, {"done": True}) for task in found]
    ended = db.session.scalar(sa.select(models.Instance.state).where(models.Instance.id == case))
    tenth = max(1, count // 10)
    return {
        "create_ms": round(created, 1),
        "complete": summary(spent),
        "last_tenth_to_first": round(
            statistics.median(spent[-tenth:]) / statistics.median(spent[:tenth]), 2
        ),
        "ended": ended == "ended",
    }


def cold(cases: int = 100) -> dict[str, Any]:
    """As `completions`, every case read from its rows."""
    spent = []
    for _n in range(cases):
        case = engine.start("peer", {"rejected": False, "again": False}, by="zhangwei").id
        db.session.commit()
        db.session.remove()
        found = db.session.scalar(OPEN.where(models.UserTask.instance_id == case).limit(1))
        db.session.remove()
        memory.here().cases.clear()
        spent.append(timed(found, {"note": "好"}))
    return summary(spent)


def run(rounds: int = 10_000, instances: int = 1000, cases: int = CASES) -> dict[str, Any]:
    """{figure: values}; a few seconds."""
    with tempfile.TemporaryDirectory() as folder:
        app = application(folder)
        with app.app_context():
            bare = Bare(folder)
            gc.collect()
            found = {
                "user task completed": completions(bare, cases),
                "the same from a cold case": cold(),
                "loop round last to first": loop(rounds),
                "parallel multi-instance": many(instances),
            }
            db.session.remove()
            db.engine.dispose()
            bare.connection.close()
        return found
