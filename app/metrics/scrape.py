"""The page: collected figures, and counts of what waits in the company's tables.

A count stops at a limit, so that a scrape costs the same on a bad day; at the limit, read "or
more". Everything is found by an index that has the state in it: history is never read.
"""

import hmac
import ipaddress
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from app import clock, errors, health, workspace
from app.db import db
from app.engine.models import Definition, Incident, Instance, Timer, UserTask
from app.jobs import queue
from app.jobs.models import Job
from app.metrics import figures, folder_of

MOST = 50_000
MOST_OF_A_PROCESS = 5_000
# a proxy in front says for whom it asks; then the request is not from this machine
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
pages = Blueprint("metrics", __name__)
_task, _job = UserTask.__table__, Job.__table__
_case, _incident, _timer = Instance.__table__, Incident.__table__, Timer.__table__


@pages.get("/metrics")
def show() -> Response:
    """The figures, for this machine and for whoever has the token; nobody else sees a page."""
    if not _may_read():
        raise errors.NotFound()
    return Response(text(), content_type=CONTENT_TYPE_LATEST)


@click.command()
def metrics() -> None:
    """Print what /metrics answers; on machines with workers only, for a textfile collector."""
    click.echo(text().decode(), nl=False)


def _may_read() -> bool:
    token = current_app.config["SETTINGS"].metrics_token
    given = request.headers.get("Authorization", "").encode("latin-1", "replace")
    if token and hmac.compare_digest(given, f"Bearer {token}".encode()):
        return True
    direct = not any(name in request.headers for name in FORWARDED)
    return direct and _is_loopback(request.remote_addr)


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def text() -> bytes:
    """Everything in Prometheus' text format."""
    collected = figures.registry
    shared = folder_of(current_app.instance_path)
    if shared.is_dir():
        collected = CollectorRegistry()
        MultiProcessCollector(collected, str(shared))
    counted = CollectorRegistry()
    counted.register(Counted())
    return generate_latest(counted) + generate_latest(collected)


class Counted:
    """What stands in the database at this moment."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges of the company; practice has none."""
        with workspace.use(workspace.COMPANY):
            yield from _tasks()
            yield from _jobs()
            yield from _cases()
        yield from _space()
        info = GaugeMetricFamily("shunliu_build_info", "The version that runs.", labels=["version"])
        info.add_metric([health.VERSION], 1)
        yield info

    def describe(self) -> list[GaugeMetricFamily]:
        """Registering asks nothing of the database."""
        return []


def _tasks() -> Iterator[GaugeMetricFamily]:
    mine = _task.c.workspace_id == workspace.COMPANY, _task.c.state == "open"
    yield _gauge("open_tasks", f"Tasks that wait for people, at most {MOST}.", _up_to(*mine))
    late = _up_to(*mine, _task.c.due_at <= clock.now())
    yield _gauge("overdue_tasks", f"Open tasks past their date, at most {MOST}.", late)


def _jobs() -> Iterator[GaugeMetricFamily]:
    mine, now = _job.c.workspace_id == workspace.COMPANY, clock.now()
    due = _up_to(mine, _job.c.state == "waiting", _job.c.run_at <= now)
    yield _gauge("due_jobs", f"Jobs whose time has come, at most {MOST}.", due)
    failed = _up_to(mine, _job.c.state == "failed")
    yield _gauge("failed_jobs", f"Jobs given up, at most {MOST}.", failed)
    stuck = _up_to(mine, _job.c.state == "stuck")
    yield _gauge("stuck_jobs", f"Jobs that do not end, at most {MOST}.", stuck)
    yield _gauge("job_lag_seconds", "How long the oldest due job waits.", queue.lag_seconds())
    timers = _up_to(
        _timer.c.workspace_id == workspace.COMPANY, _timer.c.queued.is_(False),
        _timer.c.due_at <= now,
    )  # fmt: skip
    yield _gauge("due_timers", f"Timers not yet made jobs, at most {MOST}.", timers)


def _cases() -> Iterator[GaugeMetricFamily]:
    here = _incident.c.workspace_id == workspace.COMPANY
    stuck = _up_to(here, _incident.c.state == "open")
    yield _gauge("open_incidents", f"Steps that wait for an administrator, at most {MOST}.", stuck)
    running = GaugeMetricFamily(
        "shunliu_running_cases", f"Cases that run, at most {MOST_OF_A_PROCESS} of each process.",
        labels=["process"],
    )  # fmt: skip
    newest = sa.select(Definition.process_id).where(Definition.is_newest)
    for process in db.session.scalars(newest.order_by(Definition.process_id)).all():
        found = _up_to(
            _case.c.workspace_id == workspace.COMPANY, _case.c.process_id == process,
            _case.c.state == "active", most=MOST_OF_A_PROCESS,
        )  # fmt: skip
        running.add_metric([process], found)
    yield running


def _up_to(*conditions: sa.ColumnElement[bool], most: int = MOST) -> int:
    some = sa.select(sa.literal(1)).where(*conditions).limit(most).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _space() -> Iterator[GaugeMetricFamily]:
    folder = Path(current_app.instance_path)
    free = shutil.disk_usage(folder).free
    yield _gauge("disk_free_bytes", "Room left for database and uploads on this machine.", free)
    yield _gauge("database_bytes", "Size of the database.", _size())


def _size() -> int:
    if db.engine.dialect.name != "sqlite":
        return db.session.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0
    files = [Path((db.engine.url.database or "") + end) for end in ("", "-wal")]
    return sum(path.stat().st_size for path in files if path.is_file())


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"shunliu_{name}", text, value=value)
