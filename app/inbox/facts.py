"""What a task is about, in a few lines: the values that its form shows."""

from dataclasses import dataclass, field
from typing import Any

from app.accounts.models import User
from app.engine.forms.drawing import Field
from app.engine.models import UserTask
from app.errors import ShunliuError
from app.inbox import forms

MOST = 8
ROWS = 6
LONGEST = 200


@dataclass
class Facts:
    """`pairs` are (label, text, is it a number); `tables` are (label, column names, rows)."""

    pairs: list[tuple[str, str, bool]] = field(default_factory=list)
    tables: list[tuple[str, list[str], list[list[str]]]] = field(default_factory=list)


def of(task: UserTask, person: User) -> Facts:
    """The filled fields and tables of the task's form; nothing if the form cannot be drawn."""
    found = Facts()
    try:
        view: Any = forms.form_page_context(task, person)["tf"]["view"]
    except ShunliuError:
        return found
    for section in view.sections:
        for one in section.fields:
            if not one.hidden and not section.hidden:
                _add(found, one)
    return found


def _add(found: Facts, one: Field) -> None:
    if one.columns and one.cells and len(found.tables) < 2:
        names = [str(column["label"]) for column in one.columns]
        found.tables.append((one.label, names, one.cells[:ROWS]))
        return
    text = str((one.picked or {}).get("label") or one.text)
    if one.label and text and len(found.pairs) < MOST:
        found.pairs.append((one.label, f"{one.prefix}{text}{one.suffix}"[:LONGEST], one.numeric))
