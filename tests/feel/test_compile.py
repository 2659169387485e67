"""Compiled expressions are shared: cached, unchangeable, and the same in every thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app import feel


def test_the_same_text_is_compiled_once():
    assert feel.compile("a + 1") is feel.compile("a + 1")
    assert feel.compile("a + 1") is not feel.compile("a + 1", strict=False)


def test_a_compiled_expression_cannot_be_changed():
    with pytest.raises(AttributeError):
        feel.compile("a + 1").text = "b"


def test_a_result_may_be_changed_without_changing_the_expression():
    expression = feel.compile("[1, 2]")
    expression({}).append(3)
    assert expression({}) == [1, 2]


def test_many_threads_get_their_own_results():
    expression = feel.compile("sum(for i in 1..n return i / 3 * 3 + partial[1] * 0)[1] + n")
    simple = feel.compile("sum(for i in 1..n return i) + n")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: (simple({"n": n}), expression({"n": 1})), range(1, 200)))
    assert [first for first, _ in results] == [n * (n + 1) // 2 + n for n in range(1, 200)]
    assert len({second for _, second in results}) == 1


def test_moments_at_the_ends_of_the_calendar_compare(value):
    assert value('@"0001-01-01T00:00:00+10:00" < @"9999-12-31T23:59:59-10:00"') is True
    assert value('@"0001-01-01T00:00:00+10:00" - @"2026-01-01T00:00:00Z"') is None
    assert value('sort([@"2026-01-02", @"2026-01-01T00:00:00"])[2].day') == 2
