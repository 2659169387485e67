"""Files -> definitions, on SpiffWorkflow's parser: BpmnParser keeps a file's tables (messages,
errors, ...), ProcessParser indexes a scope, TaskParser reads a node. Only how nodes are found
and connected is ours: every node of a scope, flat.
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser

from app.engine import expression, read
from app.engine.findings import Finding, Unreadable
from app.engine.normalise import Normalised, normalise
from app.engine.read import bpmn, camunda, local
from app.engine.spiff import activities, extensions, nodes, reader
from app.engine.spiff.spec import Flow, Lane, ProcessSpec, ScopeSpec
from app.i18n import _

_LANGUAGES = ("feel", "juel", "el")  # a URL of FEEL ends so too


def parse(files: list[tuple[str, bytes]]) -> dict[str, ProcessSpec]:
    """{process id: definition} of the executable processes of files that are deployed together.

    Raises `Unreadable` with the findings of all files.
    """
    findings: list[Finding] = []
    made: dict[str, ProcessSpec] = {}
    for name, data in files:
        try:
            found = diagram(normalise(read.diagram(name, data), name))
        except Unreadable as error:
            findings += error.findings
            continue
        for id, spec in found.items():
            if id in made:
                findings.append(
                    Finding(
                        name,
                        "process.twice",
                        _("流程编号 %(id)s 也在 %(file)s 中。", id=id, file=made[id].file),
                        _("请给每个流程不同的编号。"),
                        id,
                    )
                )
            made.setdefault(id, spec)
    if findings:
        raise Unreadable(*findings)
    return made


def diagram(normal: Normalised) -> dict[str, ProcessSpec]:
    """The definitions of one normalised file; `Unreadable` with everything that could not be read."""
    if any(finding.code == "scope.deep" for finding in normal.findings):
        raise Unreadable(*normal.findings)
    parser = Parser(normal)
    parser.add_bpmn_xml(normal.root, normal.file)
    made = {id: parser.get_spec(id) for id in parser.get_process_ids()}
    if parser.findings:
        raise Unreadable(*parser.findings)
    for spec in made.values():
        spec.rewritten = normal.changes
    return made


class ScopeReader(ProcessParser):
    """The inside of a process or sub-process."""

    def create_spec(self) -> ScopeSpec:
        kind = ProcessSpec if local(self.node) == "process" else ScopeSpec
        spec = kind(self.bpmn_id, self.get_name(), self.filename)
        spec.start = nodes.Root(spec, "(scope)")
        if isinstance(spec, ProcessSpec):
            spec.attributes, spec.properties = (
                extensions.attributes(self.node),
                extensions.properties(self.node),
            )
            spec.version_tag = spec.attributes.get("versionTag")
            spec.documentation = (self.node.findtext(bpmn("documentation")) or "").strip() or None
        return spec

    def parse_data_object(self, obj: etree._Element) -> Any:
        """Drawings only: the name is enough."""
        return self.create_data_spec(obj, _DataObject)

    def parse_io_spec(self) -> None:
        return None

    def add_tasks(self) -> None:
        """All nodes, then all flows, then all boundary events: nothing is left out because nothing
        leads to it.
        """
        for node in self.node:
            if self.parser._get_parser_class(node.tag)[0]:
                self.parse_node(node)
        for node in self.node:
            tag = local(node)
            if tag == "sequenceFlow":
                self._connect(node)
            elif tag == "boundaryEvent":
                self._attach(node)

    def parse_node(self, node: etree._Element) -> nodes.Node:
        read_by, kind = self.parser._get_parser_class(node.tag)
        if node.get("triggeredByEvent") == "true":
            kind = activities.EventSubProcess
        return read_by(self, kind, node, self.nsmap, lane="").parse_node()

    def _connect(self, node: etree._Element) -> None:
        specs = self.spec.task_specs
        source, target = specs.get(node.get("sourceRef")), specs.get(node.get("targetRef"))
        if source is None or target is None:
            return  # one end is an element that is refused; said by normalise
        text = (node.findtext(bpmn("conditionExpression")) or "").strip()
        default = self._default_of(source) == node.get("id")
        source.add_flow(
            Flow(node.get("id"), target.name, self._condition(node, text)), target, default
        )

    def _default_of(self, source: nodes.Node) -> str | None:
        node = self.get_node_by_id(source.name)
        return node.get("default") if node is not None else None

    def _condition(self, node: etree._Element, text: str) -> Any:
        element = node.find(bpmn("conditionExpression"))
        language = (
            (element.get("language") or "").lower().rstrip("/") if element is not None else ""
        )
        if text and language and not language.endswith(_LANGUAGES):
            self.complain(
                node,
                "script.language",
                _("条件使用了脚本语言 %(language)s。", language=language),
                _("请改用表达式 ${…}。"),
            )
            return None
        if element is not None and element.get(camunda("resource")):
            self.complain(
                node, "script.language", _("条件引用了外部脚本。"), _("请改用表达式 ${…}。")
            )
            return None
        try:
            return expression.condition(text) if text else None
        except expression.Bad as error:
            self.complain(node, "expression", str(error), _("请更正连线上的条件。"))
            return None

    def _attach(self, node: etree._Element) -> None:
        specs = self.spec.task_specs
        event, host = specs[node.get("id")], specs.get(node.get("attachedToRef"))
        if not isinstance(host, activities.Activity):
            self.complain(
                node,
                "boundary.host",
                _("边界事件没有附在任何活动上。"),
                _("请把它拖到一个任务或子流程的边框上。"),
            )
        elif event.trigger.kind != "compensate":
            host.boundaries.append(event)
        else:
            handler = self._handler_of(event.name)
            if handler in specs:
                host.undo = handler
            else:
                self.complain(
                    node,
                    "compensation.handler",
                    _("补偿事件没有连到补偿活动。"),
                    _("请用关联线（虚线）把它连到一个补偿任务。"),
                )

    def _handler_of(self, event: str) -> str | None:
        for link in self.document_root.iter(bpmn("association")):
            if link.get("sourceRef") == event:
                return link.get("targetRef")
            if link.get("targetRef") == event and link.get("associationDirection") != "One":
                return link.get("sourceRef")
        return None

    def complain(self, node: etree._Element, code: str, message: str, remedy: str) -> None:
        self.parser.findings.append(
            Finding(
                self.filename,
                code,
                message,
                remedy,
                node.get("id"),
                node.get("name"),
                node.sourceline or 0,
            )
        )


class _DataObject:
    """A data object of the drawing."""

    def __init__(self, bpmn_id: str, bpmn_name: str | None = None, *_rest: Any) -> None:
        self.bpmn_id, self.bpmn_name = bpmn_id, bpmn_name


class Parser(BpmnParser):
    """One file."""

    PROCESS_PARSER_CLASS = ScopeReader
    PARSER_CLASSES = reader.PARSERS

    def __init__(self, normal: Normalised) -> None:
        super().__init__()
        self.findings = list(normal.findings)
        self.lanes = extensions.lanes(normal.root)

    def lane_of(self, node: etree._Element) -> Lane | None:
        """The lane of an element, or of the sub-process around it."""
        while node is not None:
            lane = self.lanes.get(node.get("id"))
            if lane is not None:
                return lane
            node = node.getparent()
        return None

    # Spiff refuses a whole file for a data store or a correlation property that it does not
    # know; they are drawings here

    def _add_data_stores(self, bpmn: etree._Element) -> None:
        pass

    def _add_correlations(self, bpmn: etree._Element) -> None:
        pass

    def _add_diagram_indexes(self, bpmn: etree._Element) -> None:
        pass

    def _add_messages(self, bpmn: etree._Element) -> None:
        self.messages = self._table(bpmn, "message", lambda node: node.get("name"))

    def _add_signals(self, bpmn: etree._Element) -> None:
        self.signals = self._table(bpmn, "signal", lambda node: node.get("name"))

    def _add_errors(self, bpmn: etree._Element) -> None:
        self.errors = self._table(
            bpmn, "error", lambda n: {"name": n.get("name"), "error_code": n.get("errorCode")}
        )

    def _add_escalations(self, bpmn: etree._Element) -> None:
        self.escalations = self._table(
            bpmn,
            "escalation",
            lambda n: {"name": n.get("name"), "escalation_code": n.get("escalationCode")},
        )

    def _table(self, root: etree._Element, tag: str, value: Any) -> dict[str, Any]:
        """Declared once at the top of the file; those without an id cannot be meant by anyone."""
        return {node.get("id"): value(node) for node in root.iter(bpmn(tag)) if node.get("id")}
