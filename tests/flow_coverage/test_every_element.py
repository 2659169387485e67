"""Every element of every flow was taken by some test of tests/flows."""

from pathlib import Path

import pytest
from lxml import etree

from app.engine.read import bpmn, diagram
from tests.flows import coverage

ROOT = Path(__file__).resolve().parent.parent.parent / "processes"
NODES = (
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "userTask", "serviceTask", "businessRuleTask", "scriptTask", "sendTask", "receiveTask",
    "callActivity", "subProcess", "exclusiveGateway", "parallelGateway", "inclusiveGateway",
    "eventBasedGateway",
)  # fmt: skip

# what no test can take, and why
REASONS = {
    ("p_051_01_04", "restore_credit"): "undoes credit.apply; no step of the flow itself throws the "
    "compensation (the catalogue names none); played in tests/handlers/test_credit_restore.py",
    **dict.fromkeys(
        (
            ("p_051_03_07", "undo_post"),
            ("p_051_03_08", "reverse"),
            ("p_051_03_09", "reverse"),
            ("p_051_03_10", "reverse"),
            ("p_051_03_10", "reverse_offset"),
        ),
        "undoes a booking; a call activity hands no compensation to its caller and no step of the "
        "flow throws one; played in tests/handlers/test_money.py",
    ),
}


def flows() -> list[tuple[str, set[str]]]:
    found = []
    for path in sorted(ROOT.rglob("*.bpmn")):
        root = diagram(path.name, path.read_bytes())
        for process in root.iter(bpmn("process")):
            found.append((process.get("id"), _elements(process)))
    return found


def _elements(process: etree._Element) -> set[str]:
    nodes = [node for tag in NODES for node in process.iter(bpmn(tag))]
    # a compensation boundary only marks what undoes its activity; no token passes it
    return {node.get("id") for node in nodes if node.find(bpmn("compensateEventDefinition")) is None
            or node.tag != bpmn("boundaryEvent")}  # fmt: skip


@pytest.fixture(scope="module")
def taken() -> dict[str, set[str]]:
    return coverage.read()


@pytest.mark.parametrize(("process_id", "elements"), flows(), ids=lambda value: str(value)[:14])
def test_every_element_was_taken(taken: dict[str, set[str]], process_id: str, elements: set[str]):
    known = {element for process, element in REASONS if process == process_id}
    assert not sorted(elements - taken.get(process_id, set()) - known)
    assert known <= elements
