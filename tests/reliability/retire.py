"""`python -m tests.reliability.retire`: kill -9 while finished cases are archived.

A server and two workers archive cases that finished long ago; every second or two some of them die.
Meanwhile people look at these very cases and make remarks on them. Each case must be archived once,
every row as it was, with each acknowledged remark and its file, and no live row may be left.
"""

import random
import sys
import time
import uuid
from collections import Counter
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.db import db
from app.engine import archive, models
from app.engine.archived import ArchivedCase
from app.engine.files import StoredFile
from tests.bench import http as peer
from tests.bench import retention
from tests.reliability import judge
from tests.reliability.crowd import Ledger, Person, Reception
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options

PATIENCE = 240.0  # seconds until everything must be archived
Kept = dict[str, Any]


class Reader(Person):
    """Somebody who looks at old cases, and now and then makes a remark on one."""

    def __init__(self, place: Ground, ledger: Ledger, reception: Reception, cases: Kept) -> None:
        super().__init__(place.address, "lina", ledger, reception, number="", starts=0, every=0.02)
        self.cases, self.chance = cases, random.Random(5)

    def _round(self) -> None:
        # those that are archived soonest: it is at the oldest
        case = self.chance.choice(list(self.cases))
        answer = self.ask("GET", f"/instances/{case}")
        if answer is not None and answer.status == 302 and "/archive/" in answer.location:
            self.ask("GET", answer.location)
        stamp, task = uuid.uuid4().hex, self.cases[case]["user_task"][0]["id"]
        said = self.ask("POST", f"/tasks/{task}/comments", text=stamp)
        if said is not None and said.status == 303:
            self.ledger.write(kind="remark", case=case, text=stamp)


def run(
    database: str = "sqlite", cases: int = 600, *, between: tuple[float, float] = (1.0, 4.0),
    seed: int = 6,
) -> Verdict:  # fmt: skip
    """The verdict for so many cases; something dies after `between` seconds."""
    verdict = Verdict("retention killed", database)
    with ground(database) as place:
        place.prepare(flow("rounds", ROUNDS=1))
        app = create_app({**place.settings(), "job_runner": "inline"})
        with app.app_context():
            before = _made(cases)
            db.engine.dispose()
        place.start()
        place.start_worker()
        ledger, reception = Ledger(place.folder / "acknowledged"), Reception()
        reader = Reader(place, ledger, reception, before)
        reader.start()
        verdict.figures["killed"] = _kill_until_archived(place, cases, between, seed)
        reader.stopped.set()
        reader.join(30)
        if reader.failure is not None:
            raise reader.failure
        verdict.figures["seconds until all machine work was done"] = round(judge.settle(place), 1)
        with app.app_context():
            _judge(before, ledger, verdict)
            db.session.remove()
            db.engine.dispose()
        judge.received(reception, verdict)
        judge.whole(place, verdict)
        ledger.close()
    return verdict


def _made(cases: int) -> Kept:
    """So many old cases; {case: its rows}."""
    peer.prepared(0)
    retention.finish(cases - 1)
    retention.grow_old()
    ended = models.Instance.ended_at.is_not(None)
    ids = list(db.session.scalars(sa.select(models.Instance.id).where(ended)))
    found = {id: _rows(id) for id in ids}
    db.session.remove()
    return found


def _rows(case: int) -> Kept:
    return {
        name: [dict(row) for row in db.session.execute(
            sa.select(table).where(column == case).order_by(*table.primary_key.columns)
        ).mappings()]
        for name, (table, column) in archive.tables().items()
    }  # fmt: skip


def _kill_until_archived(
    place: Ground, cases: int, between: tuple[float, float], seed: int
) -> dict[str, int]:
    chance, until = random.Random(seed), time.monotonic() + PATIENCE
    deaths = {"everything": 0, "the workers": 0, "one server process": 0}
    while _left(place) and time.monotonic() < until:
        time.sleep(chance.uniform(*between))
        what = chance.choices(list(deaths), (4, 3, 1))[0]
        deaths[what] += 1
        if what == "everything":
            place.kill_everything()
            place.start()
            place.start_worker()
        elif what == "the workers":
            place.kill_worker()
            place.start_worker()
            place.start_worker()
        else:
            place.kill_child(chance)
    return deaths


def _left(place: Ground) -> int:
    return place.ask("select count(*) from instance where state = 'ended'")[0][0]


def _judge(before: Kept, ledger: Ledger, verdict: Verdict) -> None:
    archived = set(db.session.scalars(sa.select(ArchivedCase.id)))
    verdict.figures |= {"cases": len(before), "archived": len(archived)}
    lost = sorted(set(before) - archived)
    verdict.hold(not lost, f"{len(lost)} cases are not in the archive: {lost[:5]}")
    left = {
        name: count for name, (table, column) in archive.tables().items()
        if (count := db.session.scalar(sa.select(sa.func.count()).where(column.in_(archived))))
    }  # fmt: skip
    verdict.hold(not left, f"live rows of archived cases are left: {left}")
    said = Counter()
    for case in sorted(archived):
        _same(case, before[case], verdict, said)
    told = [line["text"] for line in ledger.of("remark")]
    verdict.figures["acknowledged remarks"] = len(told)
    wrong = [text for text in told if said[text] != 1]
    verdict.hold(not wrong, f"{len(wrong)} acknowledged remarks are lost or doubled: {wrong[:3]}")
    files = Counter(db.session.scalars(sa.select(StoredFile.archived_id)))
    verdict.hold(files == Counter(dict.fromkeys(archived, 1)), "files do not belong to their cases")
    answers = db.session.scalar(sa.select(sa.func.count()).select_from(models.HandlerJournal))
    verdict.hold(not answers, f"{answers} answers of handlers are left")
    _next_number(archived, verdict)


def _same(case: int, rows: Kept, verdict: Verdict, said: Counter[str]) -> None:
    """Every row is as it was, beside remarks that came since."""
    kept = archive.unpack(case)["tables"]
    said.update(row["text"] for row in kept["comment"])
    old = {row["id"] for row in rows["comment"]}
    kept["comment"] = [row for row in kept["comment"] if row["id"] in old]
    differs = [name for name in rows if kept[name] != rows[name]]
    verdict.hold(not differs, f"case {case} is another one in the archive: {differs}")


def _next_number(archived: set[int], verdict: Verdict) -> None:
    from app.engine import run as engine

    began = engine.start("peer", {"rejected": False, "again": False, "who": "lina"}, by="lina").id
    verdict.hold(began not in archived, f"the number {began} was given a second time")
    db.session.rollback()


if __name__ == "__main__":
    chosen = options(__doc__, rounds=600)
    sys.exit(run(chosen.database, chosen.rounds).tell())
