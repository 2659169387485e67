"""`python -m tests.reliability.kill`: kill -9 of server and workers while people work.

Every 3 to 8 seconds everything, one process of the server, or the worker dies; 200 cases of 25
completions each go on meanwhile. What was acknowledged must be there once, nothing by halves, and
every case must end.
"""

import random
import sys
import time

from tests.reliability import judge
from tests.reliability.crowd import PATIENCE, Crowd, Ledger
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options

COMPLETIONS = 25  # of one case: rounds, and the two at once


def run(
    database: str = "sqlite", cases: int = 200, *, between: tuple[float, float] = (3.0, 8.0),
    completions: int = COMPLETIONS, pause: float = 0.0, seed: int = 1,
) -> Verdict:  # fmt: skip
    """The verdict for that many cases; something dies after `between` seconds. People rest for
    `pause` seconds between two tasks."""
    verdict = Verdict("kill -9", database)
    with ground(database) as place:
        place.prepare(flow("rounds", ROUNDS=completions - 2))
        place.start()
        ledger = Ledger(place.folder / "acknowledged")
        crowd = Crowd(place.address, ledger, number="900-01", cases=cases, pause=pause)
        crowd.go()
        deaths = _kill_while_busy(place, crowd, between, random.Random(seed))
        crowd.home()
        verdict.figures["killed"] = deaths
        verdict.hold(sum(deaths.values()) > 0, "everything was done before anything was killed")
        verdict.figures["seconds until all machine work was done"] = round(judge.settle(place), 1)
        judge.promises(place, ledger, verdict)
        judge.starts(place, ledger, verdict)
        judge.ends(place, verdict, completions)
        judge.effects(place, verdict)
        judge.whole(place, verdict)
        judge.starts_of_the_server(place, verdict)
        judge.received(crowd.reception, verdict)
        ledger.close()
    return verdict


def _kill_while_busy(
    place: Ground, crowd: Crowd, between: tuple[float, float], chance: random.Random
) -> dict[str, int]:
    deaths = {"everything": 0, "one server process": 0, "the worker": 0}
    told, since = -1, time.monotonic()
    while crowd.busy() and time.monotonic() - since < PATIENCE:
        if len(crowd.ledger.lines) != told:
            told, since = len(crowd.ledger.lines), time.monotonic()
        until = time.monotonic() + chance.uniform(*between)
        while time.monotonic() < until and crowd.busy():
            time.sleep(0.05)
        if not crowd.busy():
            break
        what = chance.choices(list(deaths), (6, 2, 2))[0]
        deaths[what] += 1
        if what == "everything":
            place.kill_everything()
            place.start()
        elif what == "the worker":
            place.kill_worker()
            place.start_worker()
        else:
            place.kill_child(chance)
    return deaths


if __name__ == "__main__":
    chosen = options(__doc__, rounds=200)
    sys.exit(run(chosen.database, chosen.rounds).tell())
