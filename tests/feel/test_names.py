"""Names may hold blanks, operators and keywords when they are known."""

import pytest

from app import feel


def test_blanks_in_a_name_need_no_help(value):
    assert feel.compile('Full Name = "Ann"')({"Full Name": "Ann"}) is True


def test_operators_in_a_name_are_found_among_the_known_names():
    names = ["a-b", "total + tax", "date of birth", "his/her", "Applicant's age", "if any"]
    context = {name: number for number, name in enumerate(names)}
    for name, number in context.items():
        assert feel.compile(f"{name} + 0", names)(context) == number


def test_a_known_name_with_blanks_around_its_operator_is_not_the_difference():
    assert feel.compile("a - b", ["a-b"])({"a-b": 9, "a": 5, "b": 2}) == 3


def test_backquotes_make_any_name():
    assert feel.compile("`a-b` + c.`d e-f`")({"a-b": 1, "c": {"d e-f": 2}}) == 3


def test_entries_of_a_context_are_names_for_the_later_ones(value):
    assert value('{"unit price": 2, amount of units: 3, t: unit price * amount of units}.t') == 6


def test_chinese_and_other_letters_are_names(value):
    assert value("金额 > 100 and 客户.年龄 >= 18", 金额=120, 客户={"年龄": 20}) is True


def test_a_variable_called_like_a_function_hides_nothing(value):
    assert value("count([1, 2]) + count", count=3) == 5


def test_a_known_name_hides_the_function_of_that_name():
    double = feel.Function("count", ("x",), lambda x: x * 2)
    assert feel.compile("count(4)", ["count"])({"count": double}) == 8


def test_names_of_python_are_only_data(value):
    assert value("__builtins__ + len + task", __builtins__=1, len=2, task=3) == 6


def test_the_free_names_are_told():
    expression = feel.compile("a + b.c + count(d) + (for i in e return i)[1] + f[item > g]")
    assert set(expression.names) == {"a", "b", "d", "e", "f"}


@pytest.mark.parametrize("text", ["1 // one", "/* one */ 1", "1 /* a\n b */"])
def test_comments_are_left_out(value, text):
    assert value(text) == 1


@pytest.mark.parametrize(("text", "place"), [("1 /* one", 2), ("/*", 0), ('"/*" + /* x', 7)])
def test_a_comment_without_an_end_says_so(text, place):
    with pytest.raises(feel.FeelError) as refusal:
        feel.compile(text)
    assert (refusal.value.code, refusal.value.position) == ("comment", place)
