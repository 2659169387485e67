"""Events have triggers that fit them, and what waits at the same place is told apart."""

from collections.abc import Iterator, Mapping

from app.engine.check.drawing import Drawing, Node
from app.engine.check.events import WORDS
from app.engine.findings import WARNING, Finding
from app.engine.read import bpmn
from app.i18n import _

_CAUGHT = {"message", "signal", "timer", "conditional"}
# what an event of each kind can execute (BPMN 2.0, table 10.93); link events are flows by now
FITTING = {
    "startEvent": _CAUGHT,
    "event sub-process": _CAUGHT | {"error", "escalation", "compensate"},
    "intermediateCatchEvent": _CAUGHT,
    "intermediateThrowEvent": {"message", "signal", "escalation", "compensate"},
    "boundaryEvent": _CAUGHT | {"error", "escalation", "compensate", "cancel"},
    "endEvent": {
        "message", "signal", "error", "escalation", "compensate", "cancel", "terminate"
    },
}  # fmt: skip


def triggers_fit_their_event(drawing: Drawing) -> Iterator[Finding]:
    """A catching event catches what can be caught there, a throwing one throws what can be thrown."""
    for node in drawing.of_kind(*FITTING):
        in_event_subprocess = node.scope.get("triggeredByEvent") == "true"
        place = "event sub-process" if _starts(node) and in_event_subprocess else node.kind
        for kind in sorted(node.triggers - FITTING[place]):
            fitting = "、".join(_(WORDS[one]) for one in sorted(FITTING[place]))
            yield drawing.finding(
                node,
                "event.trigger",
                _("“%(kind)s”事件不能用在这里，不会执行。", kind=_(WORDS.get(kind, kind))),
                _("这里可以用：%(all)s。", all=fitting),
            )


def _starts(node: Node) -> bool:
    return node.kind == "startEvent"


def catches_have_triggers(drawing: Drawing) -> Iterator[Finding]:
    """A catching event without trigger would not wait."""
    for node in drawing.of_kind("intermediateCatchEvent"):
        if not node.definitions:
            yield drawing.finding(
                node,
                "catch.trigger",
                _("捕获事件没有类型，不会等待。"),
                _("选择消息、信号、定时或条件。"),
            )


def errors_interrupt(drawing: Drawing) -> Iterator[Finding]:
    """After an error what ran in the scope cannot go on (BPMN 2.0, table 10.86)."""
    for node in drawing.of_kind("startEvent"):
        if "error" in node.triggers and node.element.get("isInterrupting") == "false":
            yield drawing.finding(
                node,
                "start.interrupts",
                _("错误事件子流程总是中断的。"),
                _("把它的开始事件改成中断型（实线）。"),
            )


def thrown_codes_exist(drawing: Drawing) -> Iterator[Finding]:
    """An error or escalation that is thrown has a code, or only a catch of everything could see it."""
    for node in drawing.of_kind("endEvent", "intermediateThrowEvent"):
        for kind, element in node.definitions:
            if kind not in ("error", "escalation"):
                continue
            definition = drawing.definitions.get(element.get(f"{kind}Ref", ""))
            if definition is not None and not (definition.get(f"{kind}Code") or "").strip():
                yield drawing.finding(
                    node,
                    "event.code",
                    _("抛出的%(kind)s没有代码，谁也认不出它。", kind=_(WORDS[kind])),
                    _("在属性面板里填写代码。"),
                )


def waits_are_told_apart(drawing: Drawing) -> Iterator[Finding]:
    """Of two events of one place that wait for the same thing, only one would ever get it."""
    for place in _places(drawing):
        seen: dict[tuple[str, str], tuple[Node, bool]] = {}
        for node, interrupts in place:
            for kind, key in _awaited(drawing, node):
                first, alone = seen.setdefault((kind, key), (node, interrupts))
                if first is node or (kind == "signal" and not alone and not interrupts):
                    continue
                yield drawing.finding(
                    node,
                    "event.twice",
                    _("“%(first)s”已经在这里等同一件事（%(kind)s %(key)s），这个事件永远不会发生。",
                      first=first.name or first.id, kind=_(WORDS[kind]), key=key),
                    _("删掉其中一个，或者让它们等不同的事。"),
                )  # fmt: skip


