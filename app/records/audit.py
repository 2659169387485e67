"""The invariants of the records, checked nightly, in tests and by `flask check-records`.

Each check is one query (or few) that finds the rows that break a rule; it names rule, record and
figures. The numbers are those of records_sales §6.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Check = Callable[[], Iterator["Breach"]]
_checks: dict[str, Check] = {}


@dataclass(frozen=True)
class Breach:
    """One record that breaks one rule."""

    rule: str
    entity: str
    number: str
    text: str


def invariant(name: str) -> Callable[[Check], Check]:
    """Decorator: this function is asked by `check_all`. A name is used once."""

    def register(check: Check) -> Check:
        if name in _checks:
            raise ValueError(f"there is a check {name!r} already")
        _checks[name] = check
        return check

    return register


def names() -> list[str]:
    """Every rule that is checked."""
    return sorted(_checks)


def check_all() -> list[Breach]:
    """Every breach of every rule in the current workspace; an empty list when all is well."""
    return [breach for name in names() for breach in _checks[name]()]
