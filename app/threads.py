"""The threads of a server's process.

Python runs one thread at a time. Threads that take turns at short requests keep each other waiting,
and most of all the one that has SQLite's turn to write, for which everybody waits: answered one
after the other they are all faster. So a second thread begins only when a request has run, or
another has waited, for longer than short ones ever do; a report of some seconds is in nobody's way.
"""

import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any, NamedTuple

from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

from app import lingering, stalled

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


class _Calls(PollableMethodQueue):
    """What threads have the process's loop do. A thread that is still at work when the loop has
    ended writes one more byte, and must not hit the file that has got the number meanwhile."""

    def close(self) -> None:
        """Its files end with the process."""


class Worker(ThreadWorker):
    """gunicorn's worker with these threads. Its loop waits for no client: it would take and read
    nothing meanwhile, whoever else asks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method_queue = _Calls()
        self.visits = stalled.Visits()

    def get_thread_pool(self) -> Threads:
        """The threads that answer."""
        return Threads(self.cfg.threads)

    def run(self) -> None:
        """Everything that was asked is answered, everybody had time to read it."""
        self.lingering = lingering.Lingering()
        self.poller.register(self.lingering.fileno(), selectors.EVENT_READ, self.lingering.heed)
        super().run()
        self.lingering.finish()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """A round of the loop."""
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, stalled.EVERY))
        self.lingering.expire()
        self.visits.look(ending=not self.alive)

    def enqueue_req(self, conn: TConn) -> None:
        """A thread will see to it."""
        self.visits.come(conn, conn.sock)
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """In a thread: what is asked over it is read and answered."""
        self.visits.begin(conn)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """In a thread: what is asked is answered."""
        self.visits.ask(conn)
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, fs: futures.Future[Any]) -> None:
        """The thread is done with it; it goes on, or ends."""
        self.visits.leave(conn)
        if fs.cancelled() or not (fs.exception() or fs.result()):
            self.nr_conns -= 1
            self.lingering.take(conn.sock)
            return
        super().finish_request(conn, fs)
        if not self.alive:
            self._cap_keepalive(time.monotonic() + lingering.LAST)

    def _cap_keepalive(self, deadline: float) -> None:
        """Who is asking just now is still answered when the process ends, but not for long."""
        super()._cap_keepalive(min(deadline, time.monotonic() + lingering.LAST))
