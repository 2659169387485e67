"""The words behind `python -m tests.reliability.<name>`."""

import argparse
import signal
import sys


def options(about: str | None, *, rounds: int = 0, seconds: float = 0.0) -> argparse.Namespace:
    """`--database`, and whichever of `--rounds` and `--seconds` the experiment has."""
    # a polite kill still ends the server and the workers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    made = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    if rounds:
        made.add_argument("--rounds", type=int, default=rounds, help=f"how many ({rounds})")
    if seconds:
        made.add_argument("--seconds", type=float, default=seconds, help=f"how long ({seconds:g})")
    return made.parse_args()
