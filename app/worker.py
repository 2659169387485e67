"""A process of the server: its connections, and who answers what comes over them.

gunicorn reads the requests and writes the answers; the threads are those of `app.threads`. Only the
thread that leads touches the connections, so that nothing about them needs a lock: one that has lost
the lead over a long request hands its connection back. Nothing here waits for a client: a connection
on which nothing comes, or that the other side does not close, is one more number that epoll watches.
"""

import collections
import contextlib
import errno
import os
import select
import socket
import time
from typing import Any

from gunicorn import http
from gunicorn.errors import ConfigError
from gunicorn.http import body, wsgi
from gunicorn.workers import base

from app import lingering, stalled
from app.answer import Answer
from app.threads import Lead

DRAIN = 2.0  # seconds for what an application left unread of a request
SWEEP = 1.0  # seconds
_GONE = {errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EAGAIN, errno.ETIMEDOUT}
_FASTER = {errno.EAGAIN, errno.ECONNABORTED}


class Connection:
    """One that was accepted."""

    __slots__ = ("busy", "client", "heard", "parser", "server", "sock", "until")

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        sock.setblocking(True)
        self.parser = http.get_parser(cfg, sock, client)
        self.busy = False
        self.heard = True  # does epoll tell when something comes?
        self.until = 0.0

    @property
    def read_ahead(self) -> bool:
        """Has the next request been read already?"""
        return bool(self.parser.unreader.buf.getvalue())

    def drained(self) -> bool:
        """Nothing of the last request is left on the line; False if that cannot be had soon."""
        reader = self.parser.mesg.body.reader
        if isinstance(reader, body.LengthReader) and not reader.length:
            return True
        return self.parser.finish_body(deadline=time.monotonic() + DRAIN)


