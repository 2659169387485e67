"""Tasks and cases for the palette."""

from flask import url_for

from app.accounts.models import User
from app.i18n import label
from app.inbox import queue
from app.shell import Command
from app.show import due

FEW = 6


def commands(person: User, words: str) -> list[Command]:
    """The person's tasks whose name, subject or number has these words, then the cases."""
    if not words:
        return []
    found, _more = queue.tasks(queue.Question(q=words), person)
    lines = []
    for task in found[:FEW]:
        term = due(task.due_at)
        text = " ".join(
            part for part in (label(task.name), task.business_key, task.subject) if part
        )
        late = term is not None and term.tone == "over"
        lines.append(
            Command(text, url_for("inbox.task", task_id=task.id), icon="inbox",
                    hint=term.text if term and late else "", tone="over" if late else "")
        )  # fmt: skip
    cases, _more = queue.cases(queue.Question(f="started", q=words), person)
    for case in cases[:FEW]:
        text = " ".join(part for part in (label(case.definition.name), case.business_key,
                                          case.subject) if part)  # fmt: skip
        lines.append(Command(text, url_for("inbox.case", instance_id=case.id), icon="send"))
    return lines
