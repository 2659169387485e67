"""Somebody outside who is told by webhooks: a real HTTP server on a free port."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return orjson.loads(self.raw)


class Receiver(ThreadingHTTPServer):
    """Answers every POST with `status`. `mood`: answers, hangs (says nothing), drips (a header line
    for ever), cuts (hangs up)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.heard: list[Heard] = []
        self.status, self.mood = 200, "answers"
        self.headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?a=b"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [one.body for one in self.heard]


class Conversation(BaseHTTPRequestHandler):
    """One request."""

    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.heard.append(Heard(self.path, headers, self.rfile.read(length)))
        if self.server.mood == "cuts":
            return
        while self.server.mood == "hangs":
            time.sleep(0.02)
        if self.server.mood == "drips":
            self._drip()
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"no room" if self.server.status >= 400 else b"thanks")

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while self.server.mood == "drips":
            try:
                self.wfile.write(b"X")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_words: object) -> None:
        """Tests say what counts."""


@contextmanager
def listening() -> Iterator[Receiver]:
    """It answers until the end."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.mood = "answers"
            receiver.shutdown()
            thread.join()
