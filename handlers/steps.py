"""What every handler asks of its step: who acts, and where a write comes from."""

from datetime import date, datetime
from typing import Any

from app.accounts import people
from app.engine.handlers import BpmnError, Step
from app.errors import ShunliuError
from app.records import numbers
from app.records.write import Origin

SYSTEM = "system"
BATCH = 100  # rows that one case works through; further ones are handed on to a case of their own


def actor(step: Step) -> str:
    """The login that a write is booked under; `system` for timers and jobs."""
    return step.by or SYSTEM


def origin(step: Step) -> Origin:
    """The step, as the logs name it."""
    return Origin(step.process_id, step.element_id, str(step.instance_id))


def writing(step: Step) -> dict[str, Any]:
    """Keyword arguments of every write: by, at, origin."""
    return {"by": actor(step), "at": step.now, "origin": origin(step)}


def today(step: Step) -> date:
    """The day of the step in the company's zone."""
    moment: datetime = step.now
    return numbers.local_date(moment)


def refusal(error: ShunliuError, code: str | None = None, **variables: Any) -> BpmnError:
    """What a record refused, as the error that the flow catches; the form shows `problems`."""
    return BpmnError(code or error.code, error.message, problems=error.message, **variables)


def department_of(login: str | None) -> str | None:
    """The department of a person."""
    person = people.get(login)
    return person.department_id if person else None


def name_of(login: str | None) -> str | None:
    """The name of a person; the login itself if there is none."""
    person = people.get(login)
    return person.name if person else login


def batch(found: list[Any]) -> tuple[list[Any], bool]:
    """The rows of one batch, of up to BATCH + 1 that were looked for, and whether more are left."""
    return found[:BATCH], len(found) > BATCH
