"""What is questionable about a table is found without running it."""

import pytest

from app.feel import dmn

from .conftest import decision, file, table


def found(body: str) -> list[tuple[str, int | None]]:
    findings = dmn.load(file(decision(body))).decisions["d"].findings()
    assert all(one.message and one.message_en for one in findings)
    return [(one.code, one.rule) for one in findings]


@pytest.mark.parametrize(
    ("policy", "rules", "expected"),
    [
        ("UNIQUE", ["<= 10 | 1", ">= 10 | 2"], [("overlap", 2)]),
        ("UNIQUE", ["< 10 | 1", ">= 10 | 2"], []),
        ("UNIQUE", ["[1..5] | 1", "(5..9] | 2", "5 | 3"], [("overlap", 3)]),
        ("UNIQUE", ['"a","b" | 1', '"b" | 2'], [("overlap", 2)]),
        ("UNIQUE", ['"a" | 1', 'not("a") | 2'], []),
        ("UNIQUE", ['"a" | 1', 'not("b") | 2'], [("overlap", 2)]),
        ("UNIQUE", ["true | 1", "false | 2"], []),
        ("UNIQUE", ["1 | 1", "- | 2"], [("overlap", 2)]),
        ("UNIQUE", ["1 | 1", "x > 3 | 2"], []),
        ("ANY", ["1 | 1", "- | 1"], []),
        ("ANY", ["1 | 1", "- | 2"], [("overlap", 2)]),
        ("FIRST", ["1 | 1", "- | 2", "3 | 3"], [("unreachable", 3)]),
        ("FIRST", [">= 5 | 1", "[6..8] | 2"], [("unreachable", 2)]),
        ("FIRST", ["> 5 | 1", ">= 5 | 2", "- | 3"], []),
        ("COLLECT", ["1 | 1", "- | 2"], []),
        ("PRIORITY", ["1 | 1"], [("priority", None)]),
    ],
)
def test_rules_that_get_in_each_others_way(policy, rules, expected):
    assert found(table(policy, ["x"], ["o"], rules)) == expected


def test_two_columns_overlap_only_where_both_do():
    assert found(table("UNIQUE", ["x", "y"], ["o"], ["1; 1 | 1", "1; 2 | 2"])) == []
    assert found(table("UNIQUE", ["x", "y"], ["o"], ["1; - | 1", "-; 2 | 2"])) == [("overlap", 2)]


def test_outputs_that_are_not_allowed_are_found():
    body = table("FIRST", ["x"], ["o"], ['1 | "a"', '2 | "c"', '- | ["a", "d"]'], values='"a","b"')
    assert found(body) == [("output_value", 2), ("output_value", 3)]


def test_inputs_that_are_not_allowed_are_found():
    body = table("FIRST", ["x"], ["o"], ['"a" | 1', '"c" | 2'], input_values='"a","b"')
    assert found(body) == [("input_value", 2)]
