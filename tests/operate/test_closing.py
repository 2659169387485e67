"""Connections end without keeping anybody waiting, and without costing anybody an answer."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from tests import ports
from tests.operate import plain

SOON = 60.0  # seconds until a server that hangs is given up
MANY = 6


class Server:
    """One process with two threads; it would wait for ever for requests that do not end."""

    def __init__(self, folder: Path, *, patient: bool) -> None:
        self.folder, self.port = folder, ports.free()
        self.connections: list[socket.socket] = []
        command = [sys.executable, "-m", "gunicorn", "-k", "app.worker.Worker", "--threads=2",
                   f"-b127.0.0.1:{self.port}", "--graceful-timeout=3600", "--log-level=warning",
                   "--no-control-socket", "--keep-alive=3600", "tests.operate.plain:app"]  # fmt: skip
        environ = os.environ | {plain.FOLDER: str(folder), plain.PATIENT: "1" if patient else ""}
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                command, cwd=config.ROOT, env=environ, stderr=log, start_new_session=True
            )

    def connection(self) -> socket.socket:
        while self.process.poll() is None:
            try:
                made = socket.create_connection(("127.0.0.1", self.port), SOON)
                self.connections.append(made)
                return made
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise AssertionError("the server has not started")

    def stop(self) -> None:
        self.process.terminate()

    def ended(self) -> int:
        return self.process.wait(SOON)


@contextlib.contextmanager
def serving(folder: Path, *, patient: bool) -> Iterator[Server]:
    made = Server(folder, patient=patient)
    try:
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(made.process.pid, signal.SIGKILL)
        made.process.wait(SOON)
        for one in made.connections:
            one.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, patient=False) as made:
        yield made


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Server]:
    """One that also gives clients all the time they want when it ends."""
    with serving(tmp_path, patient=True) as made:
        yield made


def ask(connection: socket.socket, path: str = "/", *, close: bool = False) -> None:
    more = "Connection: close\r\n" if close else ""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode())


def answer(connection: socket.socket) -> bytes:
    """The head and the body of the next answer, which is a short one."""
    found = b""
    while not found.endswith(b"\r\n\r\nwell"):
        part = connection.recv(4096)
        assert part, f"cut off after {found!r}"
        found += part
    return found


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side has ended."""
    with connection.makefile("rb") as file:
        return file.read()


def lingers(connection: socket.socket) -> bool:
    """Does the other side still take what comes, and say nothing against it?"""
    connection.sendall(b"something that nobody asked for")
    time.sleep(0.1)  # it would say so within no time
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_who_does_not_close_a_connection_that_has_ended_keeps_nobody_waiting(server):
    ended = [server.connection() for _number in range(MANY)]
    for one in ended:
        ask(one, close=True)
        assert answer(one) and one.recv(1) == b""
    other = server.connection()
    ask(other)
    assert answer(other)
    assert all(lingers(one) for one in ended), "they were waited for, one after the other"


def test_an_answer_reaches_who_is_still_sending(server):
    """It would be thrown away by the client's kernel if ours said that nobody listens any more."""
    connection = server.connection()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
                       b"Content-Length: 4000000\r\n\r\n")  # fmt: skip
    for _number in range(4):
        connection.sendall(bytes(1_000_000))
    assert all_of(connection).endswith(b"well")


def test_a_server_that_ends_answers_who_asks_meanwhile_one_beside_the_other(patient):
    kept = [patient.connection() for _number in range(MANY)]
    for one in kept:
        ask(one)
        assert b"keep-alive" in answer(one)
    ask(kept[0], "/slow")
    until(patient.folder / "begun")
    patient.stop()
    for one in kept[1:]:
        until_it_ends(one)
    assert all(lingers(one) for one in kept[1:])
    (patient.folder / "go").touch()
    assert answer(kept[0])
    for one in kept:
        one.close()
    assert patient.ended() == 0


def test_a_server_that_ends_waits_for_none_of_those_who_do_not_close(server):
    ended, kept = server.connection(), server.connection()
    for one in (ended, kept):
        ask(one, close=one is ended)
        assert answer(one)
    server.stop()
    assert server.ended() == 0


def test_a_server_that_ends_does_not_wait_for_an_answer_that_nobody_reads(server):
    kept = [server.connection() for _number in range(2)]
    for one in kept:
        ask(one, "/big")
        assert one.recv(1)
    server.stop()
    assert server.ended() == 0


def test_a_server_that_ends_does_not_wait_for_half_a_request(server):
    half = server.connection()
    half.sendall(b"GET / HTTP")
    whole = server.connection()
    ask(whole)
    assert answer(whole)
    server.stop()
    assert server.ended() == 0


def test_who_reads_slowly_has_all_of_an_answer_also_when_the_server_ends(server):
    connection = server.connection()
    ask(connection, "/big")
    found = len(connection.recv(1000))
    server.stop()
    while part := connection.recv(400_000):
        found += len(part)
        time.sleep(0.02)
    assert found > plain.BIG
    assert server.ended() == 0


def until(file: Path) -> None:
    while not file.exists():
        time.sleep(0.01)


def until_it_ends(connection: socket.socket) -> None:
    """Requests are answered until an answer says that it is the last."""
    said = b""
    while b"Connection: close" not in said:
        ask(connection)
        said = answer(connection)
    assert connection.recv(1) == b""
