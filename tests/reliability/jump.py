"""`python -m tests.reliability.jump`: somebody sets the clock while a thousand timers run.

The clock of server and workers goes forward by an hour, back, another hour back, and right again
(libfaketime; the clock of the machine itself stays as it is). Each timer counts a duration: it
fires once, never before that time has really passed, and none is lost or an hour late.
"""

import glob
import sys
import time
from collections import Counter

from tests.reliability import judge, prepare
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
JUMPS = (3600, 0, -3600, 0)  # seconds that the clock is then before the right time
TIMERS = 1000
MOST_LATE = 300.0  # seconds; a busy machine is late, whom the set clock had misled would be an hour
SOONEST = 15.0  # seconds until the first timer is due


class NotInstalled(Exception):
    """The clock of a process is set by libfaketime: apt-get install libfaketime."""


def run(
    database: str = "sqlite", timers: int = TIMERS, *, spread: float = 60.0,
    soonest: float = SOONEST, most_late: float = MOST_LATE,
) -> Verdict:  # fmt: skip
    """The verdict; the timers are due after `soonest` seconds, within `spread` seconds, while the
    clock is set."""
    verdict = Verdict("clock set", database)
    with ground(database) as place:
        place.prepare(flow("jump"))
        _set(place, 0)
        place.environ |= _fake(place)
        waits = [soonest + spread * number / timers for number in range(timers)]
        begun = prepare.start_all(
            place.settings(), "p_900_05", [{"wait": f"PT{wait:.3f}S"} for wait in waits]
        )
        due = {id: at + wait for (id, at), wait in zip(begun, waits, strict=True)}
        place.start()
        jumps = _jump(place, spread / len(JUMPS))
        last = max(due.values()) + most_late
        while len(_fired(place)) < timers and time.monotonic() < last + 30:
            time.sleep(0.5)
        judge.settle(place, 20)
        _judge(place, verdict, due, most_late)
        verdict.figures["times the clock was set"] = jumps
        judge.whole(place, verdict)
        judge.quiet(place, verdict)
    return verdict


def _fake(place: Ground) -> dict[str, str]:
    found = glob.glob(LIBRARY)
    if not found:
        raise NotInstalled(NotInstalled.__doc__)
    return {
        "LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": str(place.folder / "clock"),
        "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
    }  # fmt: skip


def _set(place: Ground, seconds: int) -> None:
    """The clock of server and workers is this much before the right time."""
    path = place.folder / "clock"
    path.with_suffix(".new").write_text(f"{seconds:+d}\n")
    path.with_suffix(".new").rename(path)


def _jump(place: Ground, every: float) -> int:
    for seconds in JUMPS:
        time.sleep(every)
        _set(place, seconds)
    return len(JUMPS)


def _fired(place: Ground) -> list[tuple[int, float]]:
    return [tuple(row) for row in place.ask("select instance_id, elapsed from reliability_note")]


def _judge(place: Ground, verdict: Verdict, due: dict[int, float], most_late: float) -> None:
    fired = _fired(place)
    times = Counter(id for id, _at in fired)
    early = [due[id] - at for id, at in fired if at < due[id]]
    late = [at - due[id] for id, at in fired]
    lost = [id for id in due if not times[id]]
    doubled = [id for id, count in times.items() if count > 1]
    too_late = [seconds for seconds in late if seconds > most_late]
    ended = place.ask("select count(*) from instance where state = 'ended'")[0][0]
    verdict.figures |= {
        "timers": len(due), "fired once": sum(count == 1 for count in times.values()),
        "early": len(early), "lost": len(lost), "doubled": len(doubled),
        "latest (s)": round(max(late, default=0.0), 1), "cases ended": ended,
    }  # fmt: skip
    verdict.hold(not early, f"{len(early)} fired too early, by up to {max(early, default=0):.0f} s")
    verdict.hold(not lost, f"{len(lost)} have not fired: {lost[:5]}")
    verdict.hold(not doubled, f"{len(doubled)} fired more than once: {doubled[:5]}")
    verdict.hold(not too_late, f"{len(too_late)} were late by up to {max(late, default=0):.0f} s")
    verdict.hold(ended == len(due), f"{len(due) - ended} cases have not ended")


if __name__ == "__main__":
    chosen = options(__doc__, rounds=TIMERS)
    sys.exit(run(chosen.database, chosen.rounds).tell())
