"""English complete, beyond the code: what the files of flows, forms and tables say to people."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from lxml import etree

from app.engine.forms import rules
from tests.test_translations import ROOT, is_chinese, texts_in_english

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
UNSAID = ("id", "key", "schemaVersion", "path")  # never shown


def said(text: str) -> Iterator[str]:
    """The words of a text; of an expression those that it may give."""
    if text.startswith("=") or "{{" in text:
        parts = re.findall(r"\{\{(.+?)\}\}", text, re.S) if "{{" in text else [text]
        for part in parts:
            for quoted in QUOTED.findall(part):
                yield quoted.replace('\\"', '"').replace("\\n", "\n")
    else:
        yield text


def of_form(value: Any) -> Iterator[str]:
    """Every text of a form that people may read."""
    if isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str) and name not in UNSAID:
                yield from said(one)
                if "{{" in one:
                    yield one
            else:
                yield from of_form(one)
    elif isinstance(value, list):
        for one in value:
            yield from of_form(one)


def of_drawing(path: Path) -> Iterator[str]:
    """Names, labels and explanations of a flow; of a table also the words in its cells."""
    for node in etree.parse(path).iter():
        if not isinstance(node.tag, str):
            continue
        for name in ("name", "label"):
            yield node.get(name) or ""
        local = etree.QName(node).localname
        text = (node.text or "").strip()
        if local == "documentation" or (local == "text" and path.suffix == ".bpmn"):
            yield text
        elif local == "text":
            yield from QUOTED.findall(text)


def missing(path: Path, texts: Iterator[str], english: set[str]) -> set[str]:
    return {
        f"{path.name}: {text}"
        for text in texts
        if is_chinese(text) and "${" not in text and text not in english
    }


def test_every_form_flow_and_table_speaks_english():
    english, found = texts_in_english(), set()
    for path in sorted((ROOT / "forms").glob("*.form")):
        found |= missing(path, of_form(json.loads(path.read_text())), english)
    for pattern in ("*.bpmn", "*.dmn"):
        for path in sorted((ROOT / "processes").glob(f"*/{pattern}")):
            found |= missing(path, of_drawing(path), english)
    assert not found, "\n".join(sorted(found))


def test_a_word_that_is_not_translated_is_found():
    form = {
        "components": [
            {"label": "顺序", "properties": {"error": '=if a then "没有\\n译" else null'}}
        ]
    }
    assert set(of_form(form)) == {"顺序", "没有\n译"}
    assert missing(Path("x.form"), of_form(form), {"顺序"}) == {"x.form: 没有\n译"}


def test_a_rule_of_a_form_answers_in_the_readers_language_and_keeps_its_figure(app):
    with app.test_request_context(), force_locale("en"):
        assert rules.in_words("最多还能发 10") == "Still to send at most: 10"
        assert rules.in_words("至少有一行要发货") == "At least one line must be sent"
        assert rules.in_words("100 以内") == "100 以内"
