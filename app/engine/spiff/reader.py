"""One flow node of the XML as a node of the definition, with its triggers, loop, mappings and
attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser

from app.engine import expression
from app.engine.findings import Finding
from app.engine.read import bpmn, local
from app.engine.spiff import activities, events, extensions, machines, nodes, triggers
from app.engine.spiff.spec import NOTHING, Loop
from app.i18n import _

TRUE = extensions.TRUE


class NodeReader(TaskParser):
    """Spiff's parser of one element; what it cannot read becomes a finding and a harmless gap, so
    that all are found at once.
    """

    @property
    def bpmn_attributes(self) -> dict[str, Any]:
        """Without Spiff's resolving of data associations, which can look up parents for ever;
        variables replace data objects.
        """
        return {
            "bpmn_name": self.node.get("name"),
            "lane": None,
            "documentation": self._documentation(),
        }

    def _documentation(self) -> str | None:
        return (self.node.findtext(bpmn("documentation")) or "").strip() or None

    def parse_node(self) -> nodes.Node:
        """The node, added to its scope; flows and boundary events are connected later."""
        node, tag = self.node, local(self.node)
        made = self.spec_class(self.spec, self.bpmn_id, **self.bpmn_attributes)
        made.x, made.properties = extensions.attributes(node), extensions.properties(node)
        made.line, made.triggers = node.sourceline or 0, triggers.of(self)
        made.all_needed = node.get("parallelMultiple") == TRUE
        made.lane = self.process_parser.parser.lane_of(node)
        old = made.x.get("async") == TRUE
        made.async_before, made.async_after = (
            old or made.x.get("asyncBefore") == TRUE,
            made.x.get("asyncAfter") == TRUE,
        )
        made.retries = extensions.retries(node)
        made.before = self.safely(lambda: extensions.parameters(node, "input")) or []
        made.after = self.safely(lambda: extensions.parameters(node, "output")) or []
        if tag == "startEvent":
            self.spec.entries.append(made)
        self._special(made)
        return made

    def _special(self, made: nodes.Node) -> None:
        if isinstance(made, activities.Activity):
            made.loop = self._loop()
            made.for_compensation = self.node.get("isForCompensation") == TRUE
        for kind, read in _SPECIAL:
            if isinstance(made, kind):
                read(self, made)

    # complaints

    def complain(self, code: str, message: str, remedy: str) -> None:
        """A finding about this element."""
        self.process_parser.parser.findings.append(
            Finding(
                self.filename,
                code,
                message,
                remedy,
                self.bpmn_id,
                self.node.get("name"),
                self.node.sourceline or 0,
            )
        )

    def compiled(self, compiler: Callable[[str], Any], text: str | None) -> Any:
        """The compiled text; None and a finding when it cannot be read, None for no text."""
        return self.safely(lambda: compiler(text)) if text and text.strip() else None

    def safely(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except expression.Bad as error:
            self.complain("expression", str(error), _("请更正表达式。"))
            return None

    # references

    def named(self, kind: str, ref: str | None) -> Any:
        """The compiled name of a message or signal of the file."""
        name = getattr(self.process_parser.parser, f"{kind}s").get(ref)
        if not name and kind == "message":
            self.complain(
                "message.missing",
                _("没有指明消息，或者消息没有名称。"),
                _("请在属性面板中选择一个消息并填写名称。"),
            )
        elif not name:
            self.complain(
                "signal.missing",
                _("没有指明信号，或者信号没有名称。"),
                _("请在属性面板中选择一个信号并填写名称。"),
            )
        return self.compiled(expression.template, name)

    def code(self, kind: str, ref: str | None) -> str | None:
        """The code of an error or escalation. One that is not declared is its own code, as in
        Camunda 7; no code catches all.
        """
        parser = self.process_parser.parser
        known = (parser.errors if kind == "error" else parser.escalations).get(ref)
        return ref if known is None else known[f"{kind}_code"]

    def shared_definition(self, ref: etree._Element) -> etree._Element | None:
        """The event definition that `eventDefinitionRef` means."""
        wanted = (ref.text or "").strip().rpartition(":")[2]
        for child in self.process_parser.document_root:
            if child.get("id") == wanted and local(child) in triggers.KINDS:
                return child
        self.complain(
            "event.reference",
            _("事件定义 %(id)s 不存在。", id=wanted),
            _("请在元素上直接选择事件类型。"),
        )
        return None

    # loops

    def _loop(self) -> Loop | None:
        several = self.node.find(bpmn("multiInstanceLoopCharacteristics"))
        if several is not None:
            return self._multi_instance(several)
        standard = self.node.find(bpmn("standardLoopCharacteristics"))
        return self._standard_loop(standard) if standard is not None else None

    def _multi_instance(self, node: etree._Element) -> Loop:
        item = node.find(bpmn("inputDataItem"))
        x = extensions.attributes(node)
        loop = Loop(
            "sequential" if node.get("isSequential") == TRUE else "parallel",
            self.compiled(expression.formula, node.findtext(bpmn("loopCardinality"))),
            self.compiled(
                expression.formula, x.get("collection") or node.findtext(bpmn("loopDataInputRef"))
            ),
            x.get("elementVariable")
            or (item.get("name") or item.get("id") if item is not None else None),
            self.compiled(expression.condition, node.findtext(bpmn("completionCondition"))),
            async_before=x.get("asyncBefore") == TRUE or x.get("async") == TRUE,
            async_after=x.get("asyncAfter") == TRUE,
        )
        if not loop.cardinality and not loop.collection:
            self.complain(
                "loop.empty", _("多实例没有说明要做几次。"), _("请填写次数，或者填写集合变量。")
            )
        return loop

    def _standard_loop(self, node: etree._Element) -> Loop:
        maximum = node.get("loopMaximum")
        loop = Loop(
            "standard",
            again=self.compiled(expression.condition, node.findtext(bpmn("loopCondition"))),
            test_before=node.get("testBefore") == TRUE,
            maximum=int(maximum) if maximum and maximum.isdigit() else None,
        )
        if loop.again is None and loop.maximum is None:
            self.complain(
                "loop.empty", _("循环没有条件，也没有最多次数。"), _("请填写循环条件或最多次数。")
            )
        return loop

    # kinds of nodes

    def _read_boundary(self, made: events.Boundary) -> None:
        made.interrupting = self.node.get("cancelActivity") != "false" or made.trigger.kind in (
            "error",
            "cancel",
        )

    def _read_call(self, made: activities.CallActivity) -> None:
        made.called = self.compiled(expression.template, self.node.get("calledElement"))
        if made.called is None:
            self.complain(
                "call.empty", _("调用活动没有指明被调用的流程。"), _("请填写被调用流程的编号。")
            )
        made.binding = made.x.get("calledElementBinding", "latest")
        made.version = self.compiled(expression.template, made.x.get("calledElementVersion"))
        made.ins = self.safely(lambda: extensions.carried(self.node, "in")) or ()
        made.outs = self.safely(lambda: extensions.carried(self.node, "out")) or ()
        key = extensions.business_key(self.node)
        made.same_business_key = bool(key) and "processBusinessKey" in key
        made.business_key = (
            None if made.same_business_key else self.compiled(expression.formula, key)
        )

    def _read_script(self, made: machines.ScriptTask) -> None:
        made.language = (self.node.get("scriptFormat") or "feel").lower()
        text = (self.node.findtext(bpmn("script")) or "").strip()
        if made.language in machines.SCRIPT_LANGUAGES:
            made.script = self.compiled(expression.formula, text)

    def _read_service(self, made: machines.ServiceTask) -> None:
        text = made.x.get("expression")
        made.formula = self.compiled(expression.formula, text) if text else None
        if local(self.node) == "sendTask":
            made.sends, made.triggers = made.trigger, (NOTHING,)

    def _read_rule(self, made: machines.RuleTask) -> None:
        made.decision = self.compiled(expression.template, made.x.get("decisionRef"))
        made.version = self.compiled(expression.template, made.x.get("decisionRefVersion"))
        made.binding = made.x.get("decisionRefBinding", "latest")

    def _read_user(self, made: activities.UserTask) -> None:
        made.texts = {
            key: self.compiled(expression.template, text) for key, text in made.task_texts().items()
        }

    def _read_body(self, made: activities.SubProcess) -> None:
        parser = self.process_parser.parser
        parser.create_parser(self.node, filename=self.filename)
        made.body = parser.get_spec(self.bpmn_id)

    def _read_event_subprocess(self, made: activities.EventSubProcess) -> None:
        if not made.body.entries:
            self.complain(
                "event_subprocess.start",
                _("事件子流程没有开始事件。"),
                _("请画一个带触发条件的开始事件。"),
            )
            return
        start = made.body.entries[0]
        made.triggers, start.triggers = start.triggers, (NOTHING,)
        made.all_needed = start.all_needed
        made.body.entries = [start]
        node = next((n for n in self.node if n.get("id") == start.name), None)
        made.interrupting = (
            node is None or node.get("isInterrupting") != "false" or made.trigger.kind == "error"
        )
        self.spec.event_subprocesses.append(made)


_SPECIAL: list[tuple[type, Callable[[NodeReader, Any], None]]] = [
    (events.Boundary, NodeReader._read_boundary),
    (activities.CallActivity, NodeReader._read_call),
    (machines.ScriptTask, NodeReader._read_script),
    (machines.ServiceTask, NodeReader._read_service),
    (machines.RuleTask, NodeReader._read_rule),
    (activities.UserTask, NodeReader._read_user),
    (activities.SubProcess, NodeReader._read_body),
    (activities.EventSubProcess, NodeReader._read_event_subprocess),
]

CLASSES: dict[str, type[nodes.Node]] = {
    "startEvent": events.Start,
    "endEvent": events.Throw,
    "intermediateThrowEvent": events.Throw,
    "intermediateCatchEvent": events.Catch,
    "boundaryEvent": events.Boundary,
    "exclusiveGateway": nodes.ExclusiveGateway,
    "parallelGateway": nodes.ParallelGateway,
    "inclusiveGateway": nodes.InclusiveGateway,
    "eventBasedGateway": events.EventGateway,
    "task": activities.Activity,
    "manualTask": activities.Activity,
    "userTask": activities.UserTask,
    "receiveTask": activities.ReceiveTask,
    "serviceTask": machines.ServiceTask,
    "sendTask": machines.ServiceTask,
    "businessRuleTask": machines.RuleTask,
    "scriptTask": machines.ScriptTask,
    "callActivity": activities.CallActivity,
    "subProcess": activities.SubProcess,
    "transaction": activities.SubProcess,
}
PARSERS = {bpmn(tag): (NodeReader, kind) for tag, kind in CLASSES.items()}
