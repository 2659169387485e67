"""A process of the server answers what comes over its connections."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import config
from tests import ports

SOON = 60.0  # seconds until a server that hangs is given up
FOLDER = "TEST_WORKER_FOLDER"
PARTS = [b"one, ", b"", b"two, ", b"three"]


def app(environ: dict, start: Callable[..., object]) -> Iterable[bytes]:
    """What the server of these tests serves."""
    path, folder = environ["PATH_INFO"], Path(os.environ[FOLDER])
    if path == "/parts":  # of unknown length
        start("200 OK", [("Content-Type", "text/plain")])
        return iter(PARTS)
    if path == "/file":
        file = (folder / "file").open("rb")
        start("200 OK", [("Content-Length", str((folder / "file").stat().st_size))])
        return environ["wsgi.file_wrapper"](file)
    if path == "/slow":
        (folder / "begun").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
    if path == "/fails":
        raise RuntimeError("on purpose")
    body = environ["wsgi.input"].read() if path == "/echo" else b"well"
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Line:
    """A connection of a client who reads answers one by one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SOON)
        self.file = self.socket.makefile("rb")

    def say(self, path: str, *, method: str = "GET", more: str = "", body: bytes = b"") -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: here\r\n{more}"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + body)

    def answer(self, *, empty: bool = False) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        told = {}
        while (line := self.file.readline().strip()) != b"":
            name, _colon, value = line.decode().partition(": ")
            told[name] = value
        if empty:
            return status, told, b""
        if told.get("Transfer-Encoding") == "chunked":
            body = b""
            while length := int(self.file.readline(), 16):
                body += self.file.read(length)
                self.file.readline()
            self.file.readline()
            return status, told, body
        return status, told, self.file.read(int(told["Content-Length"]))

    def ended(self) -> bool:
        return self.file.read(1) == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def serving(tmp_path: Path, *more: str, files: int = 0) -> Iterator[subprocess.Popen]:
    """One process with two threads; `files` limits how many it may have open."""
    port = ports.free()
    limit = ["prlimit", f"--nofile={files}"] if files else []
    command = [*limit, sys.executable, "-m", "gunicorn", "-k", "app.worker.Worker", "--threads=2",
               f"-b127.0.0.1:{port}", "--log-level=warning", "--no-control-socket",
               "--keep-alive=3600", *more, "tests.test_worker:app"]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=config.ROOT, env=os.environ | {FOLDER: str(tmp_path)}, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    process.port = port
    until = time.monotonic() + SOON
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), SOON).close()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(SOON)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen, Path]]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as process:
        yield process, folder


@pytest.fixture
def folder(running) -> Path:
    """Where the application says what it is at; nobody is at anything."""
    for name in ("begun", "go", "file"):
        (running[1] / name).unlink(missing_ok=True)
    return running[1]


@pytest.fixture
def line(running, folder) -> Iterator[Callable[[], Line]]:
    """Makes connections to the server."""
    made: list[Line] = []

    def connect() -> Line:
        made.append(Line(running[0].port))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def waited_for(file: Path) -> None:
    until = time.monotonic() + SOON
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_one_connection_carries_many_requests(line):
    one = line()
    for number in range(50):
        one.say("/echo", method="POST", body=b"%d" % number)
        assert one.answer()[2] == b"%d" % number


def test_requests_that_are_sent_before_their_answers_are_all_answered_in_order(line):
    one = line()
    for number in range(20):
        one.say("/echo", method="POST", body=b"%d" % number)
    assert [one.answer()[2] for _number in range(20)] == [b"%d" % n for n in range(20)]


def test_an_answer_of_unknown_length_comes_in_parts(line):
    one = line()
    one.say("/parts")
    _status, told, body = one.answer()
    assert (told["Transfer-Encoding"], body) == ("chunked", b"".join(PARTS))
    one.say("/")
    assert one.answer()[2] == b"well"


def test_a_file_comes_whole_behind_its_head(line, folder):
    (folder / "file").write_bytes(bytes(range(256)) * 20_000)
    one = line()
    one.say("/file")
    status, _told, body = one.answer()
    assert (status, body) == (200, bytes(range(256)) * 20_000)
    one.say("/")
    assert one.answer()[2] == b"well"


