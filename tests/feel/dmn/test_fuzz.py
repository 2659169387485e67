"""Whatever a file or its data look like: an answer, null, or the package's own error, and soon."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app import feel
from app.feel import dmn
from tests import effort

from .conftest import decision, file, literal, table
from .test_graph import DATA, MODEL, needs

RICH = file(
    '<itemDefinition name="tX"><itemComponent name="a b"><typeRef>number</typeRef></itemComponent>'
    "</itemDefinition>",
    DATA.format("x", "tX"), DATA.format("y", "number"), MODEL,
    decision(table("COLLECT", ["y", "x.a b"], ["o"], ["> 1; - | 5", '[1..3]; not(2) | y'],
                   aggregation="SUM", values="1,5"), "low", needs(inputs=("x", "y"))),
    decision(f"<context><contextEntry><variable name=\"f\"/>{literal('low * 2')}</contextEntry>"
             f"<contextEntry>{literal('net price(f, 0.1) + y')}</contextEntry></context>",
             "top", needs("low", inputs=("y",), knowledge=("k",)), "number"),
    '<decisionService id="s" name="s"><outputDecision href="#top"/>'
    '<inputDecision href="#low"/><inputData href="#y"/></decisionService>',
)  # fmt: skip
WORDS = ["", "-", "1", "null", "?", "x", "]", "COLLECT", "C+", "tX", "number", "#top", "#k", "s(1, 2)",
         "for i in 1..9999999 return i", "net price", "[1..", "not(", "@\"P1D\"", "FIRST"]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
    st.just(Decimal("Infinity")), st.dates(), st.times(), st.just(dt.timedelta(days=1)),
    st.just(object()), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["a b", "z"]), st.one_of(st.integers(), st.none())),
)  # fmt: skip


def broken(data: st.DataObject) -> bytes:
    """The rich file with a few elements removed, moved, or given another text or attribute."""
    root = etree.fromstring(RICH)
    for _ in range(data.draw(st.integers(0, 4))):
        elements = list(root.iter())
        one = elements[data.draw(st.integers(0, len(elements) - 1))]
        match data.draw(st.sampled_from(["remove", "text", "attribute", "move"])):
            case "remove" if one is not root:
                one.getparent().remove(one)
            case "text":
                one.text = data.draw(st.sampled_from(WORDS))
            case "attribute" if one.attrib:
                name = data.draw(st.sampled_from(sorted(one.attrib)))
                one.set(name, data.draw(st.sampled_from(WORDS)))
            case "move" if one is not root:
                root.append(one)
    return etree.tostring(root)


@settings(max_examples=300)
@given(st.data(), VALUES, VALUES, st.booleans())
def test_nothing_but_the_package_s_own_error_comes_out(data, x, y, lenient):
    xml = broken(data)
    try:
        model = dmn.load(xml, lenient=lenient)
    except dmn.DmnError as error:
        assert error.message
        assert error.message_en
        return
    for found in model.decisions.values():
        found.findings()
        trace = found.trace({"x": x, "y": y})
        trace.to_dict()
        try:
            value = found.evaluate({"x": x, "y": y})
        except feel.FeelError as error:
            assert error.message
        else:
            assert trace.error is not None or trace.result == value


def test_doubling_recursion_ends_soon():
    body = (
        f'<context><contextEntry><variable name="f"/><functionDefinition><formalParameter name="n"/>'
        f"{literal('if n < 2 then 1 else f(n - 1) + f(n - 2)')}</functionDefinition></contextEntry>"
        f"<contextEntry>{literal('f(36)')}</contextEntry></context>"
    )
    for lenient in (False, True):
        found = dmn.load(file(decision(body)), lenient=lenient).decisions["d"]
        with effort.stopped_soon(60), pytest.raises(feel.FeelError):
            found.evaluate({})
