"""Event definitions as triggers: what an event waits for, or throws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from app.engine import expression
from app.engine.read import bpmn, camunda, local
from app.engine.spiff import extensions
from app.engine.spiff.spec import NOTHING, Trigger
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.reader import NodeReader

KINDS = {
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "timerEventDefinition": "timer",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "compensateEventDefinition": "compensate",
    "conditionalEventDefinition": "conditional",
    "cancelEventDefinition": "cancel",
    "terminateEventDefinition": "terminate",
}
THROWING = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})
TIMERS = ("timeDate", "timeDuration", "timeCycle")


def of(reader: NodeReader) -> tuple[Trigger, ...]:
    """The triggers of an event or of a receiving or sending task; one that is nothing for all other
    nodes.
    """
    node, tag = reader.node, local(reader.node)
    if tag in ("receiveTask", "sendTask"):
        ref = node.get("messageRef")
        return (
            Trigger("message", reader.named("message", ref), correlation=_correlation(reader))
            if ref
            else NOTHING,
        )
    if tag is None or not tag.endswith("Event"):
        return (NOTHING,)
    inner = [child for child in node if local(child) in KINDS]
    inner += [reader.shared_definition(ref) for ref in node.findall(bpmn("eventDefinitionRef"))]
    made = tuple(_trigger(reader, child) for child in inner if child is not None)
    if not made and tag == "boundaryEvent":
        reader.complain(
            "event.empty",
            _("边界事件没有说明等待什么。"),
            _("请选择事件类型：计时、消息、信号、错误、升级、条件或补偿。"),
        )
    return made or (NOTHING,)


def _trigger(reader: NodeReader, event: etree._Element) -> Trigger:
    kind = KINDS[local(event) or ""]
    make = _MAKERS.get(kind)
    return make(reader, event) if make else Trigger(kind)


def _message(reader: NodeReader, event: etree._Element) -> Trigger:
    throws = local(reader.node) in THROWING
    topic = event.get(camunda("topic"))
    ref = event.get("messageRef")
    key = reader.named("message", ref) if ref or not throws else None
    return Trigger(
        "message",
        key,
        correlation=_correlation(reader),
        topic=topic,
        payload=_payload(reader, event),
    )


def _signal(reader: NodeReader, event: etree._Element) -> Trigger:
    return Trigger(
        "signal", reader.named("signal", event.get("signalRef")), payload=_payload(reader, event)
    )


def _payload(reader: NodeReader, event: etree._Element) -> tuple:
    return reader.safely(lambda: extensions.carried(event, "in", direct=True)) or ()


def _correlation(reader: NodeReader) -> expression.Expression | None:
    text = extensions.properties(reader.node).get("correlationKey")
    return reader.compiled(expression.formula, text) if text else None


def _coded(reader: NodeReader, event: etree._Element) -> Trigger:
    kind = KINDS[local(event) or ""]
    code = reader.code(kind, event.get(f"{kind}Ref"))
    return Trigger(
        kind,
        reader.compiled(expression.template, code) if code else None,
        code_to=event.get(camunda(f"{kind}CodeVariable")),
        message_to=event.get(camunda(f"{kind}MessageVariable")),
    )


def _timer(reader: NodeReader, event: etree._Element) -> Trigger:
    value = next((child for child in event if local(child) in TIMERS), None)
    text = (value.text or "").strip() if value is not None else ""
    if not text:
        reader.complain(
            "timer.empty",
            _("计时事件没有时间。"),
            _("请填写日期、时长（如 P1D）或周期（如 R3/PT1H）。"),
        )
        return Trigger("timer", timer="timeDuration")
    return Trigger("timer", reader.compiled(expression.template, text), timer=local(value))


def _conditional(reader: NodeReader, event: etree._Element) -> Trigger:
    text = (event.findtext(bpmn("condition")) or "").strip()
    if not text:
        reader.complain(
            "condition.empty", _("条件事件没有条件。"), _("请填写条件，例如 ${amount > 100}。")
        )
        return Trigger("conditional")
    changes = (
        event.get(camunda("variableEvents")) or event.get(camunda("variableEvent")) or ""
    ).replace(" ", "")
    return Trigger(
        "conditional",
        reader.compiled(expression.watched, text),
        variable=event.get(camunda("variableName")),
        changes=frozenset(filter(None, changes.split(","))),
    )


def _compensate(reader: NodeReader, event: etree._Element) -> Trigger:
    return Trigger(
        "compensate",
        activity=event.get("activityRef"),
        wait=event.get("waitForCompletion") != "false",
    )


_MAKERS = {
    "message": _message,
    "signal": _signal,
    "timer": _timer,
    "conditional": _conditional,
    "error": _coded,
    "escalation": _coded,
    "compensate": _compensate,
}