class Worker(base.Worker):
    """gunicorn's process with threads of our own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all: dict[int, Connection] = {}  # that somebody may ask over
        self._visits = stalled.Visits()
        self._ready: collections.deque[Connection] = collections.deque()
        self._back: collections.deque[tuple[Connection, bool]] = collections.deque()
        self._listeners: dict[int, tuple[Any, Any]] = {}  # with its address
        self._accepts = self._served = False
        self._swept = self._ends = self._full_until = 0.0

    def init_process(self) -> None:
        """The process is what gunicorn makes of it; it serves until it is told to end."""
        self._poll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._bell, select.EPOLLIN)
        self._lead = Lead(self._round, self._rouse)
        self._lingering = lingering.Lingering()
        self._poll.register(self._lingering.fileno(), select.EPOLLIN)
        super().init_process()

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Raises ConfigError for what this server leaves to the one in front of it."""
        if cfg.is_ssl:
            raise ConfigError(
                "the server in front (nginx) has the certificate, see docs/operate.md"
            )

    @property
    def nr_conns(self) -> int:
        """How many connections somebody may ask over."""
        return len(self._all)

    def run(self) -> None:
        """The first thread only watches, tells gunicorn that the process lives, and hears
        signals."""
        for listener in self.sockets:
            listener.setblocking(False)
            self._listeners[listener.fileno()] = listener, listener.getsockname()
        self._accept_more(True)
        self._lead.begin(self.cfg.threads)
        self._watch(lambda: self.alive)
        os.eventfd_write(self._bell, 1)
        until = time.monotonic() + self.cfg.graceful_timeout
        self._watch(lambda: not self._served and time.monotonic() < until)
        self._lead.end()

    def _watch(self, goes_on: Any) -> None:
        ear = select.poll()
        ear.register(self.PIPE[0], select.POLLIN)
        while goes_on():
            self.notify()
            if self.ppid != os.getppid():
                self.alive = False
            if ear.poll(min(self._lead.watch(), SWEEP) * 1000):
                os.read(self.PIPE[0], 1 << 16)
            self._visits.look(ending=not self.alive)

    def _rouse(self) -> None:
        """The first thread looks."""
        with contextlib.suppress(BlockingIOError):  # it has been told often enough
            os.write(self.PIPE[1], b".")

    # what the leading thread does

    def _round(self) -> None:
        """One request is answered, or something has come."""
        self._hear()
        if self._ready:
            self._do(self._ready.popleft())

    def _hear(self) -> None:
        # one at a time: who comes first is first, over an old connection or a new one
        for number, _what in self._poll.poll(self._pause(), 1):
            if number == self._bell:
                os.eventfd_read(self._bell)
            elif number == self._lingering.fileno():
                self._lingering.heed()
            elif number in self._listeners:
                self._accept(*self._listeners[number])
            elif number in self._all:
                self._comes(self._all[number])
        while self._back:
            self._after(*self._back.popleft())
        self._tidy()

    def _pause(self) -> float | None:
        """Seconds after which to tidy up; None while there is nothing to tidy."""
        if self._ready:
            return 0.0
        if self.alive and not self._accepts:
            return SWEEP
        if not self.alive:
            return SWEEP / 10
        return SWEEP if self._all else None

    def _comes(self, conn: Connection) -> None:
        """Something came over the connection."""
        if conn in self._ready:
            return
        if not conn.busy:
            self._ready.append(conn)
        else:  # the next request, while another thread is at the last one
            self._poll.unregister(conn.sock)
            conn.heard = False

    def _do(self, conn: Connection) -> None:
        conn.busy = True
        self._lead.task_begins()
        self._visits.begin(conn, conn.sock)
        stays = self._answer(conn)
        self._visits.leave(conn)
        if self._lead.task_ends():
            self._after(conn, stays)
        else:
            self._back.append((conn, stays))
            os.eventfd_write(self._bell, 1)

    def _after(self, conn: Connection, stays: bool) -> None:
        """The connection waits for its next request, or ends."""
        conn.busy = False
        if not stays:
            self._end(conn)
            return
        if not conn.heard:
            self._poll.register(conn.sock, select.EPOLLIN)
            conn.heard = True
        if conn.read_ahead:
            self._ready.append(conn)
        conn.until = time.monotonic() + self.cfg.keepalive

    def _end(self, conn: Connection) -> None:
        del self._all[conn.sock.fileno()]
        if conn.heard:
            self._poll.unregister(conn.sock)
        self._lingering.take(conn.sock)

    def _tidy(self) -> None:
        """No connection is kept for longer than it should be; as many are taken as there may be."""
        now = time.monotonic()
        if not (self.alive or self._ends):
            self._ends = now
        if now - self._swept > SWEEP or not self.alive:
            self._swept = now
            self._lingering.expire()
            for conn in [one for one in self._all.values() if self._is_over(one, now)]:
                self._end(conn)
        room = len(self._all) < self.cfg.worker_connections and now > self._full_until
        self._accept_more(self.alive and room)
        if not (self.alive or self._all):
            self._lingering.finish()
            self._served = True
            self._lead.end()
            self._rouse()

    def _is_over(self, conn: Connection, now: float) -> bool:
        if conn.busy or conn in self._ready:
            return False
        return now > (conn.until if self.alive else min(conn.until, self._ends + lingering.LAST))

    def _accept_more(self, more: bool) -> None:
        """New connections are taken, or left to others."""
        if more == self._accepts:
            return
        self._accepts = more
        for listener, _address in self._listeners.values():
            if more:  # of several processes that wait one is woken
                self._poll.register(listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            else:
                self._poll.unregister(listener)
                if not self.alive:
                    listener.close()

    def _accept(self, listener: Any, address: Any) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in _FASTER:
                self.log.error("No connection can be accepted: %s", error)
                self._full_until = time.monotonic() + SWEEP
            return
        conn = Connection(self.cfg, sock, client, address)
        conn.until = time.monotonic() + self.cfg.keepalive
        self._all[sock.fileno()] = conn
        self._poll.register(sock, select.EPOLLIN)

    # what the thread does that answers, whether it still leads or not

    def _answer(self, conn: Connection) -> bool:
        """One request is answered. Does the connection stay?"""
        request = None
        try:
            request = next(conn.parser)
            self._visits.ask(conn)
            return self._respond(request, conn)
        except (StopIteration, http.errors.NoMoreData):
            pass  # the other side has gone
        except OSError as error:
            if error.errno not in _GONE:
                self.log.exception("A connection failed")
        except (Exception, SystemExit) as error:
            self.handle_error(request, conn.sock, conn.client, error)
        return False

    def _respond(self, request: Any, conn: Connection) -> bool:
        self.cfg.pre_request(self, request)
        answer, environ = wsgi.create(
            request, conn.sock, conn.client, conn.server, self.cfg, response_class=Answer,
            response_args=(lambda: not self.alive,),
        )  # fmt: skip
        environ["wsgi.multithread"] = True
        self.nr += 1
        if self.nr >= self.max_requests:  # the process has served enough, a new one follows
            self.alive = False
            self._rouse()
        try:
            self._send(answer, self.wsgi(environ, answer.start_response))
        except OSError:
            raise
        except (Exception, SystemExit):
            if not answer.begun:
                raise
            self.log.exception("An answer broke off")
            return False
        return not answer.should_close() and conn.drained()

    def _send(self, answer: Answer, parts: Any) -> None:
        try:
            if isinstance(parts, wsgi.FileWrapper):
                answer.write_file(parts)
            else:
                for part in parts:
                    answer.write(part)
            answer.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
