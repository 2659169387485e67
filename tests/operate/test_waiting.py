"""Connections over which nothing was asked keep no thread of the server from answering."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import config
from tests import ports


def test_people_are_answered_beside_many_connections_that_say_nothing(tmp_path):
    address = f"127.0.0.1:{ports.free()}"
    given = {"INSTANCE_PATH": str(tmp_path), "BIND": address, "WORKERS": "1", "THREADS": "1",
             "SECRET_KEY": "x", "JOB_RUNNER": "inline"}  # fmt: skip
    environ = os.environ | {f"SHUNLIU_{name}": value for name, value in given.items()}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:app.server", "app:create_app()"]
    with subprocess.Popen(
        command, cwd=config.ROOT, env=environ, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _until_it_answers(address, server)
            host, _colon, port = address.partition(":")
            silent = [socket.create_connection((host, int(port))) for _number in range(8)]
            assert _alive(address) == 503  # its database is empty
            assert _sockets(server.pid) < 8, "the kernel keeps them until they say something"
            for one in silent:
                one.close()
        finally:
            server.terminate()
            server.wait(60)


def _alive(address: str) -> int:
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def _until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            _alive(address)
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server has not started")


def _sockets(parent: int) -> int:
    """How many connections the processes that answer have taken, and what they listen on."""
    found = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                files = (status.parent / "fd").iterdir()
                found += sum(os.readlink(file).startswith("socket:") for file in files)
        except OSError:
            continue  # it has ended meanwhile
    return found
