"""Every hit policy and aggregation, and what happens when no rule or too many rules hit."""

import datetime as dt
from decimal import Decimal

import pytest

from app.feel import dmn

from .conftest import decision, file, table

RULES = ['> 0 | "low"', '> 10 | "high"', '> 10 | "high"', '> 20 | "mid"']
ORDER = '"high", "mid", "low"'
POINTS = ["> 0 | 5", "> 10 | 20.5", "> 20 | 1"]


def decide(body: str, **context: object) -> object:
    return dmn.load(file(decision(body))).decisions["d"].evaluate(context)


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("FIRST", 30, "low"),
        ("F", 30, "low"),
        ("FIRST", 0, None),
        ("UNIQUE", 5, "low"),
        ("UNIQUE", 0, None),
        ("PRIORITY", 30, "high"),
        ("P", 5, "low"),
        ("RULE ORDER", 30, ["low", "high", "high", "mid"]),
        ("OUTPUT ORDER", 30, ["high", "high", "mid", "low"]),
        ("COLLECT", 15, ["low", "high", "high"]),
        ("COLLECT", 0, []),
    ],
)
def test_a_policy_chooses_among_the_rules_that_hit(policy, x, expected):
    assert decide(table(policy, ["x"], ["o"], RULES, values=ORDER), x=x) == expected


@pytest.mark.parametrize(
    ("aggregation", "x", "expected"),
    [
        ("SUM", 30, Decimal("26.5")),
        ("MIN", 30, 1),
        ("MAX", 30, Decimal("20.5")),
        ("COUNT", 30, 3),
        ("SUM", 0, None),
        ("COUNT", 0, 0),
    ],
)
def test_collect_aggregates(aggregation, x, expected):
    assert decide(table("COLLECT", ["x"], ["o"], POINTS, aggregation=aggregation), x=x) == expected


@pytest.mark.parametrize(("sign", "expected"), [("C+", Decimal("26.5")), ("C#", 3), ("C&lt;", 1)])
def test_the_one_letter_forms_are_read(sign, expected):
    assert decide(table(sign, ["x"], ["o"], POINTS), x=30) == expected


def test_a_sum_is_exact():
    body = table("COLLECT", ["x"], ["o"], ["- | 0.1", "- | 0.2"], aggregation="SUM")
    assert decide(body, x=1) == Decimal("0.3")


def test_durations_are_summed_too():
    body = table("COLLECT", ["x"], ["o"], ['- | @"P1D"', '- | @"PT12H"'], aggregation="SUM")
    assert decide(body, x=1) == dt.timedelta(days=1, hours=12)
    mixed = table("COLLECT", ["x"], ["o"], ['- | @"P1D"', '- | @"P1Y"'], aggregation="SUM")
    assert decide(mixed, x=1) is None


def test_unique_says_which_rules_overlap():
    with pytest.raises(dmn.DmnError, match="规则 1、2、3 同时命中") as caught:
        decide(table("UNIQUE", ["x"], ["o"], RULES), x=15)
    assert "rules 1, 2, 3" in caught.value.message_en


def test_any_accepts_equal_outputs_only():
    body = table("ANY", ["x"], ["o"], ['> 10 | "a"', '> 11 | "a"', '> 20 | "b"'])
    assert decide(body, x=15) == "a"
    with pytest.raises(dmn.DmnError, match="输出不同"):
        decide(body, x=30)


def test_several_outputs_make_a_context():
    body = table("FIRST", ["x"], ["grade", "days"], ['> 1 | "A"; x * 2'])
    assert decide(body, x=4) == {"grade": "A", "days": 8}


def test_a_default_output_stands_in_when_no_rule_hits():
    assert decide(table("FIRST", ["x"], ["o"], RULES, default='"none"'), x=-1) == "none"
    body = table("COLLECT", ["x"], ["o"], POINTS, aggregation="SUM", default="0")
    assert decide(body, x=-1) == 0


def test_a_value_that_is_not_allowed_is_named():
    body = table("FIRST", ["x"], ["o"], ['"A" | 1', "- | 2"], input_values='"A", "B"')
    assert decide(body, x="B") == 2
    assert decide(body, x=None) == 2
    with pytest.raises(dmn.DmnError, match="输入“x”的值 “C” 不在允许值之内"):
        decide(body, x="C")


def test_a_value_of_another_type_is_named():
    body = table("FIRST", ["x"], ["o"], ["> 1 | 1"], kind='typeRef="number"')
    with pytest.raises(dmn.DmnError, match="不是类型 number"):
        decide(body, x="12")


@pytest.mark.parametrize(("kind", "value"), [("integer", 3), ("long", 3), ("double", Decimal("0.5")),
                                             ("string", "a"), ("boolean", True)])  # fmt: skip
def test_the_types_of_camunda_7_are_known(kind, value):
    assert decide(table("FIRST", ["x"], ["o"], ["- | 1"], kind=f'typeRef="{kind}"'), x=value) == 1


def test_lenient_models_give_null_for_what_is_wrong():
    model = dmn.load(file(decision(table("UNIQUE", ["x"], ["o"], RULES))), lenient=True)
    assert model.decisions["d"].evaluate({"x": 15}) is None
    assert model.decisions["d"].evaluate({}) is None


def test_a_missing_variable_is_an_error_with_its_name():
    with pytest.raises(dmn.DmnError, match="没有名为“x”的变量"):
        decide(table("FIRST", ["x"], ["o"], RULES))


def test_a_caller_may_change_the_list_he_got():
    found = dmn.load(file(decision(table("FIRST", ["x"], ["o"], ['- | ["a", "b"]'])))).decisions[
        "d"
    ]
    found.evaluate({"x": 1}).clear()
    assert found.evaluate({"x": 1}) == ["a", "b"]
