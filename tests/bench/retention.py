"""Finished cases leave the live tables while people work: a server with its own runner archives ten
thousand cases, the oldest first, and 16 people together complete 50 tasks a second over HTTP.

Quiet stretches and stretches with retention follow one another in one run, so that a noisy machine
shifts both. The server itself writes down how long each transaction of the archive took.
"""

import datetime as dt
import itertools
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import clock, create_app
from app.db import db, reading, writes
from app.engine import files, models
from app.engine import run as engine
from app.engine.archived import ArchivedCase
from app.inbox.models import Comment
from app.jobs import registry
from app.jobs.models import Job
from tests import postgres
from tests.bench import crowd, inbox
from tests.bench.engine import OPEN, application
from tests.bench.http import Server, completing, logged_in, open_tasks, prepared, rushed

FINISHED = 10_000
PER_SECOND = 50.0  # completions of all people together
SECONDS, ROUNDS = 4.0, 3  # of one stretch; of each kind
AT_ONCE = 1_000  # cases that one statement copies
AGE = dt.timedelta(days=1_200)  # older than SHUNLIU_ARCHIVE_DAYS
HELD = "held"
_case, _task, _job = models.Instance.__table__, models.UserTask.__table__, Job.__table__
_journal = models.HandlerJournal.__table__


# the server


class Watch:
    """Writes down how long the writing transactions of retention took, commit and all; on SQLite
    that is how long it had the turn to write."""

    def __init__(self, target: Path) -> None:
        self.target, self.here = target, threading.local()
        sa.event.listen(db.engine, "begin", self._begun)
        sa.event.listen(db.engine, "checkin", self._over)
        for name, kind in list(registry.kinds.items()):
            if name.startswith("engine.archive"):
                self._follow(kind)

    def _follow(self, kind: registry.Kind) -> None:
        work = kind.work

        def followed(payload: dict[str, Any], job: Job) -> float | None:
            self.here.name = kind.name
            return work(payload, job)

        object.__setattr__(kind, "work", followed)

    def _begun(self, on: sa.Connection) -> None:
        on.info["since"] = time.perf_counter() if writes() else None

    def _over(self, _raw: Any, record: Any) -> None:
        since, name = record.info.pop("since", None), getattr(self.here, "name", None)
        if since is not None and name is not None:
            self.here.name = None  # the next one counts the next job's attempt
            line = json.dumps([name, round((time.perf_counter() - since) * 1000, 2)])
            with self.target.open("a") as lines:
                lines.write(f"{line}\n")


def serve() -> Any:
    """What gunicorn serves: the product, watched."""
    app = create_app()
    with app.app_context():
        Watch(Path(app.instance_path) / HELD)
    return app


# what is there


def finish(count: int) -> None:
    """So many cases that have just ended, copies of one that was really run, with a remark and a
    file each; numbered after all others."""
    case = engine.start("peer", {"rejected": False, "again": False, "who": "lina"}, by="lina").id
    db.session.commit()
    while task := db.session.scalar(OPEN.where(models.UserTask.instance_id == case).limit(1)):
        engine.hand_in(task, {"customer_name": "海潮", "note": "好", "outcome": "done"}, by="lina")
        db.session.commit()
    now = clock.now()
    db.session.add(Comment(instance_id=case, login="lina", text="可以了", at=now))
    db.session.add(
        files.StoredFile(
            sha256="0" * 64, name="合同.pdf", size=9, type="application/pdf", uploaded_by="lina",
            uploaded_at=now, instance_id=case,
        )
    )  # fmt: skip
    db.session.commit()
    first = case + 1
    for at in range(first, first + count, AT_ONCE):
        _copy(case, range(at, min(at + AT_ONCE, first + count)))
        db.session.commit()
    inbox.set_next_numbers()


def _copy(case: int, numbers: range) -> None:
    one = sa.select(sa.literal(numbers.start).label("n")).cte("numbers", recursive=True)
    n = one.union_all(sa.select(one.c.n + 1).where(one.c.n < numbers.stop - 1)).c.n
    inbox.multiply(_case, {"id": n, "business_key": "QT-" + sa.cast(n, sa.Text)}, n, case)
    for table in (_task, *inbox.left_behind()):
        inbox.multiply(table, {"instance_id": n}, n, case)
    key = sa.cast(n, sa.Text) + sa.func.substr(_journal.c.key, len(str(case)) + 1)
    rows = sa.select(key, _journal.c.handler, _journal.c.result, _journal.c.at).select_from(
        sa.join(_journal, n.table, sa.true())
    )
    mine = rows.where(_journal.c.key.startswith(f"{case}:"))
    db.session.execute(sa.insert(_journal).from_select(list(_journal.c.keys()), mine))


def grow_old() -> None:
    """The finished cases are old enough, each a second younger than the next."""
    then = clock.now() - AGE
    query = sa.select(_case.c.id).where(_case.c.ended_at.is_not(None)).order_by(_case.c.id)
    ids = db.session.scalars(query).all()
    aged = [{"the_id": id, "then": then + dt.timedelta(seconds=n)} for n, id in enumerate(ids)]
    change = sa.update(_case).where(_case.c.id == sa.bindparam("the_id"))
    db.session.connection().execute(change.values(ended_at=sa.bindparam("then")), aged)
    db.session.commit()
    db.session.remove()


