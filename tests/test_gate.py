"""Writers to a SQLite file take turns: one at a time, none is forgotten, a dead one is in nobody's way."""

import contextlib
import errno
import fcntl
import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import gate
from app.db import db
from tests.database import POSTGRES

OTHER = """
import fcntl, os, sys, time
turn = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(turn, fcntl.LOCK_EX)
print("has it", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def engine(tmp_path: Path):
    made = sa.create_engine(f"sqlite:///{tmp_path / 'data.sqlite'}")
    made.gate = gate.before(made, str(tmp_path / "data.sqlite"))
    yield made
    made.dispose()


@contextlib.contextmanager
def other(path: str, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the turn; it is dead afterwards."""
    command = [sys.executable, "-c", OTHER, path, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "has it\n"
        yield process
        process.kill()


def taken(path: str) -> bool:
    """Has somebody the turn?"""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def heard(file: int) -> bool:
    """Has somebody said something, within a minute?"""
    ear = select.poll()  # `select.select` knows no files above 1023
    ear.register(file, select.POLLIN)
    return bool(ear.poll(60_000))


def open_below(folder: Path) -> list[str]:
    """The files of this folder that this process has open."""
    found = []
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # what lists them is itself one, and gone by now
            found.append(os.readlink(file))
    return [path for path in found if path.startswith(str(folder))]


def test_an_engine_that_is_gone_leaves_no_file_open(tmp_path):
    made = sa.create_engine(f"sqlite:///{tmp_path / 'data'}")
    made_gate = gate.before(made, str(tmp_path / "data"))
    with made.connect() as connection:
        made_gate.enter(connection)
    made.dispose()
    assert len(open_below(tmp_path)) == 2, "the turn and the place next to it"
    del made, made_gate, connection
    gc.collect()
    assert not open_below(tmp_path)


def test_the_turn_lasts_until_the_connection_goes_back(engine):
    with engine.connect() as connection:
        engine.gate.enter(connection)
        engine.gate.enter(connection)  # a second transaction of the same connection
        assert taken(engine.gate.path)
    assert not taken(engine.gate.path)


def test_of_many_threads_one_has_the_turn_and_all_get_it(engine):
    inside, most, turns = 0, 0, 0

    def write() -> None:
        nonlocal inside, most, turns
        for _turn in range(20):
            with engine.connect() as connection:
                engine.gate.enter(connection)
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                turns += 1
                inside -= 1

    threads = [threading.Thread(target=write) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, turns) == (1, 80)


def test_another_process_is_waited_for(engine):
    with other(engine.gate.path, 0.3) as process, engine.connect() as connection:
        engine.gate.enter(connection)
        process.wait(60)  # it must have let go of the turn before
        assert taken(engine.gate.path)


def test_a_process_that_died_is_not_waited_for(engine):
    with other(engine.gate.path, 60):
        pass
    with engine.connect() as connection:
        engine.gate.enter(connection)
        assert taken(engine.gate.path), "by this process"


def test_who_waits_longer_than_the_patience_asks_sqlite_itself(engine, monkeypatch):
    monkeypatch.setattr(gate, "PATIENCE", 0.05)
    with other(engine.gate.path, 60), engine.connect() as connection:
        engine.gate.enter(connection)
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    with engine.connect() as connection:  # and everything is as before
        engine.gate.enter(connection)
        assert taken(engine.gate.path)
    assert not taken(engine.gate.path)


def test_whoever_waits_comes_before_who_has_just_had_the_turn(engine):
    place = os.open(f"{engine.gate.path}.next", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(place, fcntl.LOCK_EX)  # another process stands next to the turn
    entered = threading.Event()

    def again() -> None:
        with engine.connect() as connection:
            engine.gate.enter(connection)
            entered.set()

    thread = threading.Thread(target=again)
    thread.start()
    assert not entered.wait(0.2) and not taken(engine.gate.path)
    os.close(place)
    thread.join(60)
    assert entered.is_set()


def test_a_forked_process_has_locks_of_its_own(engine):
    with engine.connect() as connection:
        engine.gate.enter(connection)
        child = os.fork()
        if child == 0:
            os._exit(0 if taken(engine.gate.path) and engine.gate.files is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert taken(engine.gate.path)


def test_what_the_parent_had_is_neither_kept_nor_given_back_by_the_child(engine):
    """Not even when the parent dies and the child lives on."""
    hear, say = os.pipe()
    parent = os.fork()
    if parent == 0:
        with contextlib.suppress(BaseException):
            connection = engine.connect()
            engine.gate.enter(connection)
            if os.fork() == 0:
                connection.close()  # leaves nothing, since it has nothing
                os.write(say, str(os.getpid()).encode())
                time.sleep(60)
            elif heard(hear) and taken(engine.gate.path):
                os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1]) == 0
    grandchild = int(os.read(hear, 20))
    try:
        assert not taken(engine.gate.path), "its holder is dead"
    finally:
        os.kill(grandchild, signal.SIGKILL)
        os.close(hear)
        os.close(say)


def test_where_no_lock_file_can_be_opened_sqlite_itself_is_asked(engine, monkeypatch):
    def full(_path: str) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(gate, "_open", full)
        for _turn in range(2):
            with engine.connect() as connection:
                engine.gate.enter(connection)
                assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    with engine.connect() as connection:
        engine.gate.enter(connection)
        assert taken(engine.gate.path)
    assert not taken(engine.gate.path)


def test_who_is_done_wakes_who_waits_in_a_forked_process(engine, monkeypatch):
    monkeypatch.setattr(gate, "LOOK", 3_600_000)  # nobody looks by himself
    monkeypatch.setattr(gate, "PATIENCE", 7200.0)
    with engine.connect() as connection:
        engine.gate.enter(connection)
        child = os.fork()
        if child == 0:
            with sa.create_engine(engine.url).connect() as own:
                engine.gate.enter(own)
            os._exit(0)
        while not taken(f"{engine.gate.path}.next"):
            time.sleep(0.01)  # until the child stands next to the turn
    signal.alarm(60)  # a child that nobody wakes would wait for an hour
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    signal.alarm(0)


@pytest.mark.skipif(bool(POSTGRES), reason="SQLite's turn to write")
def test_after_a_page_the_same_thread_writes_at_once_again(client, database):
    """A request that only reads takes no turn; what its thread does next may be a deployment."""
    client.get("/healthz")
    db.session.rollback()
    db.session.execute(sa.text("select 1"))
    assert taken(f"{database.folder / 'shunliu.sqlite'}.turn")