def _places(drawing: Drawing) -> Iterator[list[tuple[Node, bool]]]:
    """Events that wait side by side, and whether each ends what it waits beside."""
    for host, events in drawing.boundaries.items():
        if host in drawing.nodes:
            yield [(event, event.element.get("cancelActivity") != "false") for event in events]
    for scope in drawing.scopes():
        nodes = drawing.inside(scope)
        inner = [
            start for node in nodes if node.is_event_subprocess
            for start in drawing.inside(node.element) if _starts(start)
        ]  # fmt: skip
        yield [(start, start.element.get("isInterrupting") != "false") for start in inner]
        if scope in drawing.processes:
            yield [(node, True) for node in nodes if _starts(node) and "message" in node.triggers]
    for gateway in drawing.of_kind("eventBasedGateway"):
        yield [(flow.target, True) for flow in gateway.outgoing if flow.target is not None]


def _awaited(drawing: Drawing, node: Node) -> Iterator[tuple[str, str]]:
    """(kind, name or code) of what an event waits for; "" is everything of that kind."""
    if node.kind == "receiveTask":
        definition = drawing.definitions.get(node.element.get("messageRef", ""))
        if definition is not None and definition.get("name"):
            yield "message", definition.get("name", "")
    if len(node.definitions) != 1:
        return  # of several triggers one may still be its own
    kind, element = node.definitions[0]
    if kind in ("compensate", "cancel"):
        yield kind, ""
        return
    definition = drawing.definitions.get(element.get(f"{kind}Ref", ""))
    if kind in ("message", "signal") and definition is not None and definition.get("name"):
        yield kind, definition.get("name", "")
    elif kind in ("error", "escalation"):
        named = element.get(f"{kind}Ref", "") if definition is None else ""
        yield kind, named or (definition.get(f"{kind}Code") or "" if definition is not None else "")


def event_gateways_stand_alone(drawing: Drawing) -> Iterator[Finding]:
    """What waits behind an event-based gateway is reached from it alone and has no border events;
    the gateway takes one way (BPMN 2.0, 10.6.6).
    """
    for gateway in drawing.of_kind("eventBasedGateway"):
        if gateway.element.get("eventGatewayType", "Exclusive") != "Exclusive":
            yield drawing.finding(
                gateway,
                "gateway.parallel_events",
                _("事件网关只走先发生的那一条路，不会等全部事件。"),
                _("改用并行网关，后面接捕获事件。"),
            )
        for target in (flow.target for flow in gateway.outgoing):
            if target is None or target.kind not in ("intermediateCatchEvent", "receiveTask"):
                continue
            if any(flow.source is not gateway for flow in target.incoming):
                yield drawing.finding(
                    target,
                    "gateway.event_entered",
                    _("事件网关后面的事件不能再从别处进入。"),
                    _("为别的来路另画一个捕获事件。"),
                )
            if drawing.boundaries.get(target.id) or target.loop:
                yield drawing.finding(
                    target,
                    "gateway.event_border",
                    _("事件网关后面的接收任务不能有边界事件或循环，它们不会起作用。"),
                    _("改用网关后面的另一个捕获事件，例如定时。"),
                )


def compensation_can_happen(drawing: Drawing) -> Iterator[Finding]:
    """Whatever is drawn to undo something is reached when it is undone."""
    led_to = {
        association.get("targetRef")
        for process in drawing.processes
        for association in process.iter(bpmn("association"))
    }
    for node in drawing.nodes.values():
        if node.kind == "boundaryEvent" and "compensate" in node.triggers and node.outgoing:
            yield drawing.finding(
                node,
                "compensation.exit",
                _("补偿边界事件后面的连线不会走。"),
                _("删掉连线，用关联线连到补偿步骤。"),
            )
        if node.is_handler and not node.is_event_subprocess and node.id not in led_to:
            yield drawing.finding(
                node,
                "node.unreachable",
                _("没有补偿边界事件连到这个补偿步骤，它永远不会执行。"),
                _("用关联线把补偿边界事件连到它，或者删掉。"),
            )
        if _starts(node) and "compensate" in node.triggers:
            yield from _undoes_a_subprocess(drawing, node)


