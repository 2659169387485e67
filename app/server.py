"""How gunicorn serves the product; every value comes from `config.py`."""

from typing import Any

from app.jobs import runner
from config import load

_settings = load()
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
worker_class = "gthread"
graceful_timeout = 20
timeout = 60
max_requests = 0
preload_app = True  # imported once, then forked: a process that dies is replaced within moments
accesslog = None
limit_request_line = 8190
proc_name = "shunliu"
control_socket_disable = True  # nothing is written outside of instance/


def post_worker_init(worker: Any) -> None:
    """Due jobs are done from the start of each process, not from its first request on."""
    runner.ensure_started(worker.app.wsgi())
