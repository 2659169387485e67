"""Completing one user task of tests/bench/peer.bpmn through the web: gunicorn, login, CSRF token and
form, on SQLite and on PostgreSQL: 16 people at once, each as fast as the answers come, and the same
people when together they ask 250 times a second. Beside it the same step in this process and the
pages that people look at, measured in the same run. The settings are those of `make run`.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.accounts.models import User
from app.db import db
from app.engine import deploy, models
from app.engine import run as engine
from tests import ports, postgres
from tests.bench import crowd
from tests.bench.engine import application, summary, timed
from tests.visitor import Visitor

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENTS = 16
SECONDS = 8.0
PACE = 250.0  # requests a second of all people together
FORM = {
    "type": "default", "id": "peer_step", "schemaVersion": 18,
    "components": [
        {"type": "textfield", "id": "a", "key": "customer_name", "label": "Customer",
         "validate": {"required": True, "maxLength": 100}},
        {"type": "number", "id": "b", "key": "amount", "label": "Amount",
         "properties": {"format": "money"}},
        {"type": "select", "id": "c", "key": "kind", "label": "Kind",
         "values": [{"label": "A", "value": "A"}, {"label": "B", "value": "B"}]},
        {"type": "textarea", "id": "d", "key": "note", "label": "Note"},
        {"type": "button", "id": "e", "action": "submit", "label": "Done",
         "properties": {"outcome": "done", "tone": "primary"}},
    ],
}  # fmt: skip
TYPED = {"customer_name": "海潮机电有限公司", "amount": "1,234.50", "kind": "A", "note": "好",
         "outcome": "done"}  # fmt: skip
OPEN = sa.select(models.UserTask.id, models.UserTask.assignee).where(
    models.UserTask.state == "open"
)


class Server:
    """gunicorn with two worker processes over the folder."""

    def __init__(
        self,
        folder: str,
        database_url: str,
        runner: str = "local",
        serve: str = "tests.bench.http:serve()",
    ) -> None:
        self.address = f"127.0.0.1:{ports.free()}"
        settings = {"INSTANCE_PATH": folder, "BIND": self.address, "WORKERS": "2", "THREADS": "4",
                    "JOB_RUNNER": runner, "SECRET_KEY": "bench",
                    "DATABASE_URL": database_url}  # fmt: skip
        environ = os.environ | {f"SHUNLIU_{name}": value for name, value in settings.items()}
        with Path(folder, "log").open("ab") as lines:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:app.server", serve],
                cwd=ROOT, env=environ, stderr=lines,
            )  # fmt: skip
        for _turn in range(300):
            try:
                urllib.request.urlopen(f"http://{self.address}/login", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError("the server did not answer within 30 s")

    def stop(self) -> None:
        """The server is gone."""
        self.process.terminate()
        self.process.wait(20)


def serve() -> Any:
    """What gunicorn serves: the product, with the benchmark's handler."""
    return create_app()


def prepared(cases: int) -> None:
    """The flow is published with a form; `cases` cases wait at their first task, one per person in
    turn."""
    drawing = (HERE / "peer.bpmn").read_text()
    drawing = drawing.replace("<bpmn:userTask ", '<bpmn:userTask camunda:formRef="peer_step" ')
    for number in range(1, 6):
        drawing = drawing.replace(f'camunda:assignee="user{number}"', 'camunda:assignee="${who}"')
    files = [("peer.bpmn", drawing.encode()), ("peer_step.form", json.dumps(FORM).encode())]
    deploy.deploy(files, by=None, lenient=True)
    people = db.session.scalars(sa.select(User.login).order_by(User.login).limit(CLIENTS)).all()
    for number in range(cases):
        who = people[number % len(people)]
        engine.start("peer", {"rejected": False, "again": False, "who": who}, by=who)
        if number % 50 == 49:
            db.session.commit()
            db.session.remove()
    db.session.commit()
    db.session.remove()


def logged_in(address: str, login: str) -> Visitor:
    """The person is in."""
    visitor = Visitor(address)
    visitor.log_in(login)
    visitor.hang_up()  # the server ends idle connections after two seconds
    return visitor


def open_tasks() -> dict[str, list[int]]:
    """{login: ids of the open tasks}."""
    found: dict[str, list[int]] = {}
    for id, login in db.session.execute(OPEN):
        found.setdefault(login, []).append(id)
    db.session.remove()
    return found


