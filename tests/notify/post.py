"""A mail server for tests: it takes, refuses or lets people wait."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class PostOffice(socketserver.ThreadingTCPServer):
    """Answers SMTP on a free port. `mood`: takes, refuses, hangs, or cuts (takes the mail and
    hangs up without saying so)."""

    allow_reuse_address = daemon_threads = True
    mood = "takes"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.mails: list[str] = []
        self.calls = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Counter(socketserver.StreamRequestHandler):
    """One conversation."""

    server: PostOffice

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.server.calls += 1
        while self.server.mood == "hangs":
            time.sleep(0.05)
        self.say("220 post")
        for line in iter(self.rfile.readline, b""):
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.say("354 go on")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                if self.server.mood == "cuts":
                    return
            if word == b"RCPT" and self.server.mood == "refuses":
                self.say("451 try later")
                continue
            self.say("221 bye" if word == b"QUIT" else "250 fine")
            if word == b"QUIT":
                return


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """It answers until the end."""
    with PostOffice() as office:
        thread = threading.Thread(target=office.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield office
        finally:
            office.mood = "takes"
            office.shutdown()
            thread.join()
