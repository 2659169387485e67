"""Rewrites legal shorthand into the explicit form that the parser reads. The owner's file is not
touched: only the tree in memory.

What is rewritten: missing ids, QName references, link events, scopes without a start event. What
cannot be executed at all is a finding. The rest of BPMN's shorthand (implicit splits and ends,
conditions on flows of activities, abstract tasks) is executed as it is drawn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lxml import etree

from app.engine.findings import Finding
from app.engine.read import bpmn, elements, local
from app.i18n import _

ACTIVITIES = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
        "transaction",
    }
)
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateThrowEvent", "intermediateCatchEvent", "boundaryEvent"}
)
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"}
)
NODES = ACTIVITIES | EVENTS | GATEWAYS
SCOPES = frozenset({"process", "subProcess", "transaction"})
REFUSED = frozenset(
    {"complexGateway", "adHocSubProcess", "callChoreography", "subChoreography", "choreographyTask"}
)
DEEPEST = 20
_NAMED = NODES | SCOPES | REFUSED | {"sequenceFlow"}
_REFERENCES = (
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "activityRef",
    "attachedToRef",
    "sourceRef",
    "targetRef",
    "default",
    "calledElement",
    "dataStoreRef",
)


@dataclass(slots=True)
class Normalised:
    """The tree as the parser wants it, what was rewritten (element id, what), and what cannot be
    executed.
    """

    file: str
    root: etree._Element
    changes: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def refuse(self, node: etree._Element, code: str, message: str, remedy: str) -> None:
        self.findings.append(
            Finding(
                self.file,
                code,
                message,
                remedy,
                node.get("id"),
                node.get("name"),
                node.sourceline or 0,
            )
        )

    def changed(self, node: etree._Element, what: str) -> None:
        self.changes.append((node.get("id", ""), what))


def normalise(root: etree._Element, file: str) -> Normalised:
    """The same tree, made explicit in place. Only processes that are executable are looked at."""
    made = Normalised(file, root)
    _references(root)
    _ids(made)
    for tag, node in list(elements(root)):
        if tag == "process" and node.get("isExecutable") != "false":
            _process(made, node)
    return made


def _process(made: Normalised, process: etree._Element) -> None:
    for tag, node in list(elements(process)):
        if tag in REFUSED:
            made.refuse(node, f"element.{tag}", _("不支持元素 %(tag)s。", tag=tag), _remedy(tag))
        elif tag in SCOPES:
            _scope(made, node)


def _remedy(tag: str) -> str:
    if tag == "complexGateway":
        return _("请改用排他、包容或并行网关。")
    if tag == "adHocSubProcess":
        return _("请改用普通子流程，用包容网关或可选的人工任务表示“可做可不做”。")
    return _("请改用流程图（Process）中的任务。")


def _scope(made: Normalised, scope: etree._Element) -> None:
    if sum(local(above) in SCOPES for above in scope.iterancestors()) > DEEPEST:
        made.refuse(
            scope,
            "scope.deep",
            _("子流程嵌套超过 %(n)s 层。", n=DEEPEST),
            _("请把内层改成被调用的流程（call activity）。"),
        )
        return
    _links(made, scope)
    _implicit_start(made, scope)
    _flows(made, scope)


def _references(root: etree._Element) -> None:
    """`messageRef="tns:x"` means the x of this file."""
    for _tag, node in elements(root):
        for key in _REFERENCES:
            value = node.get(key)
            if value is not None:
                prefix, colon, rest = value.strip().partition(":")
                node.set(key, rest if colon and prefix in node.nsmap else value.strip())
        if node.get("id") is not None:
            node.set("id", node.get("id").strip())


def _ids(made: Normalised) -> None:
    named = [node for tag, node in elements(made.root) if tag in _NAMED]
    taken = {node.get("id") for node in named}
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    for node in named:
        id = node.get("id")
        if id in seen:
            made.refuse(
                node,
                "id.twice",
                _("编号 %(id)s 在文件中出现了多次。", id=id),
                _("请给每个元素不同的编号。"),
            )
        if id and id not in seen:
            seen.add(id)
            continue
        tag = local(node) or ""
        new = id
        while not new or new in taken:
            counts[tag] += 1
            new = f"{tag}_{counts[tag]}"
        taken.add(new)
        node.set("id", new)
        made.changed(node, "id")


def _links(made: Normalised, scope: etree._Element) -> None:
    """A link throw is a flow to the link catch of the same name; both become events that pass."""
    catches: dict[str, etree._Element] = {}
    throws = []
    for node in scope:
        link = node.find(bpmn("linkEventDefinition")) if local(node) in EVENTS else None
        if link is None:
            continue
        name = (link.get("name") or link.findtext(bpmn("target")) or "").strip()
        if local(node) in ("startEvent", "boundaryEvent"):
            continue  # the checks say that this cannot be
        node.remove(link)
        if not name:
            made.refuse(
                node, "link.name", _("链接事件没有名称。"), _("给成对的链接事件写上同一个名称。")
            )
        if local(node) != "intermediateCatchEvent":
            throws.append((name, node))
        elif name in catches:
            made.refuse(
                node,
                "link.twice",
                _("有两个链接捕获事件叫“%(name)s”。", name=name),
                _("请让每个链接捕获事件的名称不同。"),
            )
        else:
            catches[name] = node
        node.tag = bpmn("intermediateThrowEvent")
    for name, node in throws:
        if name not in catches:
            made.refuse(
                node,
                "link.nowhere",
                _("没有名为“%(name)s”的链接捕获事件。", name=name),
                _("请在同一层画一个同名的链接捕获事件。"),
            )
            continue
        if any(
            f.get("sourceRef") == node.get("id") for f in scope.iterchildren(bpmn("sequenceFlow"))
        ):
            made.refuse(
                node,
                "link.exit",
                _("链接抛出事件跳到“%(name)s”，后面的连线不会走。", name=name),
                _("删掉这条连线，或者换成别的中间事件。"),
            )
        _flow(scope, f"{node.get('id')}.link", node.get("id"), catches[name].get("id"))
        made.changed(node, "link")


def _implicit_start(made: Normalised, scope: etree._Element) -> None:
    """A scope without start event begins with every node that nothing leads to."""
    nodes = [node for node in scope if local(node) in NODES]
    if not nodes or any(local(node) == "startEvent" for node in nodes):
        return
    targets = {flow.get("targetRef") for flow in scope.iterchildren(bpmn("sequenceFlow"))}
    first = [
        node
        for node in nodes
        if node.get("id") not in targets
        and local(node) != "boundaryEvent"
        and node.get("isForCompensation") != "true"
        and node.get("triggeredByEvent") != "true"
    ]
    start = f"{scope.get('id')}.start"
    etree.SubElement(scope, bpmn("startEvent"), id=start)
    for node in first:
        _flow(scope, f"{start}.{node.get('id')}", start, node.get("id"))
    made.changed(scope, "start")


def _flow(scope: etree._Element, id: str, source: str, target: str) -> None:
    etree.SubElement(scope, bpmn("sequenceFlow"), id=id, sourceRef=source, targetRef=target)


def _flows(made: Normalised, scope: etree._Element) -> None:
    """A flow joins two nodes of its own scope; any other is refused and left out."""
    here = {node.get("id") for node in scope if local(node) in NODES or local(node) in REFUSED}
    for flow in list(scope.iterchildren(bpmn("sequenceFlow"))):
        missing = [flow.get(end) for end in ("sourceRef", "targetRef") if flow.get(end) not in here]
        if missing:
            made.refuse(
                flow,
                "flow.end",
                _("连线的一端 %(ids)s 不在这一层流程里。", ids="、".join(str(m) for m in missing)),
                _("请把连线接到同一流程（或同一子流程）里的元素；泳池之间请用消息流。"),
            )
            scope.remove(flow)
