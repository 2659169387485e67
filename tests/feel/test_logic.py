"""Three-valued logic, comparison and membership."""

import pytest


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
        (False, False, False, False),
    ],
)
def test_and_or_know_unknown(value, a, b, both, either):
    assert value("a and b", a=a, b=b) is both
    assert value("b and a", a=a, b=b) is both
    assert value("a or b", a=a, b=b) is either


def test_three_operands_are_decided_by_any_of_them(value):
    assert value("null and true and false") is False
    assert value("null or false or true") is True


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("null = null", True),
        ("1 = null", False),
        ('1 = "1"', None),
        ("[1, null] = [1, null]", True),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("[1] = [2]", False),
        ("1 = 1.0", True),
        ('@"2026-01-01" = @"2026-01-01T00:00:00"', None),
        ('@"2026-01-01T00:00:00" = @"2026-01-01T00:00:00Z"', False),
        ('@"2026-01-01T08:00:00+08:00" = @"2026-01-01T00:00:00Z"', True),
        ('"b" > "a"', True),
        ("null < 1", None),
        ('@"P1D" < @"P2D"', True),
        ("x between 1 and 3", True),
    ],
)
def test_values_compare_within_their_kind(standard, text, result):
    assert standard(text, x=2) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2 in (1, 2)", True),
        ("2 in [1..2)", False),
        ("2 in ]1..2]", True),
        ("2 in [1..2[", False),
        ("2 in > 1", True),
        ("2 in [1, 2, 3]", True),
        ("2 in ([0..1], [2..3])", True),
        ("[1] in [[1], [2]]", True),
        ("2 in (1..3)", True),
        ("null in (null)", True),
        ("x in list", True),
        ("2 in (> 5, < 1)", False),
    ],
)
def test_in_takes_values_ranges_lists_and_comparisons(value, text, result):
    assert value(text, x=2, list=[1, 2]) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('"a" instance of string', True),
        ("null instance of Any", False),
        ("1 instance of string", False),
        ('@"2026-01-01" instance of date', True),
        ('@"P1D" instance of days and time duration', True),
        ('@"P1Y" instance of years and months duration', True),
        ("[1..2] instance of range<number>", True),
        ("{a: 1} instance of context<a: string>", False),
        ('[1, "a"] instance of list<number>', False),
        ('date and time("2026-01-01T00:00:00") instance of date and time', True),
        ("(function(x) x) instance of function<number>->number", True),
    ],
)
def test_instance_of_tells_kinds_apart(value, text, result):
    assert value(text) is result
