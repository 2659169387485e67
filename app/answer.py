"""An answer as it goes over the line."""

from collections.abc import Callable
from typing import Any

from gunicorn.http import wsgi


class Answer(wsgi.Response):
    """gunicorn's answer, whose head goes out together with the first part of its body: one packet,
    and whoever asked is woken once."""

    def __init__(self, request: Any, sock: Any, cfg: Any, is_last: Callable[[], bool]) -> None:
        super().__init__(request, sock, cfg)
        self._is_last = is_last  # of its connection, asked when it goes out
        self._head = b""

    @property
    def begun(self) -> bool:
        """Has anything of it gone out?"""
        return self.headers_sent and not self._head

    def send_headers(self) -> None:
        """The head is made and waits for the body."""
        if not self.headers_sent:
            if self._is_last():
                self.force_close()
            lines = self.default_headers()
            lines += [f"{name}: {value}\r\n" for name, value in self.headers]
            self._head = ("".join(lines) + "\r\n").encode("latin-1")
            self.headers_sent = True

    def sendfile(self, respiter: Any) -> bool:
        """The file goes out from the disk, if it can."""
        self.send_headers()
        self._send(b"")
        return super().sendfile(respiter)

    def close(self) -> None:
        """All of it has gone out."""
        self.send_headers()
        self._send(b"0\r\n\r\n" if self.chunked else b"")

    def _emit_body(self, data: bytes) -> None:
        self._send(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            self.sock.sendall(head + data if head else data)
