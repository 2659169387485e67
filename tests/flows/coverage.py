"""Which elements of which flow the tests took: noted by every test process in a file of its own,
read when all have ended."""

import os
from pathlib import Path

import sqlalchemy as sa

from app.engine import definitions
from app.engine.models import Event

PASSED = ("entered", "fired", "caught", "thrown", "left")
_noted: set[tuple[str, str]] = set()


def note(session: sa.orm.scoped_session) -> None:
    """Every element that a case of this test passed counts as taken."""
    folder = os.environ.get("FLOW_COVERAGE")
    if not folder:
        return
    session.rollback()
    query = (
        sa.select(Event.definition_id, Event.element_id)
        .where(Event.kind.in_(PASSED), Event.element_id.is_not(None))
        .distinct()
    )
    found = {
        (definitions.known(definition_id).process_id, element)
        for definition_id, element in session.execute(query)
        if definition_id is not None
    }
    Path(folder).mkdir(parents=True, exist_ok=True)
    with (Path(folder) / f"{os.getpid()}.txt").open("a") as file:
        file.writelines(f"{process} {element}\n" for process, element in sorted(found - _noted))
    _noted.update(found)


def read() -> dict[str, set[str]]:
    """{process id: elements taken} by all processes of the run."""
    taken: dict[str, set[str]] = {}
    for path in Path(os.environ["FLOW_COVERAGE"]).glob("*.txt"):
        for line in path.read_text().splitlines():
            process, _blank, element = line.partition(" ")
            taken.setdefault(process, set()).add(element)
    return taken
