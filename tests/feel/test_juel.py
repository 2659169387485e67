"""`${…}` as Camunda 7 files carry it, `=…`, and plain text."""

import pytest

from app import feel

CONTEXT = {
    "a": 1,
    "b": False,
    "n": None,
    "name": "张伟",
    "items": ["x", "y", "z"],
    "loopCounter": 1,
    "order": {"price": 150, "open": True},
    "gender": "male",
    "missing": [],
    "total amount": 3,
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('${name = "张伟"}', True),
        ("${a == 1 && !b}", True),
        ("${a eq 1 and not b}", True),
        ("${b || a ne 1}", False),
        ("${order.price > 100 && order.price < 250}", True),
        ("${order['price'] ge 150}", True),
        ("${gender == 'male' ? 'Mr.' : 'Mrs.'}", "Mr."),
        ("${empty n}", True),
        ("${empty missing && !empty items}", True),
        ("${not empty items}", True),
        ("${items[0]}", "x"),
        ("${items[loopCounter]}", "y"),
        ("${items[-1]}", "z"),
        ('${items[item != "x"][0]}', "y"),
        ("${7 div 2}", 3.5),
        ("${7 mod 2}", 1),
        ("${7 % 2 == 1}", True),
        ("${count(missing) > 0}", False),
        ("${5-2}", 3),
        ("${true}", True),
        ('${a lt 2 ? "s" : "l"}', "s"),
        ("#{a == 1}", True),
        ("= a = 1", True),
        ("a = 1", True),
        ("  ${a == 1}\n", True),
        ("= items[1]", "x"),
        ('${ {x: "}"}.x }', "}"),
        ("${total amount + 1}", 4),
        ("${a != 1 or order.open}", True),
    ],
)
def test_a_condition_is_read_in_all_its_spellings(text, result):
    assert feel.compile_condition(text)(CONTEXT) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain text", "plain text"),
        ("${name}", "张伟"),
        ("Hello ${name}, ${a + 1}${n}!", "Hello 张伟, 2!"),
        ("=a + 1", 2),
        ("", ""),
        (r"\${a} is ${a}", "${a} is 1"),
        ("${items}", ["x", "y", "z"]),
        ("$5 and #1", "$5 and #1"),
        ("R3/PT10M", "R3/PT10M"),
        ("due ${order.price} 元", "due 150 元"),
        ("=", "="),
    ],
)
def test_a_value_is_an_expression_a_template_or_the_text_itself(text, result):
    assert feel.compile_value(text)(CONTEXT) == result


def test_plain_text_is_constant():
    assert feel.compile_value("plain").is_constant
    assert not feel.compile_value("${a}").is_constant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${order.getTotal()}", "method"),
        ("${genderBean.getString(gender)}", "method"),
        ("${a", "template"),
        ("${a} && ${b}", "template_condition"),
        ("${}", "end"),
        ("a == 1", "syntax"),
    ],
)
def test_what_cannot_be_read_says_why(text, code):
    with pytest.raises(feel.FeelError) as caught:
        feel.compile_condition(text)
    assert caught.value.code == code


def test_a_position_counts_in_the_whole_text():
    with pytest.raises(feel.FeelError) as caught:
        feel.compile_value("Hello ${nam}")(CONTEXT)
    assert (caught.value.position, caught.value.hint_en) == (8, "did you mean “name”?")
