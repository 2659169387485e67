"""Errors say what, where and what was meant, in both languages; nothing else leaves the package."""

import pytest

from app import feel


@pytest.mark.parametrize(
    ("text", "code", "position", "hint"),
    [
        ("amout > 1", "name", 0, "amount"),
        ("cuont([1])", "function", 0, "count"),
        ("1 +", "end", 3, ""),
        ("a = = 1", "syntax", 4, "="),
        ("if a then 1", "end", 11, "else"),
        ("amount && 1", "syntax", 7, "and"),
        ("amount ~ 1", "syntax", 7, ""),
        ('"open', "string", 0, ""),
        ('amount + "1"', "types", 7, ""),
        ('substring("a")', "arguments", 9, ""),
        ("1 instance of numbre", "type", 14, ""),
        ("(1", "end", 2, ")"),
        ("function(x) external {}", "external", 12, ""),
        ("amount(1)", "not_function", 6, ""),
        ("'a'", "syntax", 0, '"'),
    ],
)
def test_an_error_has_code_place_and_hint(text, code, position, hint):
    with pytest.raises(feel.FeelError) as caught:
        feel.compile(text)({"amount": 1})
    problem = caught.value
    assert (problem.code, problem.position) == (code, position)
    assert hint in problem.hint_en and problem.message != problem.message_en
    assert problem.message in str(problem) and problem.message_en in problem.explain("en")
    assert problem.text == text


@pytest.mark.parametrize(
    "text", ["nothing", "nothing(1)", '"a" + 1', "a.b.c(1)", '1 < "a"', "substring()"]
)
def test_the_standard_gives_null_instead(standard, text):
    assert standard(text) is None


def test_a_foreign_object_in_the_variables_is_refused_when_it_is_used(value):
    with pytest.raises(feel.FeelError) as caught:
        value("thing.secret", thing=object())
    assert caught.value.code == "value"
    assert value("1 + 1", thing=object()) == 2


def test_the_variables_must_be_a_mapping():
    with pytest.raises(feel.FeelError):
        feel.compile("a")(["a"])


@pytest.mark.parametrize("wrong", [None, 1, b"1", ["1"]])
def test_an_expression_must_be_text(wrong):
    for read in (feel.compile, feel.compile_unary, feel.compile_condition, feel.compile_value):
        with pytest.raises(feel.FeelError):
            read(wrong)


@pytest.mark.parametrize(
    "text",
    [
        '@"tomorrow"',
        '(function(x) external {java: {class: "a"}})(1)',
        "1 instance of nothing",
    ],
)
def test_what_strict_reading_refuses_is_null_or_false_in_the_standard(standard, text):
    assert not standard(text)
