"""One thread leads; while it is at something long another one does."""

import queue
import threading
import time

import pytest

from app import threads

SOON = 20.0  # seconds until a test that hangs is given up
NEVER = float("inf")


class Work:
    """A leader that does what is put; who watches is the test."""

    def __init__(self, most: int) -> None:
        self.todo: queue.SimpleQueue = queue.SimpleQueue()
        self.done: queue.SimpleQueue = queue.SimpleQueue()
        self.roused = threading.Event()
        self.lead = threads.Lead(self._round, self.roused.set)
        self.lead.begin(most)

    def _round(self) -> None:
        task = self.todo.get()
        self.lead.task_begins()
        try:
            found = task()
        finally:
            leads = self.lead.task_ends()
        self.done.put((found, threading.get_ident(), leads))

    def result(self) -> tuple[object, int, bool]:
        return self.done.get(timeout=SOON)

    def watch_until(self, event: threading.Event) -> None:
        until = time.monotonic() + SOON
        while not event.is_set() and time.monotonic() < until:
            self.lead.watch()
            event.wait(0.002)
        assert event.is_set()

    def waiting(self, how_many: int) -> None:
        """So many threads wait for the lead."""
        until = time.monotonic() + SOON
        while self.lead._waiting != how_many:
            assert time.monotonic() < until
            time.sleep(0.001)


@pytest.fixture
def work():
    made: list[Work] = []

    def begin(most: int) -> Work:
        made.append(Work(most))
        return made[-1]

    yield begin
    for one in made:
        one.lead.end()
        for _number in range(8):
            one.todo.put(lambda: None)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ever counts as long."""
    monkeypatch.setattr(threads, "SHORT", 3600.0)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything counts as long."""
    monkeypatch.setattr(threads, "SHORT", 0.0)


@pytest.fixture
def gate():
    """Tasks that wait for it go on when it is set."""
    made = threading.Event()
    yield made
    made.set()


def blocked(work: Work, gate: threading.Event) -> threading.Event:
    """A task is put that waits for the gate; set as soon as it has begun."""
    begun = threading.Event()

    def wait() -> str:
        begun.set()
        gate.wait(SOON)
        return "late"

    work.todo.put(wait)
    return begun


def test_short_tasks_are_done_in_their_order_by_one_thread(work, patient):
    all_of_them = work(4)
    for number in range(200):
        all_of_them.todo.put(lambda number=number: number)
        all_of_them.lead.watch()
    found = [all_of_them.result() for _number in range(200)]
    assert [number for number, _thread, _leads in found] == list(range(200))
    assert len({thread for _number, thread, _leads in found}) == 1
    assert all(leads for _number, _thread, leads in found)


def overtaken(two: Work, gate: threading.Event) -> tuple[object, int, bool]:
    """One thread is at a task that waits for the gate; what came of the other's, done meanwhile."""
    two.waiting(1)
    assert blocked(two, gate).wait(SOON)
    after = threading.Event()
    two.todo.put(after.set)
    two.watch_until(after)
    return two.result()


def test_while_a_long_task_goes_on_another_thread_leads(work, hasty, gate):
    two = work(2)
    _none, other, leads = overtaken(two, gate)
    assert leads
    gate.set()
    found, first, still = two.result()
    assert (found, still) == ("late", False)
    assert first != other


def test_who_has_lost_the_lead_waits_for_it_like_the_others(work, hasty, gate):
    two = work(2)
    overtaken(two, gate)
    two.waiting(0)
    gate.set()
    two.result()
    two.waiting(1)


def test_nobody_takes_the_lead_from_the_last_thread_that_could_have_it(work, hasty, gate):
    one = work(1)
    assert blocked(one, gate).wait(SOON)
    for _number in range(10):
        one.lead.watch()
    gate.set()
    assert one.result()[2], "it still leads"


def test_who_watches_may_rest_when_nothing_is_asked_and_is_told_of_the_next_task(
    work, monkeypatch, gate
):
    one = work(1)
    assert one.lead.watch() == threads.SHORT or one.lead.watch() == NEVER
    monkeypatch.setattr(threads, "REST", -1.0)
    assert one.lead.watch() == NEVER
    assert not one.roused.is_set()
    assert blocked(one, gate).wait(SOON)
    assert one.roused.wait(SOON)
    assert one.lead.watch() <= threads.SHORT


def test_a_round_that_fails_is_told_and_the_thread_leads_on(work, patient, caplog):
    one = work(1)
    one.todo.put(lambda: 1 // 0)
    one.todo.put(lambda: "well")
    assert one.result()[0] == "well"
    assert "ZeroDivisionError" in caplog.text
