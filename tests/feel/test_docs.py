"""Every `expression => result` of docs/feel.md is true."""

import re
from pathlib import Path

import pytest

from app import feel

_TEXT = (Path(__file__).parents[2] / "docs" / "feel.md").read_text(encoding="utf-8")
EXAMPLES = [
    line.split(" => ")
    for block in re.findall(r"```feel\n(.*?)```", _TEXT, re.DOTALL)
    for line in block.strip().splitlines()
]


@pytest.mark.parametrize(("expression", "result"), EXAMPLES)
def test_the_example_gives_what_the_page_says(expression, result):
    got, wanted = feel.compile(expression)({}), feel.compile(result)({})
    assert got == wanted
    assert type(got) is type(wanted) or not isinstance(got, bool)


def test_the_page_has_examples():
    assert len(EXAMPLES) > 80
