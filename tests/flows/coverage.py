"""Which elements of which flow were taken by the tests of this session."""

import sqlalchemy as sa

from app.engine import definitions
from app.engine.models import Event

taken: dict[str, set[str]] = {}
PASSED = ("entered", "fired", "caught", "thrown", "left")


def note(session: sa.orm.scoped_session) -> None:
    """Every element that a case of this test entered counts as taken."""
    session.rollback()
    query = (
        sa.select(Event.definition_id, Event.element_id)
        .where(Event.kind.in_(PASSED), Event.element_id.is_not(None))
        .distinct()
    )
    for definition_id, element in session.execute(query):
        if definition_id is not None:
            taken.setdefault(definitions.known(definition_id).process_id, set()).add(element)


def missing(process_id: str, elements: set[str]) -> set[str]:
    """Those of `elements` that no test has taken."""
    return elements - taken.get(process_id, set())