def cpu(process: subprocess.Popen) -> float:
    """Seconds of processor time that the server's processes have used so far."""
    found = [process.pid]
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == process.pid:
                    found.append(int(folder.name))
    ticks = 0
    for pid in found:
        with contextlib.suppress(OSError):
            ticks += sum(
                map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
            )
    return ticks / os.sysconf("SC_CLK_TCK")


Crowd = Callable[[list[crowd.Person], float], float]


def rushed(
    server: Server, people: list[crowd.Person], seconds: float, go: Crowd = crowd.rush
) -> dict[str, Any]:
    """What everybody got, all at once unless `go` says how they ask."""
    server_before, own_before = cpu(server.process), time.process_time()
    took = go(people, seconds)
    server_used, own_used = cpu(server.process) - server_before, time.process_time() - own_before
    spent = [one for person in people for one in person.spent]
    return summary(spent) | {
        "per_second": round(len(spent) / took, 1),
        "server_cpu_ms": round(server_used / len(spent) * 1000, 2),
        "client_cpu_ms": round(own_used / len(spent) * 1000, 2),
        "count": len(spent),
    }


def completing(visitor: Visitor, tasks: list[int]) -> crowd.Person:
    """Somebody who completes these tasks one after the other."""
    requests = (crowd.post(visitor, f"/tasks/{task}/complete", TYPED) for task in tasks)
    return crowd.Person(visitor.address, requests, b"303")


def looking(visitor: Visitor, paths: Iterable[str]) -> crowd.Person:
    """Somebody who looks at these pages one after the other."""
    return crowd.Person(visitor.address, (crowd.get(visitor, path) for path in paths), b"200")


def over_http(server: Server, waiting: dict[str, list[int]], seconds: float) -> dict[str, Any]:
    """One click, at once and paced, and two pages, each by everybody at once."""
    visitors = {login: logged_in(server.address, login) for login in waiting}

    def people(first: int, last: int | None) -> list[crowd.Person]:
        return [completing(visitors[who], ids[first:last]) for who, ids in waiting.items()]

    rushed(server, people(0, 10), 60)  # warms up
    kept = int(PACE * seconds / 2 / len(visitors)) + 2  # for those who ask in turn, and one to see
    found = {
        "one completion": rushed(server, people(10, -kept), seconds),
        f"the same at {PACE:.0f} a second": rushed(
            server, people(-kept, -1), seconds / 2, lambda who, time: crowd.pace(who, time, PACE)
        ),
    }
    last = {who: ids[-1] for who, ids in waiting.items()}
    pages = {"page of a task": lambda who: f"/tasks/{last[who]}", "inbox": lambda _who: "/inbox"}
    for name, path in pages.items():

        def all_look(times: int, path: Callable[[str], str] = path) -> list[crowd.Person]:
            return [looking(visitors[who], itertools.repeat(path(who), times)) for who in waiting]

        rushed(server, all_look(4), 60)  # each process makes its templates and statements once
        found[name] = rushed(server, all_look(200), seconds / 2)
    return found


def in_process(count: int = 300) -> list[float]:
    """The same step without the web, on cases of its own."""
    spent = []
    for login, ids in open_tasks().items():
        for task in ids[-count // CLIENTS :]:
            spent.append(timed(task, {"customer_name": "海潮", "outcome": "done"}, login))
    return spent


def on(folder: str, database_url: str, cases: int, seconds: float) -> dict[str, Any]:
    """{figure: value} over one database."""
    app = application(folder, database_url)
    with app.app_context():
        prepared(cases)
        alone = in_process()
        waiting = open_tasks()
        db.session.remove()
        db.engine.dispose()
        server = Server(folder, database_url)
        try:
            found = over_http(server, waiting, seconds)
        finally:
            server.stop()
            db.session.remove()
            db.engine.dispose()
    inside = summary(alone[20:])
    click = found["one completion"]
    return found | {
        "the same step in this process": inside,
        "ratio of the medians": round(click["median_ms"] / inside["median_ms"], 1),
    }


def run(cases: int = 4000, seconds: float = SECONDS) -> dict[str, Any]:
    """{database: {figure: value}}; a completion is one POST of the form with its CSRF token, answered by
    303. About half a minute each.
    """
    found: dict[str, Any] = {"people at once": CLIENTS, "server processes": 2}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = on(folder, "", cases, seconds)
    with tempfile.TemporaryDirectory() as folder, postgres.server(durable=True) as server:
        found["PostgreSQL"] = on(folder, server.url.format(name="postgres"), cases, seconds)
    return found
