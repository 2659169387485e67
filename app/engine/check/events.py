"""Triggers are complete, references exist, timers mean a time, events stand where they may."""

import datetime as dt
from collections.abc import Iterator

from lxml import etree

from app.engine import schedule
from app.engine.check.drawing import ACTIVITIES, Drawing, Node
from app.engine.findings import WARNING, Finding
from app.engine.read import bpmn, local
from app.i18n import _

REFERENCES = {
    "message": "messageRef",
    "signal": "signalRef",
    "error": "errorRef",
    "escalation": "escalationRef",
}
NEEDS_REFERENCE = {"message", "signal"}
SOME_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def references_exist(drawing: Drawing) -> Iterator[Finding]:
    """Messages, signals, errors and escalations are defined in the file and named."""
    for node in drawing.nodes.values():
        throws = node.kind in ("endEvent", "intermediateThrowEvent")
        for kind, element in node.definitions:
            attribute = REFERENCES.get(kind)
            if attribute is None:
                continue
            target = element.get(attribute)
            needed = kind in NEEDS_REFERENCE or (throws and kind in REFERENCES)
            code = "throw.reference" if throws and kind == "message" else "event.reference"
            if not target and needed:
                yield drawing.finding(
                    node,
                    code,
                    _("没有说明是哪一个%(kind)s。", kind=_(WORDS[kind])),
                    _("在建模器的属性面板里选择或新建一个。"),
                )
            elif target and target in drawing.definitions:
                yield from _is_named(drawing, node, kind, drawing.definitions[target])
            elif target and kind in NEEDS_REFERENCE:
                yield drawing.finding(
                    node,
                    code,
                    _("引用的%(kind)s %(id)s 不在文件里。", kind=_(WORDS[kind]), id=target),
                    _("在建模器的属性面板里选择或新建一个。"),
                )


WORDS = {
    "message": "消息",
    "signal": "信号",
    "timer": "定时",
    "conditional": "条件",
    "error": "错误",
    "escalation": "升级",
    "compensate": "补偿",
    "cancel": "取消",
    "terminate": "终止",
    "link": "链接",
}


def _is_named(
    drawing: Drawing, node: Node, kind: str, definition: etree._Element
) -> Iterator[Finding]:
    name = definition.get("name") if kind in NEEDS_REFERENCE else "-"
    if not name:
        yield drawing.finding(
            node,
            "event.unnamed",
            _("这个%(kind)s没有名称，谁也收不到。", kind=_(WORDS[kind])),
            _("给它一个名称。"),
        )


def receive_tasks_name_a_message(drawing: Drawing) -> Iterator[Finding]:
    """A receive task without message waits for somebody to push it."""
    for node in drawing.of_kind("receiveTask"):
        target = node.element.get("messageRef")
        if target and target not in drawing.definitions:
            yield drawing.finding(
                node,
                "event.reference",
                _("引用的%(kind)s %(id)s 不在文件里。", kind=_("消息"), id=target),
                _("在建模器的属性面板里选择或新建一个。"),
            )
        elif not target:
            yield drawing.finding(
                node,
                "receive.no_message",
                _("接收任务没有指定消息，只能由管理员手工推进。"),
                _("在属性面板里选择一个消息。"),
                WARNING,
            )


def timers_mean_a_time(drawing: Drawing) -> Iterator[Finding]:
    """One date, duration or cycle each; a literal one is ISO 8601 or cron and can come true."""
    for node in drawing.nodes.values():
        for kind, element in node.definitions:
            if kind == "timer":
                problem = _timer_problem(element)
                if problem:
                    yield drawing.finding(
                        node,
                        "timer.value",
                        problem,
                        _("写 ISO 8601，例如 P1D、PT4H、R3/PT10M、2026-03-10T09:00:00+08:00，"
                          "或 cron，例如 0 0 8 ? * MON；也可以写表达式 ${…}。"),
                    )  # fmt: skip


def _timer_problem(element: etree._Element) -> str | None:
    parts = [child for child in element if (local(child) or "").startswith("time")]
    texts = [(local(child) or "", (child.text or "").strip()) for child in parts]
    texts = [(kind, text) for kind, text in texts if text]
    if len(texts) != 1:
        return _("定时事件要写且只写一个时间。")
    kind, text = texts[0]
    if text.startswith(("${", "#{", "=")):
        return None
    try:
        due, rest = schedule.first(kind, text, SOME_DAY)
        if kind == "timeDuration" and due < SOME_DAY:
            return _("时长 %(text)s 是负的。", text=text)
        if (
            rest
            and "every" in rest
            and schedule.duration(rest["every"]).after(SOME_DAY) <= SOME_DAY
        ):
            return _("间隔 %(text)s 是零：会不停地触发。", text=text)
    except (ValueError, OverflowError, TypeError, KeyError):
        return _("看不懂的时间：%(text)s", text=text)
    return None


