"""One BPMN file as the rules look at it: nodes by id, their scope, the flows between them."""

from collections.abc import Iterator
from functools import cached_property

from lxml import etree

from app.engine.findings import ERROR, Finding
from app.engine.read import bpmn, camunda, local

SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
TASKS = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
    }
)
ACTIVITIES = TASKS | {"callActivity", "subProcess", "transaction", "adHocSubProcess"}
GATEWAYS = frozenset(
    {
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "eventBasedGateway",
        "complexGateway",
    }
)
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
NODES = ACTIVITIES | GATEWAYS | EVENTS
# a token rests here until somebody or something outside goes on
WAITS = frozenset({"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"})


class Flow:
    """A sequence flow; `source` and `target` are None when they lead nowhere."""

    def __init__(self, element: etree._Element, nodes: dict[str, "Node"]) -> None:
        self.element, self.id = element, element.get("id")
        self.source = nodes.get(element.get("sourceRef", ""))
        self.target = nodes.get(element.get("targetRef", ""))
        condition = element.find(bpmn("conditionExpression"))
        self.condition = (condition.text or "").strip() if condition is not None else None


class Node:
    """A flow node, its place and its flows."""

    def __init__(self, element: etree._Element) -> None:
        self.element, self.kind, self.id = element, local(element) or "", element.get("id")
        self.name = element.get("name")
        self.incoming: list[Flow] = []
        self.outgoing: list[Flow] = []

    @property
    def scope(self) -> etree._Element:
        """The process or sub-process that holds it."""
        return self.element.getparent()

    @cached_property
    def definitions(self) -> list[tuple[str, etree._Element]]:
        """[(kind, event definition element)] of an event: `message`, `timer`, …"""
        return [
            (tag.removesuffix("EventDefinition"), child)
            for child in self.element
            if (tag := local(child)) and tag.endswith("EventDefinition")
        ]

    @property
    def triggers(self) -> set[str]:
        """The kinds of its event definitions; empty for a none event."""
        return {kind for kind, _element in self.definitions}

    @property
    def is_event_subprocess(self) -> bool:
        return self.element.get("triggeredByEvent") == "true"

    @property
    def is_handler(self) -> bool:
        """Runs only to undo another activity."""
        return self.element.get("isForCompensation") == "true"

    @property
    def default(self) -> str | None:
        return self.element.get("default")

    def attribute(self, name: str) -> str | None:
        """A camunda: attribute, stripped; None when absent or blank."""
        value = self.element.get(camunda(name))
        return value.strip() or None if value else None

    @property
    def properties(self) -> dict[str, str]:
        """Its camunda:properties that have a name."""
        steps = f"{camunda('properties')}/{camunda('property')}"
        found = self.element.findall(f"{bpmn('extensionElements')}/{steps}")
        return {item.get("name", ""): (item.get("value") or "").strip() for item in found}

    @cached_property
    def loops(self) -> list[tuple[str, etree._Element]]:
        """[("multiInstanceLoopCharacteristics" or "standardLoopCharacteristics", element)]."""
        return [
            (tag, child)
            for child in self.element
            if (tag := local(child)) and tag.endswith("LoopCharacteristics")
        ]

    @property
    def loop(self) -> tuple[str, etree._Element] | None:
        """The one loop a step may have."""
        return self.loops[0] if self.loops else None


class Drawing:
    """A file's executable processes. A process that is marked not executable is only drawn."""

    def __init__(self, file: str, root: etree._Element) -> None:
        self.file, self.root = file, root
        self.processes = [
            process
            for process in root.iter(bpmn("process"))
            if process.get("isExecutable") != "false"
        ]
        self.nodes = {
            node.get("id", ""): Node(node)
            for process in self.processes
            for node in process.iter(etree.Element)
            if local(node) in NODES
        }
        self.flows = [
            Flow(element, self.nodes)
            for process in self.processes
            for element in process.iter(bpmn("sequenceFlow"))
        ]
        for flow in self.flows:
            if flow.source and flow.target:
                flow.source.outgoing.append(flow)
                flow.target.incoming.append(flow)

    @cached_property
    def definitions(self) -> dict[str, etree._Element]:
        """Messages, signals, errors and escalations by id."""
        tags = {bpmn(tag) for tag in ("message", "signal", "error", "escalation")}
        return {child.get("id", ""): child for child in self.root if child.tag in tags}

    @cached_property
    def boundaries(self) -> dict[str, list[Node]]:
        """{activity id: its boundary events}."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.kind == "boundaryEvent":
                found.setdefault(node.element.get("attachedToRef", ""), []).append(node)
        return found

    def of_kind(self, *kinds: str) -> Iterator[Node]:
        """Nodes whose tag is among `kinds`."""
        return (node for node in self.nodes.values() if node.kind in kinds)

    def scopes(self) -> Iterator[etree._Element]:
        """Every process and sub-process."""
        yield from self.processes
        for node in self.of_kind("subProcess", "transaction", "adHocSubProcess"):
            yield node.element

    def inside(self, scope: etree._Element) -> list[Node]:
        """The nodes directly in a scope."""
        return [self.nodes[child.get("id", "")] for child in scope if local(child) in NODES]

    def finding(
        self,
        element: etree._Element | Node | Flow,
        code: str,
        message: str,
        remedy: str,
        severity: str = ERROR,
    ) -> Finding:
        """A finding at an element of this file."""
        at = element if isinstance(element, etree._Element) else element.element
        return Finding(
            self.file,
            code,
            message,
            remedy,
            at.get("id"),
            at.get("name"),
            at.sourceline or 0,
            severity,
        )
