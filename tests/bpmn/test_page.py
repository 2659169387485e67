"""docs/bpmn.md says what the tests show: each test exists, each refusal is worded as the page says."""

import ast
from pathlib import Path

import pytest

from tests.bpmn import page
from tests.bpmn.elements import EXECUTED, REFUSED, WARNED

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = [row for rows in EXECUTED.values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_executed_has_a_test(row: tuple[str, str, str]):
    file, _colons, name = row[2].partition("::")
    tree = ast.parse((ROOT / "tests" / "engine" / f"test_{file}.py").read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert f"test_{name}" in names


@pytest.mark.parametrize("row", [*REFUSED, *WARNED], ids=lambda row: row[0])
def test_what_is_refused_is_named(app, row: tuple[str, str]):
    severity = "error" if row in REFUSED else "warning"
    assert page.wording(row[0]).severity == severity


def test_the_page_is_up_to_date(app):
    assert (ROOT / "docs" / "bpmn.md").read_text() == page.written()
