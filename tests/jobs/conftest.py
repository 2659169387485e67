"""Time that passes for those who look for work."""

from collections.abc import Callable

import pytest

from app import clock
from app.db import db
from app.jobs import queue, sightings


class Silence:
    """Seconds that pass only when the test says so, with looks now and then."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(clock, "passed", lambda: self.now)

    def last(self, locks: float = 1.0, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Somebody looks, and looks again and again for so many lengths of a lock; between two
        looks the test may do something."""
        lock = queue.lease().total_seconds()
        step = lock * locks / 5
        self.now += lock / sightings.LOOKS  # it is time for the first of them
        self.look()
        for _n in range(5):
            self.now += step
            meanwhile()
            self.look()

    def look(self) -> list[sightings.Mark]:
        """The locks whose worker has died, as they look to this process."""
        found = sightings.lost()
        db.session.commit()
        return found


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Silence:
    """No second passes by itself."""
    return Silence(monkeypatch)
