"""`python -m tests.reliability.outage`: the database goes away under load, and comes back.

PostgreSQL is restarted every 5 to 40 seconds, politely and as by a crash. SQLite is locked for ten
seconds by another process. Server and workers stay as they are: nothing may be lost or doubled, and
within ten seconds work must go on by itself.
"""

import random
import sqlite3
import sys
import time

from tests.reliability import judge
from tests.reliability.crowd import Crowd, Ledger
from tests.reliability.full import AWAY, SAID, UNSURE
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options

COMPLETIONS = 25
MOST_SECONDS_BACK = 10.0
LOCKED = 10.0  # seconds


def run(
    database: str = "sqlite", seconds: float = 180.0, *, between: tuple[float, float] = (5.0, 40.0),
    locked: float = LOCKED, completions: int = COMPLETIONS, seed: int = 2,
) -> Verdict:  # fmt: skip
    """The verdict after so many seconds of load."""
    verdict = Verdict("database away", database)
    chance = random.Random(seed)
    with ground(database) as place:
        place.prepare(flow("rounds", ROUNDS=completions - 2))
        place.start()
        ledger = Ledger(place.folder / "acknowledged")
        crowd = Crowd(place.address, ledger, number="900-01", cases=10_000, people=6)
        crowd.go()
        backs: list[float] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(min(chance.uniform(*between), max(0.0, until - time.monotonic())))
            _take_away(place, chance, locked)
            backs.append(_back(place, ledger))
        crowd.begin_no_more()
        crowd.finish()
        left = judge.settle(place)
        verdict.figures |= {
            "times away": len(backs),
            "longest until work went on (s)": round(max(backs), 2),
            "seconds until all machine work was done": round(left, 1),
        }
        verdict.hold(
            max(backs) <= MOST_SECONDS_BACK, f"it took {max(backs):.1f} s until work went on"
        )
        judge.promises(place, ledger, verdict)
        judge.starts(place, ledger, verdict)
        judge.ends(place, verdict, completions)
        judge.effects(place, verdict)
        judge.whole(place, verdict)
        judge.received(crowd.reception, verdict, allowed=(503,))
        judge.quiet(place, verdict)
        verdict.figures["slowest answer (s)"] = round(crowd.reception.slowest, 1)
        verdict.figures["what refusals said"] = dict(crowd.reception.words)
        verdict.hold(
            set(crowd.reception.words) <= {SAID, AWAY, UNSURE},
            f"unclear: {crowd.reception.words}",
        )
        ledger.close()
    return verdict


def _take_away(place: Ground, chance: random.Random, locked: float) -> None:
    """The database is away, and back."""
    if place.cluster is not None:
        place.cluster.stop(chance.choice(("fast", "immediate")))
        time.sleep(chance.uniform(0, 2))
        place.cluster.start()
        return
    connection = sqlite3.connect(place.file, timeout=30, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(locked)
    connection.execute("ROLLBACK")
    connection.close()


def _back(place: Ground, ledger: Ledger) -> float:
    """Seconds until somebody's work was accepted and a machine's work was done."""
    begin = time.monotonic()
    told, effects = len(ledger.of("task")), _size(place)
    while time.monotonic() - begin < 60:
        if len(ledger.of("task")) > told and _size(place) > effects:
            break
        time.sleep(0.02)
    return time.monotonic() - begin


def _size(place: Ground) -> int:
    return place.effects.stat().st_size if place.effects.exists() else 0


if __name__ == "__main__":
    chosen = options(__doc__, seconds=180.0)
    sys.exit(run(chosen.database, chosen.seconds).tell())
