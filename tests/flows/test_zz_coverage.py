"""Every element of the flows is taken by some test of this folder; runs last."""

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


@pytest.mark.parametrize(("process_id", "elements"), flows(), ids=lambda value: str(value)[:14])
def test_every_element_was_taken(request: pytest.FixtureRequest, process_id: str, elements: set):
    name = process_id.removeprefix("p_").replace("-", "_")
    played = {Path(item.fspath).stem for item in request.session.items}
    if f"test_{name}" not in played:
        pytest.skip("only some of the flows were played")
    assert not sorted(coverage.missing(process_id, elements))
