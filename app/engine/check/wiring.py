"""What a flow needs around it exists: forms, tables, handlers, roles, called processes, senders."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from lxml import etree

from app.engine.check import senders
from app.engine.check.drawing import Drawing, Node
from app.engine.check.flows import reachable
from app.engine.findings import WARNING, Finding
from app.engine.read import bpmn, camunda, local
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.check import Known

Rule = Callable[[list[Drawing], "Known"], Iterator[Finding]]


def _literal(text: str | None) -> str | None:
    """The text when it is no expression."""
    return text if text and "${" not in text and not text.startswith(("=", "#{")) else None


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return _("是不是“%(name)s”？", name=close[0]) if close else ""


def tasks_have_forms(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """A user task opens a form that exists."""
    for drawing in drawings:
        for node in drawing.of_kind("userTask"):
            key = node.attribute("formRef") or node.attribute("formKey")
            if key is None:
                yield drawing.finding(
                    node,
                    "form.missing",
                    _("用户任务没有表单，办理人没有地方填写。"),
                    _("填写表单（camunda:formRef）。"),
                )
            elif known.forms is not None and (name := _literal(key)) and name not in known.forms:
                yield drawing.finding(
                    node,
                    "form.unknown",
                    _("表单 %(key)s 不存在。", key=name),
                    _meant(name, known.forms) or _("把表单文件放进 forms/ 一起发布。"),
                )


def tasks_have_people(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """Somebody can do each user task, and every role named exists."""
    for drawing in drawings:
        lanes = lane_groups(drawing)
        for node in drawing.of_kind("userTask"):
            named = [node.attribute(a) for a in ("assignee", "candidateUsers", "candidateGroups")]
            if not any(named) and node.id not in lanes:
                yield drawing.finding(
                    node,
                    "task.nobody",
                    _("没有人能办这个任务：没有办理人、候选人，也不在泳道里。"),
                    _("填写候选组，或把任务放进一个角色的泳道。"),
                )
            groups = (node.attribute("candidateGroups") or "").split(",")
            for group in filter(None, (_literal(group.strip()) for group in groups)):
                if known.groups is not None and group not in known.groups:
                    yield drawing.finding(
                        node,
                        "role.unknown",
                        _("角色 %(group)s 不存在，没有人持有它。", group=group),
                        _meant(group, known.groups) or _("先由管理员建立这个角色。"),
                    )


def lane_groups(drawing: Drawing) -> dict[str, str]:
    """{node id: name of the innermost lane that holds it}."""
    found: dict[str, str] = {}
    for process in drawing.processes:
        for lane in process.iter(bpmn("lane")):
            for reference in lane.findall(bpmn("flowNodeRef")):
                found[(reference.text or "").strip()] = lane.get("name") or lane.get("id") or ""
    return found


def work_has_handlers(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """Every topic is a registered handler."""
    if known.topics is None:
        return
    for drawing in drawings:
        for node in drawing.nodes.values():
            topic = _literal(node.attribute("topic"))
            if topic and topic not in known.topics:
                yield drawing.finding(
                    node,
                    "topic.unknown",
                    _("没有处理程序 %(topic)s。", topic=topic),
                    _meant(topic, known.topics)
                    or _(
                        "在 handlers/%(module)s.py 里写这个处理程序。",
                        module=topic.partition(".")[0],
                    ),
                )


def rules_have_tables(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """Every decision named exists."""
    if known.decisions is None:
        return
    for drawing in drawings:
        for node in drawing.of_kind("businessRuleTask"):
            name = _literal(node.attribute("decisionRef"))
            if name and name not in known.decisions:
                yield drawing.finding(
                    node,
                    "decision.unknown",
                    _("决策表 %(name)s 不存在。", name=name),
                    _meant(name, known.decisions)
                    or _("把决策表文件放进 processes/decisions/ 一起发布。"),
                )


def calls_find_their_process(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """A called process is deployed or comes along."""
    if known.processes is None:
        return
    own = {process.get("id", "") for drawing in drawings for process in drawing.processes}
    for drawing in drawings:
        for node in drawing.of_kind("callActivity"):
            name = _literal(node.element.get("calledElement"))
            if name and name not in own | known.processes:
                yield drawing.finding(
                    node,
                    "call.unknown",
                    _("被调用的流程 %(name)s 没有发布。", name=name),
                    _meant(name, own | known.processes) or _("和它一起发布。"),
                )


def calls_come_to_an_end(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """A process that always calls itself, directly or by others, never ends."""
    always: dict[str, list[tuple[Drawing, Node, str]]] = {}
    for drawing in drawings:
        for process in drawing.processes:
            always[process.get("id", "")] = [
                (drawing, node, name)
                for node in _unconditional_calls(drawing, process)
                if (name := _literal(node.element.get("calledElement")))
            ]
    for start in always:
        for drawing, node, called in always[start]:
            if _leads_back(always, called, start):
                yield drawing.finding(
                    node,
                    "call.endless",
                    _("流程 %(name)s 每次都会再调用自己，永远不会结束。", name=start),
                    _("在调用前加一个网关，只在需要时调用。"),
                )


def _leads_back(always: dict[str, list[tuple[Drawing, Node, str]]], at: str, home: str) -> bool:
    seen: set[str] = set()
    todo = [at]
    while todo:
        name = todo.pop()
        if name == home:
            return True
        if name not in seen:
            seen.add(name)
            todo += [called for _drawing, _node, called in always.get(name, [])]
    return False


def _unconditional_calls(drawing: Drawing, process: etree._Element) -> list[Node]:
    """Calls that every case reaches without waiting: an end is out of reach without them."""
    nodes = drawing.inside(process)
    starts = [node for node in nodes if node.kind == "startEvent"]
    ends = {node.id for node in nodes if not node.outgoing and node.kind != "boundaryEvent"}
    found = []
    for node in nodes:
        if node.kind == "callActivity" and node.loop is None:
            without = reachable(starts, blocked=node)
            before = [n for n in nodes if n.id in without and n.kind in ("userTask", "receiveTask")]
            if not ends & without and not before:
                found.append(node)
    return found


def messages_have_senders(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """A message that is caught but never sent from inside must come from outside: worth a look."""
    sent = set(known.messages)
    caught: dict[str, tuple[Drawing, Node]] = {}
    for drawing in drawings:
        for node in drawing.nodes.values():
            names = _message_names(drawing, node)
            if node.kind in ("endEvent", "intermediateThrowEvent", "sendTask"):
                sent |= names
            elif not any(node.properties.get(name) for name in senders.WHO):
                caught.update(dict.fromkeys(names, (drawing, node)))
    for name, (drawing, node) in caught.items():
        if name not in sent:
            yield drawing.finding(
                node,
                "message.unsent",
                _("没有流程或处理程序发送消息 %(name)s。", name=name),
                _("如果它来自外部（客户、门户、接口），可以不管；否则检查名称。"),
                WARNING,
            )


def _message_names(drawing: Drawing, node: Node) -> set[str]:
    ids = {element.get("messageRef") for kind, element in node.definitions if kind == "message"}
    ids.add(node.element.get("messageRef"))
    found = (drawing.definitions.get(id or "") for id in ids)
    return {name for element in found if element is not None and (name := element.get("name"))}


def starters_exist(drawings: list[Drawing], known: "Known") -> Iterator[Finding]:
    """Roles that may start a process exist."""
    if known.groups is None:
        return
    for drawing in drawings:
        for process in drawing.processes:
            text = process.get(camunda("candidateStarterGroups")) or ""
            for group in filter(None, (part.strip() for part in text.split(","))):
                if group not in known.groups and local(process):
                    yield drawing.finding(
                        process,
                        "role.unknown",
                        _("角色 %(group)s 不存在，没有人持有它。", group=group),
                        _meant(group, known.groups) or _("先由管理员建立这个角色。"),
                    )


RULES: tuple[Rule, ...] = (
    tasks_have_forms,
    tasks_have_people,
    work_has_handlers,
    rules_have_tables,
    calls_find_their_process,
    calls_come_to_an_end,
    messages_have_senders,
    senders.senders_are_declared_right,
    starters_exist,
)
