"""`python -m tests.reliability.race`: two people complete the same task at the same moment.

One of them is told that it is done, the other that somebody was faster. Then two tasks of parallel
branches are completed at the same moment: both are done, and the branches meet once. Each case is
begun by a double click: two requests at the same moment, on two connections, that lead to one case.
"""

import re
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.reliability import judge
from tests.reliability.crowd import Ledger, Person, Reception
from tests.reliability.ground import flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options
from tests.visitor import Answer

COMPLETIONS = 3  # of one case
AT_ONCE = 4  # pairs of people


@dataclass
class Score:
    """How the pairs of answers came out."""

    races: Counter[str] = field(default_factory=Counter)
    meetings: Counter[str] = field(default_factory=Counter)
    begins: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)


class Pair(threading.Thread):
    """Two people, each in a browser, who click at the same moment; the first has a second browser
    that stands for the second click of a double click."""

    def __init__(self, address: str, ledger: Ledger, reception: Reception, rounds: int) -> None:
        super().__init__(daemon=True)
        self.people = [
            Person(address, login, ledger, reception, number="900-02", starts=0)
            for login in ("zhangwei", "lina", "zhangwei")
        ]
        self.rounds, self.score = rounds, Score()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for person in self.people:
                person.visitor.log_in(person.login)
                person.visitor.forgets = True
            for _round in range(self.rounds):
                self._race()
        except BaseException as error:
            self.failure = error
        finally:
            for person in self.people:
                person.visitor.hang_up()

    def _hang_up(self) -> None:
        # the server ends idle connections; a click must not meet one
        for person in self.people:
            person.visitor.hang_up()

    def _race(self) -> None:
        first, second, _again = self.people
        begun = self._begin()
        case = first.ask("GET", begun)
        assert case is not None
        task = int(re.findall(r"/tasks/(\d+)", case.text)[0])
        both = self._complete(task, task)
        self.score.races[_statuses(both)] += 1
        loser = next((answer for answer in both if answer.status == 409), None)
        if loser is not None:
            found = re.search(r"已经办了这一项", loser.text)
            self.score.words[found[0] if found else loser.text[:200]] += 1
        self._hang_up()
        page = second.ask("GET", begun)
        assert page is not None
        left, right = sorted({int(id) for id in re.findall(r"/tasks/(\d+)", page.text)} - {task})
        self.score.meetings[_statuses(self._complete(left, right))] += 1

    def _begin(self) -> str:
        """Where a double click on the button leads."""
        first, _second, again = self.people
        path, key = "/processes/900-02/start", uuid.uuid4().hex
        both = self._at_once(
            *(lambda who=who: who.ask("POST", path, start_key=key) for who in (first, again))
        )
        places = {answer.location for answer in both}
        self.score.begins[f"{_statuses(both)} to {len(places)}"] += 1
        (place,) = places
        first.ledger.write(kind="start", by=first.login, location=place)
        return place

    def _complete(self, *tasks: int) -> list[Answer]:
        people = zip(self.people, tasks, strict=False)
        return self._at_once(*(lambda one=who, id=id: one.complete(id) for who, id in people))

    def _at_once(self, *clicks: Callable[[], Answer | None]) -> list[Answer]:
        self._hang_up()
        barrier = threading.Barrier(2)
        answers: list[Answer | None] = [None, None]

        def click(number: int) -> None:
            barrier.wait()
            answers[number] = clicks[number]()

        threads = [threading.Thread(target=click, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answer for answer in answers if answer is not None]


def _statuses(answers: list[Answer]) -> str:
    return " + ".join(sorted(str(answer.status) for answer in answers))


def run(database: str = "sqlite", rounds: int = 1000) -> Verdict:
    """The verdict for that many pairs of clicks of each sort."""
    verdict = Verdict("two at once", database)
    with ground(database) as place:
        place.prepare(flow("race"))
        place.start()
        ledger, reception = Ledger(place.folder / "acknowledged"), Reception()
        pairs = [
            Pair(place.address, ledger, reception, rounds // AT_ONCE) for _number in range(AT_ONCE)
        ]
        for pair in pairs:
            pair.start()
        for pair in pairs:
            pair.join()
            if pair.failure is not None:
                raise pair.failure
        _count(pairs, verdict)
        judge.settle(place)
        judge.promises(place, ledger, verdict)
        judge.starts(place, ledger, verdict)
        judge.no_more_starts(place, ledger, verdict)
        judge.ends(place, verdict, COMPLETIONS)
        judge.effects(place, verdict)
        judge.received(reception, verdict)
        ledger.close()
    return verdict


def _count(pairs: list[Pair], verdict: Verdict) -> None:
    races = sum((pair.score.races for pair in pairs), Counter())
    meetings = sum((pair.score.meetings for pair in pairs), Counter())
    begins = sum((pair.score.begins for pair in pairs), Counter())
    words = sum((pair.score.words for pair in pairs), Counter())
    verdict.figures |= {
        "double clicks on a start": dict(begins),
        "races for one task": dict(races), "branches that met": dict(meetings),
        "what the slower one was told": dict(words),
    }  # fmt: skip
    verdict.hold(set(begins) == {"302 + 302 to 1"}, f"a double click: {dict(begins)}")
    verdict.hold(set(races) == {"303 + 409"}, f"not one winner and one loser: {dict(races)}")
    verdict.hold(set(meetings) == {"303 + 303"}, f"a branch was refused: {dict(meetings)}")
    verdict.hold(set(words) <= {"已经办了这一项"}, f"the slower one was told: {dict(words)}")


if __name__ == "__main__":
    chosen = options(__doc__, rounds=1000)
    sys.exit(run(chosen.database, chosen.rounds).tell())
