"""Sixteen people at once, cheaply: one thread, keep-alive connections, requests made beforehand, of
the answers only the status line and the length are read. Two cores serve them as well.
"""

import heapq
import selectors
import socket
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.visitor import Visitor


@dataclass
class Person:
    """One browser: what it will ask, and how long each answer took."""

    address: str
    requests: Iterator[bytes]
    expected: bytes
    spent: list[float] = field(default_factory=list)
    since: float = 0.0
    answer: bytes = b""
    line: socket.socket | None = None

    def ask(self, moment: float) -> bool:
        """The next request is on its way; False when there is none."""
        request = next(self.requests, None)
        if request is None:
            return False
        if self.line is None:
            host, _, port = self.address.partition(":")
            self.line = socket.create_connection((host, int(port)), 30)
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer, self.since = b"", moment
        self.line.sendall(request)
        return True

    def hear(self) -> bool:
        """Is the answer complete? Raises RuntimeError when it is not the expected one."""
        self.answer += self.line.recv(1 << 18) if self.line else b""
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not found:
            if not self.answer:
                raise RuntimeError("the server hung up")
            return False
        if head[9:12] != self.expected:
            raise RuntimeError(self.answer[:2000].decode(errors="replace"))
        start = head.lower().index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        self.spent.append((time.perf_counter() - self.since) * 1000)
        if b"\r\nconnection: close" in head.lower():
            self.hang_up()
        return True

    def hang_up(self) -> None:
        """The connection is closed."""
        if self.line is not None:
            self.line.close()
        self.line = None


def post(visitor: Visitor, path: str, fields: dict[str, str]) -> bytes:
    """The bytes of a form handed in with the visitor's cookies and token."""
    body = urllib.parse.urlencode({"csrf_token": visitor.token, **fields}).encode()
    head = "Content-Type: application/x-www-form-urlencoded\r\n"
    return _bytes("POST", visitor, path, f"{head}Content-Length: {len(body)}\r\n") + body


def get(visitor: Visitor, path: str) -> bytes:
    """The bytes that ask for a page."""
    return _bytes("GET", visitor, path, "")


def _bytes(method: str, visitor: Visitor, path: str, more: str) -> bytes:
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {visitor.address}\r\nAccept-Language: zh\r\n"
        f"Cookie: {cookies}\r\n{more}\r\n"
    ).encode()


def rush(people: Iterable[Person], seconds: float) -> float:
    """Everybody asks, waits for the answer and asks again until the time is up; how long it took."""
    began = time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for person in people:
            if person.ask(time.perf_counter()):
                waiting.register(person.line, selectors.EVENT_READ, person)
        while waiting.get_map():
            for key, _events in waiting.select(30):
                person = key.data
                if not person.hear():
                    continue
                waiting.unregister(key.fileobj)
                now = time.perf_counter()
                if now - began <= seconds and person.ask(now):
                    waiting.register(person.line, selectors.EVENT_READ, person)
                else:
                    person.hang_up()
    return time.perf_counter() - began


def pace(people: list[Person], seconds: float, per_second: float) -> float:
    """Together they ask so many times a second, each in turn, until the time is up; how long it
    took.

    Whoever still waits when it is his turn again asks as soon as he can; how long an answer took is
    counted from the turn, so that a server that is too slow cannot slow the questions down unseen.
    """
    began = time.perf_counter()
    gap = len(people) / per_second
    turns = [(began + place / per_second, place) for place in range(len(people))]
    with selectors.DefaultSelector() as waiting:
        while turns or waiting.get_map():
            now = time.perf_counter()
            while turns and turns[0][0] <= now:
                turn, place = heapq.heappop(turns)
                if turn - began < seconds and people[place].ask(turn):
                    waiting.register(people[place].line, selectors.EVENT_READ, place)
            pause = max(0.0, turns[0][0] - now) if turns else 30 * bool(waiting.get_map())
            for key, _events in waiting.select(pause):
                person = people[key.data]
                if person.hear():
                    waiting.unregister(key.fileobj)
                    heapq.heappush(turns, (person.since + gap, key.data))
    for person in people:
        person.hang_up()
    return time.perf_counter() - began
