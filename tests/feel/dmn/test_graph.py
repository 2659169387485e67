"""Decisions on top of decisions, knowledge models, services, boxed expressions and types."""

import datetime as dt
from decimal import Decimal

import pytest

from app.feel import dmn

from .conftest import decision, file, literal, table

DATA = '<inputData id="{0}" name="{0}"><variable name="{0}" typeRef="{1}"/></inputData>'


def needs(*decisions: str, inputs: tuple[str, ...] = (), knowledge: tuple[str, ...] = ()) -> str:
    links = [f'<requiredDecision href="#{one}"/>' for one in decisions]
    links += [f'<requiredInput href="#{one}"/>' for one in inputs]
    parts = [f"<informationRequirement>{link}</informationRequirement>" for link in links]
    parts += [
        f'<knowledgeRequirement><requiredKnowledge href="#{one}"/></knowledgeRequirement>'
        for one in knowledge
    ]
    return "".join(parts)


def decide(*parts: str, key: str = "d", lenient: bool = False, **context: object) -> object:
    return dmn.load(file(*parts), lenient=lenient).decisions[key].evaluate(context)


def boxed(body: str, **context: object) -> object:
    return decide(decision(body), **context)


def test_a_required_decision_is_made_once_and_seen_by_its_name():
    grade = decision(table("FIRST", ["score"], ["o"], ['>= 80 | "A"', '- | "B"']), "customer grade")
    top = decision(table("FIRST", ["customer grade"], ["o"], ['"A" | 1', "- | 2"]),
                   "d", needs("customer grade"))  # fmt: skip
    assert decide(grade, top, score=90) == 1
    assert decide(grade, top, score=10) == 2


def test_what_a_decision_requires_is_listed():
    model = dmn.load(file(
        DATA.format("a", "number"), DATA.format("b", "string"),
        decision(literal("a"), "low", needs(inputs=("a",))),
        decision(literal("low"), "d", needs("low", inputs=("b",))),
    ))  # fmt: skip
    assert set(model.decisions["d"].requires) == {"a", "b"}
    assert model.find("d") is model.decisions["d"]
    assert model.find("nothing") is None


def test_an_input_of_another_type_is_refused_or_null():
    parts = (DATA.format("a", "number"), decision(literal("a"), "d", needs(inputs=("a",))))
    assert decide(*parts, a=3) == 3
    assert decide(*parts, a=[3]) == 3
    assert decide(*parts, lenient=True, a="x") is None
    with pytest.raises(dmn.DmnError, match="不符合类型 number"):
        decide(*parts, a="x")


def test_an_item_definition_checks_structure_and_allowed_values():
    types = (
        '<itemDefinition name="tGrade"><typeRef>string</typeRef>'
        '<allowedValues><text>"A","B"</text></allowedValues></itemDefinition>'
        '<itemDefinition name="tCustomer"><itemComponent name="grade"><typeRef>tGrade</typeRef>'
        '</itemComponent><itemComponent name="limits" isCollection="true"><typeRef>number</typeRef>'
        "</itemComponent></itemDefinition>"
    )
    parts = (types, DATA.format("c", "tCustomer"),
             decision(literal("sum(c.limits)"), "d", needs(inputs=("c",))))  # fmt: skip
    assert decide(*parts, c={"grade": "A", "limits": [1, Decimal("2.5")]}) == Decimal("3.5")
    for wrong in ({"grade": "C", "limits": []}, {"grade": "A", "limits": ["x"]}, 7):
        with pytest.raises(dmn.DmnError):
            decide(*parts, c=wrong)
        assert decide(*parts, lenient=True, c=wrong) is None


def test_a_date_becomes_a_moment_where_one_is_wanted():
    parts = (DATA.format("t", "dateTime"), decision(literal("t"), "d", needs(inputs=("t",))))
    assert decide(*parts, t=dt.date(2026, 3, 10)) == dt.datetime(2026, 3, 10, tzinfo=dt.UTC)


def test_a_result_is_coerced_to_its_variable():
    assert decide(decision(literal("3"), "d", kind="number")) == 3
    assert decide(decision(literal('"x"'), "d", kind="number"), lenient=True) is None
    with pytest.raises(dmn.DmnError, match="不符合类型"):
        decide(decision(literal('"x"'), "d", kind="number"))


MODEL = (
    '<businessKnowledgeModel id="k" name="net price"><encapsulatedLogic>'
    '<formalParameter name="price" typeRef="number"/><formalParameter name="rate"/>'
    f"{literal('price * (1 - rate)')}</encapsulatedLogic></businessKnowledgeModel>"
)


