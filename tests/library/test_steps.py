"""What is shown of a version's steps is what this very version draws."""

import pytest
from flask import Flask

from app.db import db
from app.engine import deploy
from app.library import steps
from tests.engine.draw import end, flows, process, start, user


def drawn(task: str) -> list[str]:
    """The steps of the first version there is, after a flow with this task came in."""
    file = process(start(), user(task), end(), flows(f"s {task}", f"{task} e"))
    made = deploy.deploy([file], by="zhouning", lenient=True)
    return list(steps.of_definition(made.definitions[0].id))


def test_a_number_that_comes_again_shows_the_new_drawing(app: Flask):
    """A publication that was taken back leaves its number to the next one."""
    assert drawn("a") == ["s", "a", "e"]
    db.session.rollback()
    assert drawn("b") == ["s", "b", "e"]


def test_a_version_that_never_was_has_no_steps(app: Flask):
    with pytest.raises(LookupError):
        steps.of_definition(99)
