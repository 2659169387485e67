"""Every decision file of the house: complete, drawn, labelled in both languages, without findings."""

import re
from pathlib import Path

import pytest
from lxml import etree

from app.feel import dmn

from .conftest import FOLDER, table

FILES = sorted(FOLDER.glob("*.dmn"))
CAMUNDA = "{http://camunda.org/schema/1.0/dmn}"
DMNDI = "{https://www.omg.org/spec/DMN/20191111/DMNDI/}"


def by_name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    text = (FOLDER / "en.po").read_text()
    return dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', text, re.MULTILINE))


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_the_file_holds_one_decision_of_its_own_name(path):
    model = dmn.load(path.read_bytes(), path.name)
    assert list(model.decisions) == [path.stem]


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_nothing_is_questionable(path):
    assert table(path.stem).findings() == []


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_it_is_drawn_and_its_ids_are_unique(path):
    root = etree.parse(path).getroot()
    shapes = [shape.get("dmnElementRef") for shape in root.iter(f"{DMNDI}DMNShape")]
    assert shapes == [path.stem]
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert root[0].get(f"{CAMUNDA}historyTimeToLive")


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_its_labels_are_chinese_and_have_an_english_text(path, english):
    decision = table(path.stem)
    assert decision.table is not None
    columns = [*decision.table.inputs, *decision.table.outputs]
    notes = [note for rule in decision.table.rules for note in rule.annotations]
    for label in [decision.name, *(column.label for column in columns), *notes]:
        assert re.search("[\u4e00-\u9fff]", label), label
        assert english.get(label), f"no English text for {label}"


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_every_rule_can_be_traced(path):
    decision = table(path.stem)
    made = decision.trace(dict.fromkeys(decision.requires))
    assert made.error is None
    assert made.why
    assert made.why_en
