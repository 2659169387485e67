"""The figures that are collected while things happen."""

from typing import Any

from flask import current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app import signals
from app.engine import memory

registry = CollectorRegistry()
QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

requests = Histogram(
    "shunliu_http_request_seconds", "Time to answer a request.",
    ("method", "endpoint", "status"), buckets=SLOW, registry=registry,
)  # fmt: skip
steps = Histogram(
    "shunliu_step_seconds", "Time of a step of a case, without waiting for its row and the commit.",
    ("process",), buckets=QUICK, registry=registry,
)  # fmt: skip
jobs = Histogram(
    "shunliu_job_seconds", "Time of a job.", ("kind", "result"), buckets=SLOW, registry=registry
)
incidents = Counter(
    "shunliu_incidents_raised", "Steps that failed and wait for a person.", ("process",),
    registry=registry,
)  # fmt: skip
cached = Gauge(
    "shunliu_live_cases", "Cases kept in memory, all processes together.", registry=registry,
    multiprocess_mode="livesum",
)  # fmt: skip


def listen() -> None:
    """From now on what is done is counted."""
    signals.done.connect(_count)


def _count(what: str, *, seconds: float | None, facts: dict[str, Any]) -> None:
    if what == "request":
        status = f"{facts['status'] // 100}xx"
        requests.labels(facts["method"], facts["endpoint"] or "none", status).observe(seconds or 0)
    elif what == "step":
        steps.labels(facts["process"]).observe(seconds or 0)
        cached.set(len(memory.of(current_app).cases))
    elif what == "job":
        jobs.labels(facts["job"], facts["result"]).observe(seconds or 0)
    elif what == "incident":
        incidents.labels(facts["process"]).inc()
