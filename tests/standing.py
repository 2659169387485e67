"""A clock for tests of what happens after a while."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Stands where a test puts it."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now
