"""A hundred thousand timers that wait, and a thousand that fall due within one minute: a server with its
own runner, on SQLite and on PostgreSQL.
"""

import datetime as dt
import tempfile
import time
from typing import Any

import sqlalchemy as sa

from app.db import db, reading
from app.engine import deploy, models
from app.engine import run as engine
from tests import postgres
from tests.bench.engine import application
from tests.bench.http import Server, cpu
from tests.engine.draw import catch, end, flows, process, start, timer

WAITING, DUE = 100_000, 1_000
AT_ONCE = 10_000
IDLE = 15.0  # seconds
_timer = models.Timer.__table__


def publish() -> int:
    """A flow that waits an hour; the id of its definition."""
    file = process(start(), catch("wait", timer("timeDuration", "PT1H")), end(),
                   flows("s wait", "wait e"), id="waiting")  # fmt: skip
    deploy.deploy([file], by=None, lenient=True)
    db.session.commit()
    found = db.session.scalar(sa.select(models.Definition.id)) or 0
    db.session.remove()  # or nobody else could write
    return found


def wait(count: int, definition: int) -> None:
    """So many timers wait for a day that is far away, of one case that waits."""
    case = engine.start("waiting", {}, by=None).id
    far = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    row = {"workspace_id": 1, "instance_id": case, "definition_id": definition, "queued": False,
           "element_id": "wait"}  # fmt: skip
    for at in range(0, count, AT_ONCE):
        rows = [
            row | {"token_id": 1_000 + n, "due_at": far + dt.timedelta(seconds=n)}
            for n in range(at, min(at + AT_ONCE, count))
        ]
        db.session.execute(sa.insert(_timer), rows)
    db.session.commit()
    db.session.remove()


def fall_due(count: int, seconds: float) -> dt.datetime:
    """So many cases whose timers fall due one after the other within so many seconds; the last."""
    ids = []
    for number in range(count):
        ids.append(engine.start("waiting", {}, by=None).id)
        if number % 50 == 49:
            db.session.commit()
            db.session.remove()
    first = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    for number, id in enumerate(ids):
        due = first + dt.timedelta(seconds=seconds * number / count)
        db.session.execute(sa.update(_timer).where(_timer.c.instance_id == id).values(due_at=due))
    db.session.commit()
    db.session.remove()
    return first + dt.timedelta(seconds=seconds)


def ended() -> int:
    """How many cases have ended."""
    query = sa.select(sa.func.count()).where(models.Instance.state == "ended")
    with reading():
        found = db.session.scalar(query) or 0
        db.session.remove()
    return found


def used(server: Server, seconds: float) -> float:
    """Hundredths of one core that the idle server uses."""
    before = cpu(server.process)
    time.sleep(seconds)
    return round((cpu(server.process) - before) / seconds * 100, 2)


def on(
    folder: str, url: str, waiting: int, due: int, seconds: float, idle: float
) -> dict[str, Any]:
    """The figures over one database."""
    app = application(folder, url)
    with app.app_context():
        definition = publish()
        server = Server(folder, url, runner="local")
        try:
            time.sleep(3)  # it has just begun
            alone = used(server, idle)
            wait(waiting, definition)
            among = used(server, idle)
            last = fall_due(due, seconds)
            while ended() < due and dt.datetime.now(dt.UTC) < last + dt.timedelta(seconds=60):
                time.sleep(0.2)
            late = (dt.datetime.now(dt.UTC) - last).total_seconds()
            fired = ended()
        finally:
            server.stop()
            db.session.remove()
            db.engine.dispose()
    return {
        "idle server, % of a core": alone,
        "the same with waiting timers": among,
        "fell due within seconds": seconds,
        "of them fired": fired,
        "the last one late by s": round(late, 1),
    }


def run(
    waiting: int = WAITING, due: int = DUE, seconds: float = 55.0, idle: float = IDLE
) -> dict[str, Any]:
    """{database: figures}; goals: less than 1 %, all of a minute fired within it."""
    found: dict[str, Any] = {"waiting timers": waiting, "falling due": due}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = on(folder, "", waiting, due, seconds, idle)
    with tempfile.TemporaryDirectory() as folder, postgres.server(durable=True) as server:
        address = server.url.format(name="postgres")
        found["PostgreSQL"] = on(folder, address, waiting, due, seconds, idle)
    return found