def boundaries_are_attached(drawing: Drawing) -> Iterator[Finding]:
    """A boundary event hangs on an activity, has a trigger and leads somewhere."""
    for node in drawing.of_kind("boundaryEvent"):
        host = drawing.nodes.get(node.element.get("attachedToRef", ""))
        if host is None or host.kind not in ACTIVITIES:
            yield drawing.finding(
                node,
                "boundary.host",
                _("边界事件没有附着在任何步骤上。"),
                _("把它拖到一个任务或子流程的边上。"),
            )
        if not node.definitions:
            yield drawing.finding(
                node, "boundary.trigger", _("边界事件没有类型。"), _("选择定时、消息、错误等类型。")
            )
        if node.triggers & {"error", "cancel"} and node.element.get("cancelActivity") == "false":
            yield drawing.finding(
                node,
                "boundary.interrupts",
                _("错误和取消边界事件总是中断的。"),
                _("把它改成中断型（实线）。"),
            )
        if not node.outgoing and "compensate" not in node.triggers:
            yield drawing.finding(
                node,
                "boundary.no_exit",
                _("边界事件后面没有步骤：事情发生后这条路就结束了。"),
                _("如果不是有意的，接上后面的步骤。"),
                WARNING,
            )


def compensation_is_wired(drawing: Drawing) -> Iterator[Finding]:
    """A compensation boundary names its handler by an association; a throw names an activity."""
    for node in drawing.nodes.values():
        for kind, element in node.definitions:
            if kind != "compensate":
                continue
            if node.kind == "boundaryEvent" and not _handlers_of(drawing, node):
                yield drawing.finding(
                    node,
                    "compensation.handler",
                    _("补偿边界事件没有连到补偿步骤。"),
                    _("用关联线连到一个勾选了“用于补偿”的任务。"),
                )
            target = element.get("activityRef")
            if target and target not in drawing.nodes:
                yield drawing.finding(
                    node,
                    "compensation.target",
                    _("要补偿的步骤 %(id)s 不存在。", id=target),
                    _("重新选择要补偿的步骤。"),
                )


def _handlers_of(drawing: Drawing, node: Node) -> list[Node]:
    targets = {
        association.get("targetRef")
        for process in drawing.processes
        for association in process.iter(bpmn("association"))
        if association.get("sourceRef") == node.id
    }
    found = [drawing.nodes[target] for target in targets if target in drawing.nodes]
    return [target for target in found if target.is_handler]


def cancels_belong_to_transactions(drawing: Drawing) -> Iterator[Finding]:
    """Cancel ends a transaction and is caught at its border, nowhere else."""
    for node in drawing.nodes.values():
        if "cancel" not in node.triggers:
            continue
        host = drawing.nodes.get(node.element.get("attachedToRef", ""))
        inside = node.kind == "endEvent" and local(node.scope) == "transaction"
        at_border = node.kind == "boundaryEvent" and host and host.kind == "transaction"
        if not inside and not at_border:
            yield drawing.finding(
                node,
                "cancel.place",
                _("取消事件只能用在事务子流程的结束或边界上。"),
                _("换成错误事件，或者把子流程改成事务。"),
            )


def starts_fit_their_scope(drawing: Drawing) -> Iterator[Finding]:
    """One plain start in a process; a plain one in a sub-process; a trigger in an event one."""
    for scope in drawing.scopes():
        nodes = drawing.inside(scope)
        starts = [node for node in nodes if node.kind == "startEvent"]
        plain = [node for node in starts if not node.definitions]
        if scope.get("triggeredByEvent") == "true":
            yield from _event_subprocess_start(drawing, scope, starts)
        elif local(scope) == "process":
            yield from _conditional_starts(drawing, starts)
            if len(plain) > 1:
                yield drawing.finding(
                    plain[1],
                    "start.several",
                    _("有 %(count)s 个普通开始事件，不知道从哪一个开始。", count=len(plain)),
                    _("只留一个普通开始；其余改成消息、信号或定时开始。"),
                )
        elif nodes and (len(starts) != 1 or not plain):
            yield drawing.finding(
                scope,
                "start.subprocess",
                _("子流程里要有且只有一个普通开始事件。"),
                _("删掉多余的开始；需要触发时改用事件子流程。"),
            )


def _conditional_starts(drawing: Drawing, starts: list[Node]) -> Iterator[Finding]:
    """Before a case there are no variables that its condition could be about (BPMN 2.0, table
    10.84), so no case would ever begin."""
    for node in starts:
        if "conditional" in node.triggers:
            yield drawing.finding(
                node,
                "start.conditional",
                _("条件开始事件不会启动流程：流程开始之前没有变量可以判断。"),
                _("改用消息、信号或定时开始；要在实例中等条件，用条件捕获事件或事件子流程。"),
            )


def _event_subprocess_start(
    drawing: Drawing, scope: etree._Element, starts: list[Node]
) -> Iterator[Finding]:
    if len(starts) != 1 or not starts[0].definitions:
        yield drawing.finding(
            scope,
            "start.event_subprocess",
            _("事件子流程要有且只有一个带触发条件的开始事件。"),
            _("给开始事件选择消息、定时、错误等类型。"),
        )
    node = drawing.nodes.get(scope.get("id", ""))
    if node is not None and (node.incoming or node.outgoing):
        yield drawing.finding(
            scope,
            "start.event_subprocess_flow",
            _("事件子流程不能用连线接入流程。"),
            _("删掉进出它的连线：它由自己的开始事件触发。"),
        )


RULES = (
    references_exist,
    receive_tasks_name_a_message,
    timers_mean_a_time,
    boundaries_are_attached,
    compensation_is_wired,
    cancels_belong_to_transactions,
    starts_fit_their_scope,
)
