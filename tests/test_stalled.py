"""A client that keeps a thread waiting for nothing loses its connection; one that is slow does not."""

import socket
from collections.abc import Iterator

import pytest

from app import stalled
from tests.standing import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(stalled, "time", made)
    return made


Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The server's end of a connection, and the client's."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), 20) as client,
    ):
        server = listener.accept()[0]
        with server:
            yield server, client


def visit(connection: socket.socket, *, asked: bool = True) -> stalled.Visits:
    visits = stalled.Visits()
    visits.begin("me", connection)
    if asked:
        visits.ask("me")
    return visits


def ended(connection: socket.socket) -> bool:
    """Does nothing come over it any more?"""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def fill(connection: socket.socket) -> None:
    """It takes no more until somebody reads."""
    connection.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            connection.send(bytes(1 << 16))


def pass_by(visits: stalled.Visits, clock: Clock, seconds: float, *, ending: bool = False) -> None:
    """It is looked at now and after so many seconds."""
    visits.look(ending=ending)
    clock.now += seconds
    visits.look(ending=ending)


def test_half_a_request_is_waited_for_for_some_time(pair, clock):
    server, _client = pair
    visits = visit(server, asked=False)
    pass_by(visits, clock, stalled.PATIENCE - 1)
    assert not ended(server)
    pass_by(visits, clock, 1)
    assert ended(server)


def test_a_process_that_ends_waits_less(pair, clock):
    server, _client = pair
    pass_by(visit(server, asked=False), clock, stalled.LAST, ending=True)
    assert ended(server)


def test_a_request_that_takes_long_is_not_touched(pair, clock):
    server, _client = pair
    pass_by(visit(server), clock, 10 * stalled.PATIENCE, ending=True)
    assert not ended(server)


def test_an_answer_of_which_nothing_is_taken_is_given_up(pair, clock):
    server, _client = pair
    fill(server)
    visits = visit(server)
    pass_by(visits, clock, stalled.PATIENCE - 1)
    assert not ended(server)
    pass_by(visits, clock, 1)
    assert ended(server)


def test_an_answer_of_which_something_is_taken_is_not(pair, clock):
    server, client = pair
    fill(server)
    visits = visit(server)
    for _number in range(5):
        visits.look(ending=False)
        clock.now += stalled.PATIENCE - 1
        got = 0
        while got < 2_000_000:  # so much that the kernels tell each other
            got += len(client.recv(1 << 16))
        fill(server)
        visits.look(ending=False)
    assert not ended(server)


def test_who_has_left_and_who_is_closed_do_no_harm(pair, clock):
    server, _client = pair
    visits = visit(server)
    server.close()
    near, far = socket.socketpair()
    with near, far:
        visits.begin("another", near)
        pass_by(visits, clock, 2 * stalled.PATIENCE)
        assert ended(near), "the closed one kept it from being looked at"
    visits.leave("me")
    visits.leave("me")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname(), 20) as client:
            visits.begin("me", client)
            visits.leave("me")
            pass_by(visits, clock, 2 * stalled.PATIENCE)
            assert not ended(client)


def test_a_connection_within_this_machine_is_left_alone(clock):
    server, client = socket.socketpair()
    with server, client:
        fill(server)
        pass_by(visit(server), clock, 2 * stalled.PATIENCE)
        assert not ended(server)
