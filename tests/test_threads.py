"""Short tasks are done one after the other; a long one is in nobody's way."""

import threading
from concurrent.futures import CancelledError

import pytest

from app import threads

SOON = 20.0  # seconds until a test that hangs is given up


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ever counts as long."""
    monkeypatch.setattr(threads, "SHORT", 3600.0)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly everything counts as long."""
    monkeypatch.setattr(threads, "SHORT", 0.001)


@pytest.fixture
def gate():
    """Tasks that wait for it go on when it is set."""
    made = threading.Event()
    yield made
    made.set()


def blocked(pool: threads.Threads, gate: threading.Event) -> threading.Event:
    """A task is in the pool that waits for the gate; set as soon as it has begun."""
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        gate.wait(SOON)

    pool.submit(wait)
    return begun


def test_short_tasks_are_done_in_their_order_and_never_two_at_once(patient):
    pool, inside, most, done = threads.Threads(4), [], 0, []

    def act(number: int) -> int:
        nonlocal most
        inside.append(number)
        most = max(most, len(inside))
        done.append(number)
        inside.remove(number)
        return number * 2

    found = [pool.submit(act, number) for number in range(200)]
    assert [one.result(SOON) for one in found] == [number * 2 for number in range(200)]
    assert (most, done) == (1, list(range(200)))
    pool.shutdown()


def test_while_a_long_task_goes_on_others_are_done(hasty, gate):
    pool = threads.Threads(4)
    assert blocked(pool, gate).wait(SOON)
    assert [pool.submit(lambda n=n: n).result(SOON) for n in range(20)] == list(range(20))
    assert not gate.is_set()


def test_each_that_waits_for_long_ones_gets_a_thread_by_itself(hasty, gate):
    pool = threads.Threads(4)
    begun = [blocked(pool, gate) for _number in range(4)]
    assert all(one.wait(SOON) for one in begun)  # nothing is handed in any more that could wake


def test_there_are_never_more_than_were_asked_for(hasty, gate):
    pool = threads.Threads(2)
    first = [blocked(pool, gate) for _number in range(2)]
    assert all(one.wait(SOON) for one in first)
    later = blocked(pool, gate)
    assert not later.wait(0.2)
    gate.set()
    assert later.wait(SOON)


def test_an_error_is_the_tasks_and_the_thread_goes_on(patient):
    pool = threads.Threads(1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(SOON)
    assert pool.submit(lambda: "well").result(SOON) == "well"
    pool.shutdown()


def test_at_the_end_what_waits_is_done_and_nothing_more_is_taken(patient, gate):
    pool = threads.Threads(2)
    assert blocked(pool, gate).wait(SOON)
    last = pool.submit(lambda: "done")
    pool.shutdown(wait=False)
    with pytest.raises(RuntimeError):
        pool.submit(lambda: None)
    gate.set()
    assert last.result(SOON) == "done"
    pool.shutdown()


def test_what_waits_can_be_cancelled_at_the_end(patient, gate):
    pool = threads.Threads(1)
    assert blocked(pool, gate).wait(SOON)
    last = pool.submit(lambda: "done")
    pool.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(CancelledError):
        last.result(SOON)


def test_who_waits_for_the_end_goes_on_as_soon_as_the_last_task_is_done(patient, gate):
    pool = threads.Threads(2)
    assert blocked(pool, gate).wait(SOON)
    ends = threading.Thread(target=pool.shutdown, daemon=True)
    ends.start()
    ends.join(0.1)
    assert ends.is_alive()
    gate.set()
    ends.join(SOON)
    assert not ends.is_alive()
