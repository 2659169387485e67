"""Nobody knocks too often: requests are counted per address, in this process."""

import threading
import time
from collections import deque

WINDOW = 60.0  # seconds
ALLOWED = 40  # requests of one address in the window
MOST_ADDRESSES = 10_000

_seen: dict[str, deque[float]] = {}
_lock = threading.Lock()


def too_often(address: str) -> bool:
    """Has this address asked too often in the last minute? This request counts."""
    now = time.monotonic()
    with _lock:
        if len(_seen) > MOST_ADDRESSES:
            _seen.clear()
        times = _seen.setdefault(address, deque(maxlen=ALLOWED + 1))
        while times and times[0] < now - WINDOW:
            times.popleft()
        times.append(now)
        return len(times) > ALLOWED


def forget() -> None:
    """Nobody has asked yet."""
    with _lock:
        _seen.clear()
