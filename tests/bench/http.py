"""Completing one user task of tests/bench/peer.bpmn through the web: gunicorn, login, CSRF token and
form, 16 people at a time. Beside it the same step in this process, measured in the same run.
"""

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.accounts.models import User
from app.db import db
from app.engine import deploy, models
from app.engine import run as engine
from tests.bench.engine import application, summary, timed
from tests.visitor import Visitor

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLIENTS = 16
SECONDS = 8.0
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

    def __init__(self, folder: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        settings = {"INSTANCE_PATH": folder, "BIND": self.address, "WORKERS": "2", "THREADS": "4",
                    "JOB_RUNNER": "inline", "SECRET_KEY": "bench", "LOG_LEVEL": "ERROR"}  # fmt: skip
        environ = os.environ | {f"SHUNLIU_{name}": value for name, value in settings.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:app.server",
             "--log-level=error", "tests.bench.http:serve()"],
            cwd=ROOT, env=environ,
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
    visitor.forgets = True
    visitor.hang_up()  # the server ends idle connections after two seconds
    return visitor


def clicks(visitor: Visitor, tasks: list[int], until: float) -> list[float]:
    """One person completes tasks until the time is up; milliseconds of each click."""
    spent = []
    for task in tasks:
        begin = time.perf_counter()
        if begin > until:
            break
        answer = visitor.post(f"/tasks/{task}/complete", **TYPED)
        spent.append((time.perf_counter() - begin) * 1000)
        if answer.status != 303:
            raise RuntimeError(f"{answer.status}: {answer.text[:300]}")
    return spent


def open_tasks() -> dict[str, list[int]]:
    """{login: ids of the open tasks}."""
    found: dict[str, list[int]] = {}
    for id, login in db.session.execute(OPEN):
        found.setdefault(login, []).append(id)
    db.session.remove()
    return found


def over_http(
    address: str, waiting: dict[str, list[int]], seconds: float
) -> tuple[list[float], float]:
    """(milliseconds of every click, clicks per second) of everybody at once."""
    visitors = {login: logged_in(address, login) for login in waiting}
    with concurrent.futures.ThreadPoolExecutor(len(waiting)) as pool:

        def all_click(first: int, last: int | None, until: float) -> list[float]:
            futures = [
                pool.submit(clicks, visitors[login], ids[first:last], until)
                for login, ids in waiting.items()
            ]
            return [one for future in futures for one in future.result()]

        all_click(0, 5, time.perf_counter() + 60)  # warms up
        begin = time.perf_counter()
        spent = all_click(5, None, begin + seconds)
        took = time.perf_counter() - begin
    for visitor in visitors.values():
        visitor.hang_up()
    return spent, len(spent) / took


def in_process(count: int = 300) -> list[float]:
    """The same step without the web, on cases of its own."""
    spent = []
    for login, ids in open_tasks().items():
        for task in ids[-count // CLIENTS :]:
            spent.append(timed(task, {"customer_name": "海潮", "outcome": "done"}, login))
    return spent


def run(cases: int = 3000, seconds: float = SECONDS) -> dict[str, Any]:
    """{figure: value}; about half a minute."""
    with tempfile.TemporaryDirectory() as folder:
        app = application(folder)
        with app.app_context():
            prepared(cases)
            alone = in_process()
            waiting = open_tasks()
            server = Server(folder)
            try:
                spent, rate = over_http(server.address, waiting, seconds)
            finally:
                server.stop()
            db.session.remove()
            db.engine.dispose()
    inside, web = summary(alone[20:]), summary(spent)
    return {
        "completions per second": round(rate, 1),
        "one click over HTTP": web,
        "the same step in this process": inside,
        "ratio of the medians": round(web["median_ms"] / inside["median_ms"], 1),
        "clicks": len(spent), "people at once": CLIENTS, "server processes": 2,
    }  # fmt: skip
