"""A form that could go wrong in use is refused, with the place and the way out."""

import json
from pathlib import Path

import pytest

from app.engine import deploy, forms
from app.engine.findings import ERROR, Unreadable
from app.engine.forms.component import KNOWN, REFUSED
from app.errors import Refused

ROOT = Path(__file__).parent.parent.parent
TEXT = {"type": "textfield", "id": "a", "key": "a", "label": "甲"}


@pytest.mark.parametrize("path", sorted((ROOT / "forms").glob("*.form")), ids=lambda p: p.name)
def test_every_form_of_the_product_can_be_used(app, path):
    wrong = [f for f in forms.check(path.read_bytes(), path.name) if f.severity == ERROR]
    assert wrong == []
    assert forms.load_file(path) is forms.load_file(path)


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "textfeld", "id": "x"}, "form.type.unknown"),
        ({"type": "html", "id": "x", "content": "<b>"}, "form.type.refused"),
        ({"type": "iframe", "id": "x", "url": "https://x"}, "form.type.refused"),
        ({"type": "textfield", "id": "x", "label": "甲"}, "form.key.missing"),
        ({**TEXT, "key": "a b"}, "form.key.name"),
        ({**TEXT, "key": "1a"}, "form.key.name"),
        ({**TEXT, "key": "if"}, "form.key.name"),
        ({**TEXT, "key": "outcome"}, "form.key.reserved"),
        ({**TEXT, "label": " "}, "form.label"),
        ({**TEXT, "validate": {"pattern": "("}}, "form.pattern"),
        ({**TEXT, "validate": {"pattern": "(?P<a>x)"}}, "form.pattern"),
        ({**TEXT, "validate": {"pattern": "a\\Z"}}, "form.pattern"),
        ({**TEXT, "validate": {"pattern": "a++"}}, "form.pattern"),
        ({**TEXT, "validate": {"minLength": 3, "maxLength": 2}}, "form.limits"),
        ({**TEXT, "validate": {"maxLength": "many"}}, "form.bound"),
        ({**TEXT, "validate": {"validationType": "zip"}}, "form.validation"),
        ({**TEXT, "conditional": {"hide": "=a +"}}, "form.feel"),
        ({**TEXT, "properties": {"requird": "x"}}, "form.property"),
        ({**TEXT, "properties": {"picker": "group"}}, "form.picker"),
        ({**TEXT, "properties": {"display": "grid"}}, "form.display"),
        ({"type": "number", "id": "n", "key": "n", "label": "数",
          "properties": {"format": "euro", "picker": "user"}}, "form.picker.type"),
        ({"type": "number", "id": "n", "key": "n", "label": "数", "increment": "-1"}, "form.step"),
        ({"type": "number", "id": "n", "key": "n", "label": "数", "decimalDigits": 99}, "form.digits"),
        ({"type": "datetime", "id": "n", "key": "n", "label": "日", "subtype": "week"}, "form.subtype"),
        ({"type": "select", "id": "s", "key": "s", "label": "选"}, "form.values"),
        ({"type": "radio", "id": "s", "key": "s", "label": "选", "defaultValue": "c",
          "values": [{"label": "a", "value": "a"}, {"label": "b", "value": "a"}]}, "form.default"),
        ({"type": "expression", "id": "e", "key": "e", "label": "式"}, "form.expression"),
        ({"type": "image", "id": "i", "alt": "图", "source": "https://x/y.png"}, "form.image"),
        ({"type": "image", "id": "i", "alt": "图", "source": "data:image/svg+xml,<svg>"}, "form.image"),
        ({"type": "table", "id": "t", "dataSource": "=a"}, "form.table"),
        ({"type": "documentPreview", "id": "t"}, "form.documents"),
        ({"type": "dynamiclist", "id": "l", "label": "表", "components": []}, "form.key.missing"),
        ({"type": "group", "id": "g"}, "form.components"),
        ({"type": "button", "id": "b", "action": "reset"}, "form.button.reset"),
        ({"type": "button", "id": "b", "properties": {"tone": "loud"}}, "form.tone"),
        ("text", "form.component"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_wrong_is_named(findings, component, code):
    assert code in findings([component])


def test_a_finding_says_where_and_what_to_do(app):
    text = json.dumps({"type": "default", "components": [{**TEXT, "type": "nope"}]})
    with pytest.raises(Unreadable) as told:
        forms.load(text, "x.form")
    (finding,) = told.value.findings
    assert (finding.file, finding.element, finding.name) == ("x.form", "a", "甲")
    assert "textfield" in finding.remedy


def test_keys_and_ids_are_used_once(findings):
    assert "form.key.duplicate" in findings([TEXT, {**TEXT, "id": "b"}])
    assert "form.id.duplicate" in findings([TEXT, {**TEXT, "key": "b"}])
    rows = {"type": "dynamiclist", "id": "l", "path": "l", "label": "表", "components": [TEXT]}
    assert findings([{**TEXT, "id": "z"}, rows]) == []


def test_two_verbs_are_two_outcomes(findings):
    button = {"type": "button", "id": "b", "label": "是", "properties": {"outcome": "yes"}}
    assert findings([button, {**button, "id": "c"}]) == ["form.outcome"]


def test_a_key_named_like_a_function_is_a_warning_until_the_function_is_called(app):
    total = {"type": "number", "id": "s", "key": "sum", "label": "和"}
    calls = {"type": "expression", "id": "e", "key": "e", "label": "式", "expression": "=sum(xs)"}
    for components, severity in ([total], "warning"), ([total, calls], "error"):
        text = json.dumps({"type": "default", "components": components})
        found = [f for f in forms.check(text) if f.code == "form.key.function"]
        assert [f.severity for f in found] == [severity]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"{", "form.json"), (b"[]", "form.shape"), (b"\xff\xfe", "form.json"), (b"null", "form.shape"),
     (b'{"components": {}}', "form.shape"), (b" " * 1_000_001, "form.size"),
     (b'{"type": "other", "components": []}', "form.shape")],
)  # fmt: skip
def test_a_file_that_is_no_form_is_refused(app, content, code):
    assert [finding.code for finding in forms.check(content)] == [code]


def test_a_form_that_nests_without_end_is_refused(findings):
    deep = TEXT
    for level in range(12):
        deep = {"type": "group", "id": f"g{level}", "path": f"p{level}", "components": [deep]}
    assert "form.depth" in findings([deep])
    assert "form.count" in findings([{"type": "spacer", "id": f"s{i}"} for i in range(700)])


def test_all_twenty_two_kinds_of_the_editor_are_known():
    assert len(KNOWN | REFUSED) == 22


def test_a_form_with_errors_is_not_deployed(app):
    bad = json.dumps({"type": "default", "components": [{**TEXT, "label": ""}]})
    with pytest.raises(Refused) as told:
        deploy.deploy([("x.form", bad.encode())], by="zhouning")
    assert [finding.code for finding in told.value.findings] == ["form.label"]