def test_a_knowledge_model_is_called_by_name_and_by_invocation():
    assert (
        decide(MODEL, decision(literal("net price(100, 0.1)"), "d", needs(knowledge=("k",)))) == 90
    )
    named = literal("net price(rate: 0.1, price: 100)")
    assert decide(MODEL, decision(named, "d", needs(knowledge=("k",)))) == 90
    invocation = (
        f"<invocation>{literal('net price')}"
        f'<binding><parameter name="price"/>{literal("p")}</binding>'
        f'<binding><parameter name="rate"/>{literal("0.5")}</binding></invocation>'
    )
    assert decide(MODEL, decision(invocation, "d", needs(knowledge=("k",))), p=10) == 5


def test_a_decision_service_is_a_function_and_a_decision():
    parts = (
        DATA.format("x", "number"), decision(literal("x + 1"), "low", needs(inputs=("x",))),
        decision(literal("low * 10"), "high", needs("low")),
        '<decisionService id="s" name="tenfold"><outputDecision href="#high"/>'
        '<encapsulatedDecision href="#low"/><inputData href="#x"/></decisionService>',
        decision(literal("tenfold(4)"), "d", needs(knowledge=("s",))),
    )  # fmt: skip
    assert decide(*parts) == 50
    assert dmn.load(file(*parts)).serve("tenfold", {"x": 1}) == 20


def test_a_context_sees_its_earlier_entries():
    body = (
        f'<context><contextEntry><variable name="a"/>{literal("x + 1")}</contextEntry>'
        f'<contextEntry><variable name="b"/>{literal("a * 2")}</contextEntry>%s</context>'
    )
    assert boxed(body % "", x=1) == {"a": 2, "b": 4}
    assert boxed(body % f"<contextEntry>{literal('a + b')}</contextEntry>", x=1) == 6


def test_lists_and_relations():
    assert boxed(f"<list>{literal('1')}{literal('x')}</list>", x=2) == [1, 2]
    relation = (
        '<relation><column name="a"/><column name="b"/>'
        f"<row>{literal('1')}{literal('x')}</row><row>{literal('3')}{literal('4')}</row></relation>"
    )
    assert boxed(relation, x=2) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_conditionals_filters_and_loops():
    choice = f"<conditional><if>{literal('x > 1')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>"  # noqa: E501
    assert boxed(choice, x=2) == 1
    assert boxed(choice, x=None) == 2
    chosen = f"<filter><in>{literal('xs')}</in><match>{literal('item > 1')}</match></filter>"
    assert boxed(chosen, xs=[1, 2, 3]) == [2, 3]
    named = f"<filter><in>{literal('xs')}</in><match>{literal('n > 1')}</match></filter>"
    assert boxed(named, xs=[{"n": 1}, {"n": 2}]) == [{"n": 2}]
    loop = f'<for iteratorVariable="i"><in>{literal("xs")}</in><return>{literal("i * 2")}</return></for>'
    assert boxed(loop, xs=[1, 2]) == [2, 4]
    for kind, answer in (("some", True), ("every", False)):
        body = (f'<{kind} iteratorVariable="i"><in>{literal("xs")}</in>'
                f"<satisfies>{literal('i > 1')}</satisfies></{kind}>")  # fmt: skip
        assert boxed(body, xs=[1, 2]) is answer


def test_a_function_definition_is_a_value():
    body = (
        '<context><contextEntry><variable name="double"/><functionDefinition>'
        f'<formalParameter name="n"/>{literal("n * 2")}</functionDefinition></contextEntry>'
        f"<contextEntry>{literal('double(x)')}</contextEntry></context>"
    )
    assert boxed(body, x=4) == 8


@pytest.mark.parametrize("namespace", [
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd", "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/", "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
])  # fmt: skip
def test_every_version_of_the_standard_is_read(namespace):
    xml = f'<definitions xmlns="{namespace}">{decision(literal("1"))}</definitions>'
    assert dmn.load(xml).decisions["d"].evaluate({}) == 1


def test_the_input_variable_of_camunda_is_read_and_named():
    body = table("FIRST", ["x"], ["o"], ["> 1 and ok | 1"]).replace(
        '<input label="x"><inputExpression ><text>x</text></inputExpression>',
        '<input label="x" xmlns:camunda="http://camunda.org/schema/1.0/dmn" camunda:inputVariable="x">',
    )
    assert "inputVariable" in body
    assert decide(decision(body.replace("&gt; 1 and ok", "&gt; 1")), x=2) == 1


def test_a_long_chain_of_decisions_is_followed():
    parts = [decision(literal("1"), "d0")]
    parts += [
        decision(literal(f"d{n - 1} + 1"), f"d{n}", needs(f"d{n - 1}")) for n in range(1, 500)
    ]
    found = dmn.load(file(*parts)).decisions["d499"]
    assert found.evaluate({}) == 500
    assert found.trace({}).why
