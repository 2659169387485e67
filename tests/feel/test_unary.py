"""The cells of decision tables."""

import pytest

from app import feel


@pytest.mark.parametrize(
    ("cell", "tested", "result"),
    [
        ("-", None, True),
        ('"A", "B"', "B", True),
        ('not("A", "B")', "B", False),
        (">= 18", 18, True),
        ("[18..65)", 65, False),
        ("< 5, > 10", 7, False),
        ("true", True, True),
        ("false", True, False),
        ("null", None, True),
        ("> 5", None, False),
        ("? > 5 and ? < 9", 7, True),
        ("limit", 3, True),
        ("> limit * 2", 7, True),
        ("[1, 2, 3]", 2, True),
        ("list", 2, True),
        ('starts with(?, "a")', "abc", True),
        ("not(null)", None, False),
        ("not(> 5)", 3, True),
        ('@"2026-01-01"', "2026-01-01", False),
        ("-5", -5, True),
        ("- 5", -5, True),
        ('"-"', "-", True),
        ("[1..3], 9", 9, True),
        ("not(list)", 9, True),
        ('? in ("a", "b")', "b", True),
        ("some x in ? satisfies x > 2", [1, 3], True),
        ("not(true)", False, True),
    ],
)
def test_a_cell_accepts_or_not(cell, tested, result):
    test = feel.compile_unary(cell)
    assert test({"?": tested, "limit": 3, "list": [1, 2]}) is result


def test_a_cell_of_the_wrong_kind_is_simply_not_met():
    assert feel.compile_unary("> 5")({"?": "six"}) is False
