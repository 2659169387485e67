"""People are spread over the server's processes, however the connections came."""

from dataclasses import dataclass

import pytest

from app import balance


@dataclass
class Process:
    """What gunicorn knows of one."""

    age: int
    nr_conns: int


class Request:
    """What gunicorn makes of one; its connection is kept unless somebody says otherwise."""

    closes = False

    def force_close(self) -> None:
        self.closes = True


def closes(process: Process) -> bool:
    """Does the connection end with the answer of this process?"""
    request = Request()
    balance.weigh(process, request)
    return request.closes


@pytest.fixture(autouse=True)
def alone():
    """No other process is known before or after the test."""
    yield
    for age in range(balance.PLACES):
        balance.forget(Process(age, 0))


def test_a_single_process_keeps_all_its_connections():
    assert not closes(Process(1, 500))


def test_of_two_the_one_with_many_more_lets_go_until_they_are_even():
    few, many = Process(1, 1), Process(2, 15)
    assert not closes(few)
    ended = 0
    while closes(many):
        many.nr_conns -= 1
        few.nr_conns += 1
        ended += 1
        assert not closes(few)
    assert (few.nr_conns, many.nr_conns, ended) == (8, 8, 7)


def test_one_more_than_another_is_even_enough():
    assert not closes(Process(1, 8))
    assert not closes(Process(2, 9))


def test_nobody_compares_with_a_process_that_is_gone():
    gone = Process(1, 0)
    closes(gone)
    balance.forget(gone)
    assert not closes(Process(2, 9))
