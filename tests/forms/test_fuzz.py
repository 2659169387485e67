"""Whatever a browser sends, the judge answers; whatever a file holds, the reader answers."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine import forms
from tests.forms.conftest import SAMPLES

NAMES = [
    "customer.name", "customer.kind", "amount", "share", "people", "from_on", "at", "clock",
    "agreed", "level", "tags", "areas", "city", "owner", "parent_no", "papers", "remark",
    "contacts[0].name", "contacts[1].mobile", "contacts[0]._row", "contacts[3].consent",
    "contacts[0].birthday", "contacts[", "a.b.c", "customer.", "[0]", "contacts[0][1]", "",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=40), st.text(alphabet=string.digits + ".,-+eE/:T%¥ ", max_size=20),
    st.sampled_from(["true", "2026-03-10", "企业", "a", "CU-1", "\x00", "\ud800", "9" * 400]),
)  # fmt: skip
PAIRS = st.lists(
    st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=20)), TEXTS), max_size=25
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["customer", "name", "contacts", "amount", "tags", "from_on", "papers", "id", "x"]
    ), inner, max_size=4), max_leaves=12,
)  # fmt: skip
quick = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture
def every(app):
    return forms.load((SAMPLES / "every.form").read_bytes(), "every.form")


@quick
@given(pairs=PAIRS, context=JSON, outcome=st.sampled_from(["approve", "return", None, "x"]))
def test_posted_texts_never_break_the_judge(every, directory, pairs, context, outcome):
    before = context if isinstance(context, dict) else {}
    kept = repr(before)
    found = forms.judge(every, pairs, None, before, outcome, directory=directory)
    assert found.errors or found.values
    assert not (found.errors and found.values)
    assert repr(before) == kept
    forms.view(every, before, pairs, found.errors, directory=directory)


@quick
@given(values=JSON, context=JSON)
def test_values_of_a_program_never_break_the_judge(every, values, context):
    given_values = values if isinstance(values, dict) else {"customer": values}
    found = forms.judge_values(
        every, given_values, None, context if isinstance(context, dict) else {}, "approve"
    )
    assert found.errors


@quick
@given(broken=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(
        ["textfield", "number", "dynamiclist", "group", "=a+", "=1", "expression", "select"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "key", "id", "label", "components", "path", "values", "validate", "properties",
         "conditional", "hide", "min", "pattern", "layout", "columns", "expression", "value",
         "required", "error", "defaultValue", "readonly", "increment", "decimalDigits", "text"]
    ), inner, max_size=6), max_leaves=20))  # fmt: skip
def test_no_file_breaks_the_reader(app, broken):
    text = json.dumps({"type": "default", "components": [broken]})
    assert isinstance(forms.check(text, "x.form"), list)
