"""How gunicorn serves the product; every value comes from `config.py`."""

import gc
import socket
import sys
from typing import Any

from gunicorn.glogging import Logger

from app import balance, logs, metrics
from app.jobs import runner
from config import load

_settings = load()
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
worker_class = "app.worker.Worker"
graceful_timeout = 20
timeout = 60
max_requests = 0
preload_app = True  # imported once, then forked: a process that dies is replaced within moments
accesslog = None
limit_request_line = 8190
proc_name = "shunliu"
control_socket_disable = True  # nothing is written outside of instance/
UNASKED = 30  # seconds
SWITCH = 0.001  # seconds; whoever holds the turn to write gets the interpreter back that soon
forwarded_allow_ips = ""  # `app.proxy` decides whom to believe

metrics.share(metrics.folder_of(_settings.instance_path))


class Lines(Logger):
    """The server's own lines look like all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter(_settings))


logger_class = Lines


def when_ready(server: Any) -> None:
    """What was loaded stays for good: no process's collector walks it, its memory stays shared.

    Browsers open connections in advance; such a one comes when something is asked over it, and
    keeps no thread waiting.
    """
    gc.freeze()
    for listener in server.LISTENERS:
        if listener.family != socket.AF_UNIX:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, UNASKED)


def post_worker_init(worker: Any) -> None:
    """Due jobs are done from the start of each process, not from its first request on."""
    runner.ensure_started(worker.app.wsgi())
    gc.set_threshold(10_000, 20, 20)
    sys.setswitchinterval(SWITCH)


def pre_request(worker: Any, request: Any) -> None:
    """No process has many more people than another."""
    balance.weigh(worker, request)


def child_exit(_server: Any, worker: Any) -> None:
    """What a process that is gone held in memory no longer counts."""
    metrics.forget(worker.pid)
    balance.forget(worker)


def on_exit(_server: Any) -> None:
    """Nothing in memory is left of a server that has ended."""
    metrics.leave()


def worker_exit(_server: Any, worker: Any) -> None:
    """The job that this process was doing is done; what it had claimed is anybody's again."""
    runner.stop(worker.app.wsgi())
