"""A connection that this side has ended is closed when nothing is lost by it."""

import socket
from collections.abc import Callable, Iterator

import pytest

from app import lingering
from tests.standing import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(lingering, "time", made)
    return made


Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Callable[[], Pair]]:
    """Makes both ends of a connection: the server's and the client's."""
    ends: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def make() -> Pair:
        client = socket.create_connection(listener.getsockname(), 20)
        ends.extend((listener.accept()[0], client))
        return ends[-2], ends[-1]

    yield make
    for one in (*ends, listener):
        one.close()


@pytest.fixture
def stays() -> Iterator[lingering.Lingering]:
    made = lingering.Lingering()
    yield made
    made.finish()


def heed(stays: lingering.Lingering) -> None:
    stays.heed(wait=20)


def refused(client: socket.socket) -> bool:
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def test_the_other_side_is_told_at_once_and_may_go_on_sending_until_it_closes(pair, stays, clock):
    server, client = pair()
    server.sendall(b"well")
    stays.take(server)
    assert (client.recv(4), client.recv(1)) == (b"well", b"")
    client.sendall(b"more")
    heed(stays)
    assert len(stays) == 1 and not refused(client)
    client.close()
    heed(stays)
    assert len(stays) == 0 and server.fileno() == -1


def test_nobody_lingers_for_ever(pair, stays, clock):
    first, second = pair()[0], pair()[0]
    stays.take(first)
    clock.now += 1
    stays.take(second)
    clock.now += lingering.SECONDS - 1
    stays.expire()
    assert (first.fileno(), len(stays)) == (-1, 1)
    clock.now += 1
    stays.expire()
    assert (second.fileno(), len(stays)) == (-1, 0)


def test_of_too_many_the_first_is_closed_and_its_answer_still_arrives(
    pair, stays, monkeypatch, clock
):
    monkeypatch.setattr(lingering, "MOST", 1)
    server, client = pair()
    client.sendall(b"what nobody reads")
    server.sendall(b"well")
    stays.take(server)
    stays.take(pair()[0])
    assert (server.fileno(), len(stays)) == (-1, 1)
    assert not refused(client)
    assert (client.recv(4), client.recv(1)) == (b"well", b"")


def test_who_sends_without_end_is_closed(pair, stays, monkeypatch, clock):
    monkeypatch.setattr(lingering, "UNREAD", 5)
    server, client = pair()
    stays.take(server)
    client.sendall(b"12345")
    heed(stays)
    assert len(stays) == 1
    client.sendall(b"6")
    heed(stays)
    assert len(stays) == 0


def test_a_connection_that_is_closed_already_does_no_harm(pair, stays):
    server, _client = pair()
    server.close()
    stays.take(server)
    assert len(stays) == 0


def test_in_the_end_those_who_close_are_not_waited_for_longer(pair, clock):
    stays = lingering.Lingering()
    for server, client in (pair(), pair()):
        stays.take(server)
        client.close()
    stays.finish()  # the clock stands still: it would wait for ever for one that stays
    assert len(stays) == 0


def test_in_the_end_those_who_do_not_close_are_closed(pair, monkeypatch):
    monkeypatch.setattr(lingering, "LAST", 0.01)
    stays = lingering.Lingering()
    server, client = pair()
    stays.take(server)
    stays.finish()
    assert server.fileno() == -1 and client.recv(1) == b""
