"""A file that cannot be trusted or understood is refused, with the place and what to do."""

import pytest

from app.feel import dmn

from .conftest import decision, file, literal, table, text

BOMB = (
    b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="&b;"/>'
)


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (BOMB, "doctype"),
        (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/a.dtd"><d/>', "doctype"),
        ('<!DOCTYPE d SYSTEM "a.dtd"><d/>'.encode("utf-16"), "doctype"),
        (b"<definitions", "bad_xml"),
        (b"", "bad_xml"),
        (b"\xff\xfe\x00", "bad_xml"),
        (b"<definitions/>", "not_dmn"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "not_dmn"),
        (b"<x>" * 100 + b"</x>" * 100, "not_dmn"),
        (file(), "empty"),
        (b"x" * 5_000_000, "too_large"),
    ],
)
def test_a_file_that_is_no_decision_file_is_refused(xml, code):
    with pytest.raises(dmn.DmnError) as caught:
        dmn.load(xml, "a.dmn")
    assert caught.value.code == code
    assert caught.value.message != caught.value.message_en


def test_a_bad_cell_is_refused_with_table_rule_and_column():
    body = table("FIRST", ["金额", "等级"], ["o"], ['> 1; "A" | 1', '>; "B" | 2', '> 3; "A | 3'])
    with pytest.raises(dmn.DmnError) as caught:
        dmn.load(file(decision(body, "折扣")), "a.dmn")
    first, second = caught.value.all
    assert "a.dmn，决策“折扣”，规则 2，输入列 1“金额”" in first.message
    assert "decision “折扣”, rule 2, input 1 “金额”" in first.message_en
    assert (first.position, first.text) == (1, ">")
    assert "规则 3，输入列 2“等级”" in second.message
    assert first.line == 1


@pytest.mark.parametrize("language", ["javascript", "groovy", "python"])
def test_other_languages_are_refused_when_the_file_is_read(language):
    body = table("FIRST", ["x"], ["o"], ["- | 1"], kind=f'expressionLanguage="{language}"')
    with pytest.raises(dmn.DmnError, match=language):
        dmn.load(file(decision(body)))


@pytest.mark.parametrize(
    "language", ["feel", "FEEL", "https://www.omg.org/spec/DMN/20191111/FEEL/"]
)
def test_feel_is_known_by_its_names(language):
    body = table("FIRST", ["x"], ["o"], ["- | 1"], kind=f'expressionLanguage="{language}"')
    assert dmn.load(file(decision(body))).decisions["d"].evaluate({"x": 1}) == 1


def test_juel_inputs_of_camunda_7_are_read():
    body = table("FIRST", ["x.y"], ["o"], ["> 3 | 1"], kind='expressionLanguage="juel"')
    assert dmn.load(file(decision(body))).decisions["d"].evaluate({"x": {"y": 4}}) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (table("SOMETIMES", ["x"], ["o"], ["- | 1"]), "policy"),
        (table("FIRST", ["x"], ["o"], ["-; - | 1"]), "shape"),
        (table("FIRST", ["x"], ["o"], ["- | 1; 2"]), "shape"),
        (table("FIRST", [""], ["o"], ["- | 1"]), "input"),
        (table("C+", ["x"], ["o", "p"], ["- | 1; 2"]), "shape"),
        (table("FIRST", ["x"], ["o"], ["- | 1"], kind='typeRef="tNowhere"'), "type"),
        ("", "empty"),
        ('<functionDefinition kind="Java"><context/></functionDefinition>', "function"),
    ],
)
def test_a_table_that_cannot_run_is_refused(body, code):
    with pytest.raises(dmn.DmnError) as caught:
        dmn.load(file(decision(body)))
    assert caught.value.code == code


def test_imports_are_refused():
    with pytest.raises(dmn.DmnError, match="引用"):
        dmn.load(file('<import namespace="n" importType="x"/>', decision(literal("1"))))


def test_a_circle_of_decisions_is_refused():
    def needs(name: str) -> str:
        return (
            f'<informationRequirement><requiredDecision href="#{name}"/></informationRequirement>'
        )

    parts = decision(literal("b"), "a", needs("b")) + decision(literal("a"), "b", needs("a"))
    with pytest.raises(dmn.DmnError, match="循环"):
        dmn.load(file(parts))


def test_a_requirement_of_nothing_is_refused():
    link = '<informationRequirement><requiredInput href="#nowhere"/></informationRequirement>'
    with pytest.raises(dmn.DmnError, match="nowhere"):
        dmn.load(file(decision(literal("1"), "a", link)))


def test_a_knowledge_model_that_calls_itself_for_ever_ends_in_an_error():
    model = (
        '<businessKnowledgeModel id="f" name="f"><encapsulatedLogic><formalParameter name="n"/>'
        f"{literal('f(n + 1)')}</encapsulatedLogic></businessKnowledgeModel>"
    )
    link = '<knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement>'
    found = dmn.load(file(model, decision(literal("f(1)"), "a", link))).decisions["a"]
    with pytest.raises(dmn.DmnError):
        found.evaluate({})


def test_a_lenient_load_keeps_the_errors_and_gives_null():
    model = dmn.load(
        file(decision(literal("1 +"), "a"), decision(text("literalExpression", "2"), "b")),
        lenient=True,
    )
    assert len(model.errors) == 1
    assert model.decisions["a"].evaluate({}) is None
    assert model.decisions["b"].evaluate({}) == 2
