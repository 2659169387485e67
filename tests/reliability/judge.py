"""The list outside against the database: what was promised is there once, and nothing by halves."""

import json
import sys
import time
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.crowd import Ledger, Reception
from tests.reliability.ground import Ground

MOST_SECONDS_TO_START = 5.0


@dataclass
class Verdict:
    """What an experiment found. A breach is a sentence; without any the product has passed."""

    experiment: str
    database: str
    figures: dict[str, Any] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    def hold(self, right: bool, breach: str) -> None:
        """The sentence is a breach unless this is right."""
        if not right:
            self.breaches.append(breach)

    def tell(self) -> int:
        """The verdict is printed, for people and as JSON; the exit code."""
        write = sys.stdout.write
        write(f"\n{self.experiment} on {self.database}\n")
        for name, value in self.figures.items():
            write(f"  {name:<44} {value}\n")
        for breach in self.breaches:
            write(f"  BREACH {breach}\n")
        write(f"  {'FAILED' if self.breaches else 'passed'}\n")
        write(json.dumps(vars(self), ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
        return 1 if self.breaches else 0


def settle(ground: Ground, seconds: float = 120.0) -> float:
    """Machine work that people's work has left behind is done; after how many seconds."""
    begin = time.monotonic()
    until = begin + seconds
    left = (
        "select (select count(*) from instance where state = 'active') + "
        "(select count(*) from job where state = 'waiting' and kind not in "
        "(select kind from job where key like 'every:%'))"
    )
    while time.monotonic() < until and ground.ask(left)[0][0]:
        time.sleep(0.2)
    return time.monotonic() - begin


def promises(ground: Ground, ledger: Ledger, verdict: Verdict) -> None:
    """Every acknowledged completion is there once: note, task, event; no other half exists."""
    told = ledger.of("task")
    notes = Counter(row[0] for row in _notes(ground))
    done = {row[0]: row[1] for row in ground.ask("select id, state from user_task")}
    closed = Counter(
        row[0] for row in ground.ask("select task_id from event where kind = 'closed'"
                                     " and task_id is not null")
    )  # fmt: skip
    lost = [
        one for one in told
        if not (notes[one["stamp"]] and done.get(one["task"]) == "done" and closed[one["task"]])
    ]  # fmt: skip
    doubled = [stamp for stamp, count in notes.items() if count > 1]
    doubled += [task for task, count in closed.items() if count > 1]
    finished = sum(state == "done" for state in done.values())
    verdict.figures |= {
        "acknowledged completions": len(told),
        "found once": sum(notes[one["stamp"]] == 1 for one in told),
        "lost": len(lost),
        "doubled": len(doubled),
        "done without an answer that arrived": len(notes) - len({one["stamp"] for one in told}),
    }
    verdict.hold(not lost, f"{len(lost)} acknowledged completions are lost: {lost[:3]}")
    verdict.hold(not doubled, f"{len(doubled)} things happened twice: {doubled[:3]}")
    verdict.hold(
        len(notes) == finished == len(closed),
        f"half done: {len(notes)} notes, {finished} tasks done, {len(closed)} closed in history",
    )


def _notes(ground: Ground) -> list[Any]:
    return ground.ask("select stamp from reliability_note where stamp is not null")


def starts(ground: Ground, ledger: Ledger, verdict: Verdict) -> None:
    """Every acknowledged start is a case."""
    told = len(ledger.of("start"))
    there = ground.ask("select count(*) from instance")[0][0]
    verdict.figures |= {"acknowledged starts": told, "cases": there}
    verdict.hold(there >= told, f"{told} starts were acknowledged, {there} cases exist")


def no_more_starts(ground: Ground, ledger: Ledger, verdict: Verdict) -> None:
    """There is no case that nobody was told of."""
    told = {line["location"] for line in ledger.of("start")}
    there = ground.ask("select count(*) from instance")[0][0]
    verdict.hold(there == len(told), f"{there} cases exist, {len(told)} were told of")


def ends(ground: Ground, verdict: Verdict, completions: int) -> None:
    """Every case has ended by its whole way, came to its last step once, and nothing is left."""
    cases = ground.ask("select id, state, header from instance")
    stuck = [row[0] for row in cases if row[1] != "ended"]
    counts = Counter(
        row[0] for row in ground.ask("select instance_id from reliability_note"
                                     " where stamp is not null")
    )  # fmt: skip
    wrong = [
        row[0] for row in cases
        if row[1] == "ended"
        and not (json.loads(row[2])[1]["rounds"] == counts[row[0]] == completions)
    ]  # fmt: skip
    joins = Counter(
        row[0] for row in ground.ask("select instance_id from reliability_note"
                                     " where element_id = 'close'")
    )  # fmt: skip
    joined = [row[0] for row in cases if row[1] == "ended" and joins[row[0]] != 1]
    verdict.figures |= {"cases ended": len(cases) - len(stuck), "cases stuck": len(stuck)}
    verdict.hold(not stuck, f"{len(stuck)} cases have not ended: {stuck[:5]}")
    verdict.hold(not wrong, f"variables and notes differ in {len(wrong)} cases: {wrong[:5]}")
    verdict.hold(not joined, f"the join did not fire once in {len(joined)} cases: {joined[:5]}")
    for table in ("token", "timer", "scope"):
        left = ground.ask(
            f"select count(*) from {table} where instance_id in"
            " (select id from instance where state = 'ended')"
        )[0][0]
        verdict.hold(not left, f"{left} rows of {table} are left of cases that ended")
    for what, query in (
        ("incidents", "select count(*) from incident"),
        ("failed jobs", "select count(*) from job where state = 'failed'"),
    ):
        found = ground.ask(query)[0][0]
        verdict.figures[what] = found
        verdict.hold(not found, f"{found} {what}")


def effects(ground: Ground, verdict: Verdict) -> None:
    """What is to happen outside has happened for each note, at least once."""
    seen = Counter(ground.effects.read_text().split() if ground.effects.exists() else [])
    wanted = {row[0] for row in _notes(ground)}
    missing = wanted - set(seen)
    verdict.figures |= {
        "effects outside": len(seen),
        "of these more than once (allowed)": sum(count > 1 for count in seen.values()),
    }
    verdict.hold(not missing, f"{len(missing)} effects are missing")
    verdict.hold(set(seen) <= wanted, "effects without a step")


def whole(ground: Ground, verdict: Verdict) -> None:
    """The database file is not corrupt (SQLite)."""
    if ground.cluster is None:
        found = [row[0] for row in ground.ask("PRAGMA integrity_check")]
        keys = ground.ask("PRAGMA foreign_key_check")
        verdict.figures["integrity_check"] = ", ".join(found)
        verdict.hold(found == ["ok"] and not keys, f"the database is damaged: {found} {keys[:3]}")


def starts_of_the_server(ground: Ground, verdict: Verdict) -> None:
    """The server answered again within five seconds of processor time that it could get."""
    longest = max(ground.starts, key=lambda one: one.alone)
    verdict.figures |= {
        "starts of the server": len(ground.starts),
        "longest start (s)": round(max(one.took for one in ground.starts), 2),
        "longest start without waiting for a processor": round(longest.alone, 2),
    }
    verdict.hold(
        longest.alone <= MOST_SECONDS_TO_START,
        f"a start took {longest.took:.1f} s ({longest.starved:.1f} s of them without processor,"
        f" {longest.worked:.1f} s with one)",
    )


def received(reception: Reception, verdict: Verdict, allowed: Container[int] = ()) -> None:
    """No request met an error of the server, beside those that the experiment allows."""
    verdict.figures["answers"] = dict(reception.statuses)
    bad = {
        text for text in reception.statuses
        if text[-3:].isdigit() and int(text[-3:]) >= 500 and int(text[-3:]) not in allowed
    }  # fmt: skip
    verdict.hold(not bad, f"server errors: {sorted(bad)} {dict(reception.words)}")


def quiet(ground: Ground, verdict: Verdict) -> None:
    """The log has no stack traces: what was bound to happen is said in one line."""
    log = ground.log()
    where = log.find("Traceback")
    verdict.figures["lines in the log"] = log.count("\n")
    verdict.hold(where < 0, f"stack traces in the log: {log[max(0, where - 300) : where + 6000]}")
