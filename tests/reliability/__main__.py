"""`make reliability`: every experiment in its long version, one after the other, on SQLite and, where
it is installed, on PostgreSQL. The verdicts are also written to reliability.json.

`python -m tests.reliability [NAME…] [--database sqlite|postgres]` runs some of them.
"""

import argparse
import importlib
import json
import signal
import sys
from pathlib import Path

from tests import postgres
from tests.reliability.judge import Verdict

ALL = {
    "kill": ("sqlite", "postgres"),
    "race": ("sqlite", "postgres"),
    "outage": ("sqlite", "postgres"),
    "full": ("sqlite", "postgres"),
    "jump": ("sqlite", "postgres"),
    "release": ("sqlite", "postgres"),
    "retire": ("sqlite", "postgres"),
}


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    made = argparse.ArgumentParser(prog="python -m tests.reliability")
    made.add_argument("names", nargs="*", default=[], metavar="NAME", help=", ".join(ALL))
    made.add_argument("--database", choices=("sqlite", "postgres"))
    chosen = made.parse_args()
    verdicts: list[Verdict] = []
    for name in chosen.names or ALL:
        for database in ALL[name]:
            if chosen.database in (None, database) and _there(database):
                verdicts.append(_run(name, database))
                verdicts[-1].tell()
    target = Path(__file__).resolve().parents[2] / "reliability.json"
    found = [vars(verdict) for verdict in verdicts]
    target.write_text(json.dumps(found, indent=1, ensure_ascii=False, default=str))
    failed = [verdict for verdict in verdicts if verdict.breaches]
    sys.stdout.write(f"\n{len(verdicts)} experiments, {len(failed)} with breaches\n")
    return 1 if failed or not verdicts else 0


def _run(name: str, database: str) -> Verdict:
    """What the experiment found; that it could not be brought to its end is a breach, too."""
    try:
        return importlib.import_module(f"tests.reliability.{name}").run(database)
    except Exception as error:
        return Verdict(name, database, breaches=[f"it broke off: {error!r}"])


def _there(database: str) -> bool:
    if database == "sqlite":
        return True
    try:
        postgres.binaries()
        return True
    except postgres.NotInstalled as missing:
        sys.stderr.write(f"\n!!!!! {missing}: the experiments on PostgreSQL are NOT run\n\n")
        return False


if __name__ == "__main__":
    sys.exit(main())