def go(on: bool) -> None:
    """Retention goes on, or rests from the job on that it is doing."""
    mine = _job.c.kind.startswith("engine.archive")
    if on:
        now = {"state": "waiting", "run_at": clock.now()}
        db.session.execute(sa.update(_job).where(mine).values(**now))
        db.session.commit()
    else:
        while db.session.scalar(
            sa.select(_job.c.id).where(mine, _job.c.state == "waiting").limit(1)
        ):
            free = sa.and_(mine, _job.c.state == "waiting", _job.c.locked_by.is_(None))
            db.session.execute(sa.update(_job).where(free).values(state="held"))
            db.session.commit()
    db.session.remove()


def archived() -> int:
    """How many cases are."""
    with reading():
        found = db.session.scalar(sa.select(sa.func.count()).select_from(ArchivedCase)) or 0
        db.session.remove()
    return found


# measured


def summary(spent: list[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(spent)
    return {
        "median_ms": round(ordered[len(ordered) // 2], 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)], 2),
        "max_ms": round(ordered[-1], 2),
        "count": len(ordered),
    }


def stretch(server: Server, people: list[crowd.Person], seconds: float) -> list[float]:
    """How long each completion took, in milliseconds from its turn on."""
    before = {id(person): len(person.spent) for person in people}
    rushed(server, people, seconds, lambda who, time: crowd.pace(who, time, PER_SECOND))
    return [one for person in people for one in person.spent[before[id(person)] :]]


def alternately(
    server: Server, people: list[crowd.Person], seconds: float, rounds: int
) -> dict[str, Any]:
    """Completions without and with retention, in turn."""
    quiet: list[list[float]] = []
    busy: list[list[float]] = []
    gone, took = 0, 0.0
    stretch(server, people, 2.0)  # warms up
    for _round in range(rounds):
        quiet.append(stretch(server, people, seconds))
        before, began = archived(), time.perf_counter()
        go(True)
        busy.append(stretch(server, people, seconds))
        go(False)
        took += time.perf_counter() - began
        gone += archived() - before
    return {
        "completions without retention": summary(list(itertools.chain(*quiet))),
        "completions beside it": summary(list(itertools.chain(*busy))),
        "ratio, the median of the rounds": ratios(quiet, busy),
        "cases archived": gone,
        "archived a second": round(gone / took, 1),
    }


def ratios(quiet: list[list[float]], busy: list[list[float]]) -> dict[str, float]:
    """Of each figure. Something else that this machine does is in one round, not in all."""
    pairs = [(summary(one), summary(other)) for one, other in zip(quiet, busy, strict=True)]
    return {
        name[:-3]: round(statistics.median(other[name] / one[name] for one, other in pairs), 2)
        for name in ("median_ms", "p95_ms", "max_ms")
    }


def held(folder: str) -> dict[str, Any]:
    """{kind of job: how long its transactions took}."""
    found: dict[str, list[float]] = {}
    for line in (Path(folder) / HELD).read_text().splitlines():
        name, spent = json.loads(line)
        found.setdefault(name, []).append(spent)
    return {name: summary(spent) for name, spent in sorted(found.items())}


def on(
    folder: str, url: str, count: int, seconds: float, rounds: int, log: Path | None = None
) -> dict[str, Any]:
    """The figures over one database; `log` is the server's, which tells of waits for locks."""
    app = application(folder, url)
    with app.app_context():
        if log is not None:
            _tell_of_waits()
        prepared(int(PER_SECOND * (2 * rounds * seconds + 4)) + 16)
        waiting = open_tasks()
        finish(count)
        server = Server(folder, url, serve="tests.bench.retention:serve()")
        try:
            time.sleep(3)  # the runner has looked once, and found nothing
            go(False)
            grow_old()
            inbox.tidy()
            visitors = {login: logged_in(server.address, login) for login in waiting}
            people = [completing(visitors[who], ids) for who, ids in waiting.items()]
            waits = _told_of(log)
            found = alternately(server, people, seconds, rounds)
        finally:
            server.stop()
            db.session.remove()
            db.engine.dispose()
    found["one transaction of"] = held(folder)
    if log is not None:
        found["waits for a lock over 5 ms"] = _told_of(log) - waits
    return found


def _told_of(log: Path | None) -> int:
    return log.read_text().count("still waiting for") if log is not None else 0


def _tell_of_waits() -> None:
    """PostgreSQL writes into its log who waits for a lock for more than five milliseconds."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET log_lock_waits = on")
        connection.exec_driver_sql("ALTER SYSTEM SET deadlock_timeout = '5ms'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def run(count: int = FINISHED, seconds: float = SECONDS, rounds: int = ROUNDS) -> dict[str, Any]:
    """{database: figures}; goals: the completions' p95 at most doubled, no transaction of 50 ms."""
    found: dict[str, Any] = {"finished cases": count, "completions a second": PER_SECOND}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = on(folder, "", count, seconds, rounds)
    with tempfile.TemporaryDirectory() as folder, postgres.server(durable=True) as server:
        url = server.url.format(name="postgres")
        found["PostgreSQL"] = on(folder, url, count, seconds, rounds, server.folder / "log")
    return found
