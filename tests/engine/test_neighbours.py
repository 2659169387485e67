"""The rows of `neighbours`, live and rebuilt before each step."""

import re

import pytest

from tests.engine.memory import NobodyWaits, Platform
from tests.engine.neighbours import ROWS, Row


def given(text: str) -> dict[str, object]:
    """`x=1, again=True` as variables."""
    words = {"True": True, "False": False}
    pairs = (part.split("=") for part in text.replace(" ", "").split(",") if part)
    return {name: words[value] if value in words else int(value) for name, value in pairs}


def do(memory: Platform, step: str) -> None:
    if step.startswith("="):
        assert memory.names() == step[1:].split(), step
    elif step.startswith("+"):
        memory.advance(step[1:])
    elif step.startswith(("!!", "~~")):
        with pytest.raises(NobodyWaits):
            (memory.message if step[0] == "!" else memory.signal)(step[2:])
    elif step.startswith("!"):
        memory.message(step[1:])
    elif step.startswith("~"):
        memory.signal(step[1:])
    elif step.startswith("#"):
        memory.start(step[1:])
    elif step.startswith("set "):
        memory.set(**given(step[4:]))
    else:
        found = re.fullmatch(r"(\w+)(?:\((.*)\))?", step)
        memory.complete(found[1], **given(found[2] or ""))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_begins_goes_as_it_is_drawn(memory: Platform, row: Row):
    memory.deploy(*row.files)
    if row.message or row.signal:
        (memory.message if row.message else memory.signal)(row.message or row.signal, row.data)
    else:
        memory.start("p", row.data)
    for step in row.steps:
        do(memory, step)
    assert memory.cases[0].completed is row.ended