def _undoes_a_subprocess(drawing: Drawing, start: Node) -> Iterator[Finding]:
    """A compensation event sub-process is thrown to from around its scope (BPMN 2.0, 10.7.1)."""
    around = start.scope.getparent()
    if start.scope.get("triggeredByEvent") == "true" and around in drawing.processes:
        yield drawing.finding(
            start,
            "compensation.process",
            _("流程最外层的补偿事件子流程永远不会发生：没有人能补偿全流程。"),
            _("把它放进要补偿的子流程里，或改成错误、消息等类型。"),
        )


def compensation_names_its_scope(drawing: Drawing) -> Iterator[Finding]:
    """A throw that names an activity names one of its own scope that can be undone."""
    for node in drawing.of_kind("intermediateThrowEvent", "endEvent"):
        for kind, element in node.definitions:
            target = drawing.nodes.get(element.get("activityRef", ""))
            if kind != "compensate" or target is None:
                continue
            if target.scope not in _undoable_scopes(node):
                yield drawing.finding(
                    node,
                    "compensation.scope",
                    _("要补偿的步骤 %(id)s 在另一层流程里，从这里补偿不到。", id=target.id),
                    _("选择同一层里的步骤，例如包含它的子流程。"),
                )
            elif not _can_be_undone(drawing, target):
                yield drawing.finding(
                    node,
                    "compensation.nothing",
                    _("步骤 %(id)s 没有补偿步骤：补偿它什么都不会发生。", id=target.id),
                    _("给它加一个补偿边界事件和补偿步骤。"),
                    WARNING,
                )


def _undoable_scopes(node: Node) -> list[object]:
    """The scope of a throw, and those around it while that is an event sub-process."""
    found = [node.scope]
    while found[-1].get("triggeredByEvent") == "true":
        found.append(found[-1].getparent())
    return found


def _can_be_undone(drawing: Drawing, target: Node) -> bool:
    borders = drawing.boundaries.get(target.id, [])
    scopes = ("subProcess", "transaction", "callActivity")
    return target.kind in scopes or any("compensate" in border.triggers for border in borders)


def message_starts_are_told_apart(
    drawings: list[Drawing], starters: Mapping[str, str]
) -> Iterator[Finding]:
    """Of two processes that one message would start, only one would ever begin; `starters` says
    which processes outside of these drawings a message starts."""
    seen: dict[str, str] = {}
    for drawing in drawings:
        for process in drawing.processes:
            own = f"{process.get('name') or ''} ({process.get('id')})".strip()
            for node in filter(_starts, drawing.inside(process)):
                for name in {name for kind, name in _awaited(drawing, node) if kind == "message"}:
                    other = starters.get(name) or seen.setdefault(name, own)
                    if other != own:
                        yield _started_twice(drawing, node, name, other)


def _started_twice(drawing: Drawing, node: Node, name: str, other: str) -> Finding:
    return drawing.finding(
        node,
        "start.twice",
        _("消息“%(name)s”已经启动流程 %(other)s：这个流程永远不会由它开始。",
          name=name, other=other),
        _("给两个流程用不同的消息，先停用那个流程，或改用信号，它会启动所有的流程。"),
    )  # fmt: skip


RULES = (
    triggers_fit_their_event,
    catches_have_triggers,
    errors_interrupt,
    thrown_codes_exist,
    waits_are_told_apart,
    event_gateways_stand_alone,
    compensation_can_happen,
    compensation_names_its_scope,
)
