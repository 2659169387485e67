"""The threads of a server's process.

Python runs one thread at a time. Threads that take turns at short requests keep each other waiting,
and most of all the one that has SQLite's turn to write, for which everybody waits: answered one
after the other they are all faster. So a second thread begins only when a request has run, or
another has waited, for longer than short ones ever do; a report of some seconds is in nobody's way.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any, NamedTuple

from gunicorn.workers.gthread import ThreadWorker

SHORT = 0.1  # seconds


class _Task(NamedTuple):
    since: float
    future: futures.Future[Any]
    act: Callable[[], Any]


class Threads(futures.Executor):
    """At most so many threads; as few of them at work as short tasks need."""

    def __init__(self, most: int) -> None:
        self._waiting: deque[_Task] = deque()
        self._begun: dict[int, float] = {}  # thread: since when it has its task
        self._watched, self._ended = False, False
        self._changed = threading.Condition()
        for _number in range(most):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """It will be done; those who came first come first. Raises RuntimeError after the end."""
        task = _Task(time.monotonic(), futures.Future(), partial(fn, *args, **kwargs))
        with self._changed:
            if self._ended:
                raise RuntimeError("these threads take no more tasks")
            self._waiting.append(task)
            if not self._begun or not self._watched:
                self._changed.notify()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks are taken; what is waiting is still done, unless it is cancelled."""
        with self._changed:
            self._ended = True
            while cancel_futures and self._waiting:
                self._waiting.popleft().future.cancel()
            self._changed.notify_all()
            while wait and (self._waiting or self._begun):
                self._changed.wait()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                task.future.set_result(task.act())
            except BaseException as error:
                task.future.set_exception(error)
            del task  # whoever waits for the next one keeps nothing of this one

    def _next(self) -> _Task | None:
        """The task that this thread does now; None when there will be none."""
        me = threading.get_ident()
        with self._changed:
            self._begun.pop(me, None)
            if self._ended:
                self._changed.notify_all()  # `shutdown` may wait for this
            while not self._ended or self._waiting:
                pause = self._pause()
                if pause is not None and pause <= 0:
                    return self._take(me)
                watches = pause is not None and not self._watched
                self._watched |= watches
                self._changed.wait(pause if watches else None)
                if watches:
                    self._watched = False
            return None

    def _take(self, me: int) -> _Task:
        self._begun[me] = time.monotonic()
        task = self._waiting.popleft()
        if self._waiting and not self._watched:
            self._changed.notify()  # somebody must see when the next one has waited long enough
        return task

    def _pause(self) -> float | None:
        """Seconds until one more thread may begin; None while nothing waits."""
        if not self._waiting:
            return None
        if not self._begun:
            return 0.0
        return min(self._waiting[0].since, max(self._begun.values())) + SHORT - time.monotonic()


class Worker(ThreadWorker):
    """gunicorn's worker with these threads."""

    def get_thread_pool(self) -> Threads:
        """The threads that answer."""
        return Threads(self.cfg.threads)
