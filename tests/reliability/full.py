"""`python -m tests.reliability.full`: the disk is full in the middle of a burst, then free again.

The instance, or PostgreSQL's tables, lie on a small file system of its own (tmpfs; whoever may not
mount does it in a name space of his own, where everything of this experiment then runs). While it
is full, whoever writes is told so in one clear message and nothing is written; pages that only show
go on. When there is room again work goes on by itself, and the database is whole.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from tests import postgres
from tests.reliability import judge
from tests.reliability.crowd import Crowd, Ledger
from tests.reliability.ground import Ground, flow, ground
from tests.reliability.judge import Verdict
from tests.reliability.options import options
from tests.visitor import Visitor

SIZE = 48_000_000  # bytes of the small file system
CASES, COMPLETIONS = 60, 25
SECONDS = 12.0  # that it stays full
PAGES = ("/inbox", "/processes/900-01", "/inbox?f=started", "/records")
SAID = "现在暂时不能写入，已有内容可以照常查看。请稍后重试。"
# the answer to a COMMIT was lost: the page may not claim either
UNSURE = "保存的那一刻和数据库的连接断了：可能已经保存，也可能没有。请先刷新，看看是不是已经办成。"
AWAY = "数据库暂时连接不上，什么都没有保存。请稍后刷新重试；恢复后会自动继续。"
MOST_SECONDS_BACK = 10.0


class CannotMount(Exception):
    """This machine lets neither this account nor a name space of its own mount a file system."""


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """A folder that holds SIZE bytes and no more."""
    with tempfile.TemporaryDirectory(prefix="small") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise CannotMount(f"{done.stderr.strip()}; {CannotMount.__doc__}")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def fill(folder: Path) -> Path:
    """Not one byte more can be written; the file that takes the room."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return ballast


def run(database: str = "sqlite", cases: int = CASES, *, seconds: float = SECONDS) -> Verdict:
    """The verdict; the disk stays full for so many seconds, twice. Raises CannotMount."""
    if os.geteuid() != 0:
        return _as_root_of_its_own(database, cases, seconds)
    verdict = Verdict("disk full", database)
    with small_disk() as disk, ground(database, None if database == "postgres" else disk) as place:
        if place.cluster is not None:
            _tables_on(disk, place)
        place.prepare(flow("rounds", ROUNDS=COMPLETIONS - 2))
        place.start()
        ledger = Ledger(place.folder / "acknowledged")
        reader = Visitor(place.address)
        reader.log_in("zhangwei")
        crowd = Crowd(place.address, ledger, number="900-01", cases=cases)
        crowd.go()
        for number in (1, 2):
            _burst(crowd, ledger, cases * number * 8)
            _full(place, disk, reader, crowd, verdict, seconds)
        crowd.finish()
        reader.hang_up()
        judge.settle(place)
        judge.promises(place, ledger, verdict)
        judge.starts(place, ledger, verdict)
        judge.ends(place, verdict, COMPLETIONS)
        judge.effects(place, verdict)
        judge.whole(place, verdict)
        judge.received(crowd.reception, verdict, allowed=(503,))
        verdict.figures["what refusals said"] = dict(crowd.reception.words)
        verdict.hold(bool(crowd.reception.words), "nobody was refused: the disk was not full")
        verdict.hold(
            set(crowd.reception.words) <= {SAID}, f"unclear: {dict(crowd.reception.words)}"
        )
        judge.quiet(place, verdict)
        ledger.close()
    return verdict


def _tables_on(disk: Path, place: Ground) -> None:
    """Tables that are made from now on lie there; the server's own log lies elsewhere."""
    subprocess.run(postgres.as_server("mkdir", disk / "tables"), check=True)
    engine = sa.create_engine(place.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{disk / 'tables'}'")
        connection.exec_driver_sql("ALTER DATABASE postgres SET default_tablespace = small")


def _as_root_of_its_own(database: str, cases: int, seconds: float) -> Verdict:
    """The same, by another process in a name space where this account is root."""
    if database == "postgres":
        raise CannotMount("PostgreSQL does not run as root: this experiment is for root only")
    inside = ["unshare", "--user", "--map-root-user", "--mount", "--"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        raise CannotMount(CannotMount.__doc__)
    command = [sys.executable, "-m", "tests.reliability.full"]
    words = ["--rounds", str(cases), "--seconds", str(seconds)]
    done = subprocess.run([*inside, *command, *words], capture_output=True, text=True)
    if not done.stdout.strip():
        raise RuntimeError(done.stderr)
    return Verdict(**json.loads(done.stdout.splitlines()[-1]))


def _burst(crowd: Crowd, ledger: Ledger, count: int) -> None:
    until = time.monotonic() + 120
    while len(ledger.of("task")) < count and time.monotonic() < until and crowd.busy():
        time.sleep(0.05)


def _full(
    place: Ground, disk: Path, reader: Visitor, crowd: Crowd, verdict: Verdict, seconds: float
) -> None:
    """The disk is full for a while; then it must go on by itself."""
    ballast = fill(disk)
    before, until = len(crowd.ledger.of("task")), time.monotonic() + seconds
    shown, refused = 0, list[str]()
    words = crowd.reception.words
    told_before = words.total()
    # what the log file has room for may be accepted first: go on until somebody was refused
    while (late := time.monotonic() - until) < 0 or (words.total() == told_before and late < 60):
        for page in PAGES:
            reader.hang_up()  # the server ends idle connections
            try:
                answer = reader.get(page)
                good, why = answer.status == 200, f"{answer.status} {answer.text[:100]}"
            except (OSError, http.client.HTTPException) as error:
                good, why = False, repr(error)
            shown += good
            if not good:
                refused.append(f"{page}: {why}")
        if not os.statvfs(disk).f_bavail == 0:
            fill(disk)
    told = len(crowd.ledger.of("task"))
    ballast.unlink()
    begin = time.monotonic()
    while len(crowd.ledger.of("task")) == told and time.monotonic() - begin < 60 and crowd.busy():
        time.sleep(0.02)
    back = time.monotonic() - begin
    figures = verdict.figures
    figures["pages shown while full"] = figures.get("pages shown while full", 0) + shown
    figures["pages refused while full"] = figures.get("pages refused while full", 0) + len(refused)
    figures["accepted while full"] = figures.get("accepted while full", 0) + told - before
    longest = max(figures.get("longest until work went on (s)", 0), round(back, 2))
    figures["longest until work went on (s)"] = longest
    verdict.hold(not refused, f"pages could not be read while the disk was full: {refused[:3]}")
    verdict.hold(back <= MOST_SECONDS_BACK, f"work went on {back:.1f} s after there was room")


if __name__ == "__main__":
    chosen = options(__doc__, rounds=CASES, seconds=SECONDS)
    sys.exit(run(chosen.database, chosen.rounds, seconds=chosen.seconds).tell())
