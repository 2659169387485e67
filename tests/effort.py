"""How much work something is, told without a stopwatch: a busy machine changes nothing about it."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any


def calls(act: Callable[[], Any]) -> int:
    """How many functions, Python's and C's, were called to do it."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


@contextlib.contextmanager
def stopped_soon(seconds: float = 10.0) -> Iterator[None]:
    """What is done inside has an end: it takes a small part of this thread's processor time, where
    without a limit it would take minutes or for ever."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < seconds
