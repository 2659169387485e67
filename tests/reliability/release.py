"""`python -m tests.reliability.release`: a new version every two seconds under full load.

Cases begin and are worked on meanwhile, 50 requests a second where the machine is idle. No request
may fail, every case ends on the version it began with, and a version that is broken is refused
whole: nothing of its files is there afterwards.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping

from tests.reliability import judge, prepare
from tests.reliability.crowd import PEOPLE, Crowd, Ledger
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options

COMPLETIONS = 2
RATE = 50.0  # requests a second that are asked for
Publish = Callable[[Mapping[str, bytes]], list[str]]
BROKEN_EVERY = 4  # every so many versions one that must be refused


def run(database: str = "sqlite", seconds: float = 120.0, *, every: float = 2.0) -> Verdict:
    """The verdict after so many seconds of load."""
    verdict = Verdict("new versions under load", database)
    with ground(database) as place:
        place.prepare(flow("release", VERSION=1))
        place.start()
        ledger = Ledger(place.folder / "acknowledged")
        crowd = Crowd(place.address, ledger, number="900-03", cases=100_000, people=len(PEOPLE),
                      rate=RATE)  # fmt: skip
        begin = time.monotonic()
        crowd.go()
        with prepare.publisher(place.settings()) as publish:
            published, refused = _publish(place, publish, begin + seconds, every, verdict)
        crowd.begin_no_more()
        took = time.monotonic() - begin
        requests = crowd.reception.statuses.total()
        crowd.finish()
        judge.settle(place)
        verdict.figures |= {
            "versions published": published, "broken ones refused whole": refused,
            "requests a second": round(requests / took, 1),
        }  # fmt: skip
        judge.promises(place, ledger, verdict)
        judge.starts(place, ledger, verdict)
        judge.ends(place, verdict, COMPLETIONS)
        _own_version(place, verdict)
        judge.whole(place, verdict)
        judge.received(crowd.reception, verdict)
        judge.quiet(place, verdict)
        bad = {text for text in crowd.reception.statuses if text[-3:] not in ("200", "302", "303")}
        verdict.hold(not bad, f"requests failed: {sorted(bad)}")
        ledger.close()
    return verdict


def _publish(
    place: Ground, publish: Publish, until: float, every: float, verdict: Verdict
) -> tuple[int, int]:
    """Versions 2, 3, … come, some of them broken; (how many came, how many were refused)."""
    published, refused, number = 1, 0, 1
    while time.monotonic() < until or not refused:
        following = time.monotonic() + every
        number += 1
        before = _stored(place)
        broken = number % BROKEN_EVERY == 0
        said = publish(_broken(number) if broken else flow("release", VERSION=number))
        if broken:
            refused += 1
            right = said and _stored(place) == before
            verdict.hold(bool(right), f"a broken version was not refused whole: {said}")
        else:
            published += 1
            verdict.hold(not said, f"version {number} was refused: {said}")
        time.sleep(max(0.0, following - time.monotonic()))
    return published, refused


def _broken(number: int) -> dict[str, bytes]:
    """A good file beside one that leads nowhere and calls what does not exist."""
    good = flow("release", VERSION=number)
    text = good["release.bpmn"].decode().replace("p_900_03", "p_900_04")
    wrong = text.replace('targetRef="book_first"', 'targetRef="nowhere"')
    return good | {"broken.bpmn": wrong.encode()}


def _stored(place: Ground) -> list[int]:
    tables = ("deployment", "deployment_file", "definition", "file_content", "subscription")
    return [place.ask(f"select count(*) from {table}")[0][0] for table in tables]


def _own_version(place: Ground, verdict: Verdict) -> None:
    """What each case did is what its own version says."""
    cases = place.ask(
        "select i.id, d.version, i.end_event, i.header from instance i"
        " join definition d on d.id = i.definition_id"
    )
    used, strayed = set(), []
    drawn = _drawn_as(place)
    for id, version, end, header in cases:
        variables = json.loads(header)[1]
        number = drawn[version]
        used.add(version)
        if end != f"办完 {number}" or variables["drawn_as"] != number:
            strayed.append((id, version, end, variables["drawn_as"]))
    steps = place.ask(
        "select count(*) from event e join instance i on i.id = e.instance_id"
        " where e.definition_id <> i.definition_id"
    )[0][0]
    verdict.figures["versions that cases ran on"] = len(used)
    verdict.hold(not strayed, f"{len(strayed)} cases left their version: {strayed[:3]}")
    verdict.hold(not steps, f"{steps} steps ran on another version")


def _drawn_as(place: Ground) -> dict[int, int]:
    """{version: the number that its drawing has}."""
    rows = place.ask(
        "select d.version, c.content from definition d join deployment_file f on f.id = d.file_id"
        " join file_content c on c.hash = f.content_hash where d.process_id = 'p_900_03'"
    )
    return {
        version: int(bytes(content).decode().partition("<script>")[2].partition("<")[0])
        for version, content in rows
    }


if __name__ == "__main__":
    chosen = options(__doc__, seconds=120.0)
    sys.exit(run(chosen.database, chosen.seconds).tell())
