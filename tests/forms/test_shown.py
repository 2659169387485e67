"""Every form of the product shows amounts as amounts, and words in the reader's language.

What the forms show of real cases is held by the flow tests (`tests/flows/shown.py`).
"""

import re
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.engine import forms
from app.engine.forms import component

FILES = sorted((Path(__file__).resolve().parent.parent.parent / "forms").glob("*.form"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NO_WORD = re.compile(
    r"[A-D]{1,3}|[0-9 .+%-]+|[A-Z]{2,6}[0-9-]*"
)  # a grade, a figure, an abbreviation
# what holds such a key is an amount; days, scores, counts and shares are not
AMOUNT = re.compile(
    r"(^|_)(amount|price|balance|fee|budget|freight|discount|total|cost|limit)$|^m1?\d$"
)
FIGURE = re.compile(AMOUNT.pattern + r"|(^|_)(qty|rate|gap|target|actual|floor|margin)$")
TEXTS = {
    ("campaign_summary", "actual"),
    ("campaign_summary", "rate"),
    ("dunning", "amount"),
}  # mixed rows, told as text


def read(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes())


def components(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in raw.get("components", ()):
        yield one
        yield from components(one)


def properties(one: dict[str, Any]) -> dict[str, Any]:
    return one.get("properties", {})


each_form = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@each_form
def test_every_number_says_what_it_is(path: Path):
    for one in components(read(path)):
        if one["type"] in ("number", "expression"):
            style = properties(one).get("format")
            assert style in component.FORMATS or "decimalDigits" in one, one["key"]
            if AMOUNT.search(one["key"]):
                assert style in component.FORMATS, one["key"]


@each_form
def test_a_table_hands_its_figures_over_as_numbers(path: Path):
    for one in components(read(path)):
        if one["type"] != "table":
            continue
        assert "string(" not in one["dataSource"], one["label"]
        formats = dict(part.split("=") for part in properties(one).get("formats", "").split())
        for column in one["columns"]:
            if FIGURE.search(column["key"]) and (path.stem, column["key"]) not in TEXTS:
                assert column["key"] in formats, (one["label"], column["key"])


@each_form
def test_every_label_and_choice_is_a_word(path: Path):
    for one in components(read(path)):
        labels = [one.get("label", "")] + [item["label"] for item in one.get("values", ())]
        labels += [column["label"] for column in one.get("columns", ())]
        for text in labels:
            assert not text or text.startswith("=") or CHINESE.search(text) or (
                NO_WORD.fullmatch(text)
            ), (one["id"], text)  # fmt: skip


def cells(formats: str, row: dict[str, Any]) -> list[str]:
    raw = {"components": [{
        "type": "table", "id": "t", "label": "明细", "dataSource": "=rows",
        "columns": [{"key": key, "label": key} for key in row], "properties": {"formats": formats},
    }]}  # fmt: skip
    drawn = forms.view(forms.load(orjson.dumps(raw)), {"rows": [row]})
    return drawn.sections[0].fields[0].cells[0]


def test_a_table_shows_each_column_in_its_format():
    row = {"amount": D("1234567.5"), "price": D("12000"), "qty": D("2.500"), "rate": D("0.13"),
           "none": None, "word": "同意"}  # fmt: skip
    shown = cells("amount=money price=price qty=qty rate=rate none=money", row)
    assert shown == ["1,234,567.50", "12,000.00", "2.5", "13%", "–", "同意"]


@pytest.mark.parametrize(
    ("formats", "code"), [("b=money", "formats.column"), ("a=euro", "format"), ("a", "format")]
)
def test_a_format_that_does_not_exist_is_refused(formats: str, code: str):
    raw = {"components": [{
        "type": "table", "id": "t", "label": "明细", "dataSource": "=rows",
        "columns": [{"key": "a", "label": "金额"}], "properties": {"formats": formats},
    }]}  # fmt: skip
    assert code in {found.code.removeprefix("form.") for found in forms.check(orjson.dumps(raw))}
