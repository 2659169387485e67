"""`python -m tests.servers NAME… -- COMMAND…` runs a command with servers of its own.

NAME is `postgres`, `redis` or `rabbitmq`. The command finds them in TEST_POSTGRES (an SQLAlchemy
URL, `{name}` in it stands for the database), TEST_REDIS (a redis:// URL) and TEST_RABBITMQ (an
amqp:// URL); they are gone afterwards. What is not installed is said loudly and fails when CI=true.
Otherwise the command runs without Redis; it does not run without PostgreSQL, as on SQLite the same
tests run anyway, nor without RabbitMQ, which `make test` does not ask for.

A test that needs a program which is not there calls `program` or `lack`.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from typing import NoReturn

import pytest

from tests import postgres, rabbitmq, redis

KINDS = {"postgres": postgres.server, "redis": redis.server, "rabbitmq": rabbitmq.server}


def lack(remedy: object) -> NoReturn:
    """The test cannot run on this machine: it fails where CI=true, elsewhere it is skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{remedy}: this is NOT tested")
    pytest.skip(f"{remedy}: this is NOT tested")


def program(name: str, package: str) -> str:
    """The program's path, also where only root has it on the PATH; without it see `lack`."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    return found or lack(f"{name} is not installed: apt-get install {package}")


def main(words: list[str]) -> int:
    """The command's exit status; 1 when a server is missing and CI=true."""
    if "--" not in words or not set(words[: words.index("--")]) <= set(KINDS):
        sys.exit(__doc__)
    names, command = words[: words.index("--")], words[words.index("--") + 1 :]
    # a polite kill still stops the servers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    environ = dict(os.environ)
    with contextlib.ExitStack() as running:
        for name in names:
            try:
                environ[f"TEST_{name.upper()}"] = running.enter_context(KINDS[name]()).url
            except postgres.NotInstalled as missing:
                if not _goes_on(name, str(missing)):
                    return 1 if os.environ.get("CI") == "true" else 0
        return subprocess.call(command, env=environ)


def _goes_on(name: str, remedy: str) -> bool:
    without = "what needs it is NOT tested"
    sys.stderr.write(f"\n!!!!! {remedy}\n!!!!! {without}\n\n")
    return name == "redis" and os.environ.get("CI") != "true"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