def test_who_asks_for_the_head_gets_only_that(line):
    one = line()
    for path in ("/", "/parts"):
        one.say(path, method="HEAD")
        assert one.answer(empty=True)[0] == 200
    one.say("/")
    assert one.answer()[2] == b"well"


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(line):
    one = line()
    one.say("/", method="POST", body=b"GET /fails HTTP/1.1\r\n\r\n" * 10)
    assert one.answer()[2] == b"well"
    one.say("/echo", method="POST", body=b"next")
    assert one.answer()[2] == b"next"


def test_while_one_request_takes_long_others_are_answered_over_old_and_new_connections(
    line, folder
):
    old, slow = line(), line()
    old.say("/")
    old.answer()
    slow.say("/slow")
    waited_for(folder / "begun")
    for one in (old, line(), line()):
        one.say("/")
        assert one.answer()[2] == b"well"
    slow.say("/echo", method="POST", body=b"said meanwhile")
    (folder / "go").touch()
    assert slow.answer()[2] == b"well"
    assert slow.answer()[2] == b"said meanwhile"


def test_when_all_threads_are_at_long_requests_the_next_one_waits_for_the_first_to_end(
    line, folder
):
    slow = [line(), line()]
    slow[0].say("/slow")
    waited_for(folder / "begun")
    (folder / "begun").unlink()
    slow[1].say("/slow")
    waited_for(folder / "begun")
    last = line()
    last.say("/")
    (folder / "go").touch()
    assert [one.answer()[2] for one in (*slow, last)] == [b"well"] * 3


def test_an_application_that_fails_is_answered_for_and_the_next_one_is_served(line):
    one = line()
    one.say("/fails")
    status, told, _body = one.answer()
    assert (status, told["Connection"]) == (500, "close")
    assert one.ended()
    other = line()
    other.say("/")
    assert other.answer()[0] == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost here\r\n\r\n", 400),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: here\r\nLong: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(line, said, status):
    one = line()
    one.socket.sendall(said)
    found, told, _body = one.answer()
    assert (found, told["Connection"]) == (status, "close")
    assert one.ended()


def test_who_goes_away_in_the_middle_of_a_request_or_an_answer_disturbs_nobody(line, folder):
    (folder / "file").write_bytes(bytes(8 << 20))
    for _number in range(5):
        half, rude = line(), line()
        half.socket.sendall(b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf")
        half.close()
        rude.say("/file")
        rude.socket.recv(10)
        rude.close()
    other = line()
    other.say("/")
    assert other.answer()[2] == b"well"


def test_a_server_that_is_told_to_end_finishes_what_it_is_at(tmp_path):
    with serving(tmp_path) as server:
        slow = Line(server.port)
        slow.say("/slow")
        waited_for(tmp_path / "begun")
        os.kill(server.pid, signal.SIGTERM)
        refused, until = False, time.monotonic() + SOON
        while not refused and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", server.port), SOON).close()
                time.sleep(0.02)
            except ConnectionRefusedError:
                refused = True
        assert refused
        (tmp_path / "go").touch()
        _status, told, body = slow.answer()
        assert (told["Connection"], body) == ("close", b"well")
        assert slow.ended()
        slow.close()
        assert server.wait(SOON) == 0


def test_a_process_that_may_open_no_more_files_serves_those_it_has_and_then_the_others(tmp_path):
    with serving(tmp_path, files=60) as process:
        old = Line(process.port)
        old.say("/")
        assert old.answer()[2] == b"well"
        many = [Line(process.port) for _number in range(60)]
        until = time.monotonic() + SOON
        while b"No connection can be accepted" not in (tmp_path / "log").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.01)
        old.say("/")
        assert old.answer()[2] == b"well"
        last = many.pop()
        last.say("/")
        for one in many:
            one.close()
        assert last.answer()[2] == b"well"
        for one in (last, old):
            one.close()


def test_a_process_that_has_served_enough_is_followed_by_another(tmp_path):
    with serving(tmp_path, "--max-requests=3") as process:
        for _number in range(10):
            one = Line(process.port)
            one.say("/")
            assert one.answer()[2] == b"well"
            one.close()


def test_a_certificate_is_refused_for_that_is_the_front_servers(tmp_path):
    command = [sys.executable, "-m", "gunicorn", "-k", "app.worker.Worker",
               f"--certfile={tmp_path / 'certificate'}",
               f"-b127.0.0.1:{ports.free()}", "--no-control-socket", "tests.test_worker:app"]  # fmt: skip
    (tmp_path / "certificate").touch()
    told = subprocess.run(command, cwd=config.ROOT, capture_output=True, text=True, timeout=SOON)
    assert told.returncode != 0 and "nginx" in told.stderr
