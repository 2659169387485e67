"""Tasks say what they do, loops say how often, calls say whom."""

from collections.abc import Iterator

from lxml import etree

from app.engine import retries
from app.engine.check.drawing import Drawing, Node
from app.engine.findings import WARNING, Finding
from app.engine.read import bpmn, camunda
from app.engine.spiff import extensions
from app.i18n import _

MOST_INSTANCES = 1_000
SCRIPT_FORMATS = {"", "feel", "juel"}
RESULT_SHAPES = {"singleEntry", "singleResult", "collectEntries", "resultList"}
BINDINGS = {"latest", "deployment", "version"}


def work_is_named(drawing: Drawing) -> Iterator[Finding]:
    """A service task names a handler's topic or an expression; otherwise it would do nothing."""
    for node in drawing.of_kind("serviceTask"):
        external = node.attribute("type") == "external"
        if external and not node.attribute("topic"):
            yield drawing.finding(
                node,
                "service.topic",
                _("外部任务没有主题（topic）。"),
                _("在属性面板里选择一个处理程序。"),
            )
        elif not external and not node.attribute("topic") and not node.attribute("expression"):
            yield drawing.finding(
                node,
                "service.nothing",
                _("服务任务没有说明要做什么。"),
                _("选择一个处理程序（type=external 加 topic），或写一个表达式。"),
            )
    for node in drawing.of_kind("sendTask"):
        if not node.attribute("topic") and not node.element.get("messageRef"):
            yield drawing.finding(
                node,
                "send.nothing",
                _("发送任务没有消息，也没有处理程序。"),
                _("选择一个消息，或选择一个处理程序。"),
            )


def scripts_are_feel(drawing: Drawing) -> Iterator[Finding]:
    """No other language is ever run."""
    for node in drawing.of_kind("scriptTask"):
        language = (node.element.get("scriptFormat") or "").lower()
        script = node.element.find(bpmn("script"))
        if language not in SCRIPT_FORMATS:
            yield drawing.finding(
                node,
                "script.language",
                _("脚本语言 %(language)s 不会被执行。", language=language),
                _("脚本只能写 FEEL（scriptFormat=feel）；别的事情用处理程序做。"),
            )
        elif script is None or not (script.text or "").strip():
            yield drawing.finding(
                node, "script.empty", _("脚本是空的。"), _("写一个 FEEL 表达式，或删掉这一步。")
            )
        elif not node.attribute("resultVariable"):
            yield drawing.finding(
                node,
                "script.no_result",
                _("脚本的结果没有存到变量里，这一步什么都不改变。"),
                _("填写结果变量。"),
                WARNING,
            )


def loops_say_how_often(drawing: Drawing) -> Iterator[Finding]:
    """A multi-instance has a collection or a number within the limit; a loop has an end."""
    for node in drawing.nodes.values():
        if node.loop is None:
            continue
        kind, loop = node.loop
        if len(node.loops) > 1:
            yield drawing.finding(
                node,
                "loop.twice",
                _("这一步既是循环又是多实例，只有第一个会起作用。"),
                _("只留一个；要两层，就放进一个子流程。"),
            )
        if kind == "standardLoopCharacteristics":
            if loop.find(bpmn("loopCondition")) is None and not loop.get("loopMaximum"):
                yield drawing.finding(
                    node,
                    "loop.endless",
                    _("循环没有条件，也没有次数上限。"),
                    _("写循环条件，或填写最多次数。"),
                )
            continue
        yield from _multi_instance(drawing, node, loop)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _multi_instance(drawing: Drawing, node: Node, loop: etree._Element) -> Iterator[Finding]:
    cardinality = loop.find(bpmn("loopCardinality"))
    text = (cardinality.text or "").strip() if cardinality is not None else ""
    data = loop.find(bpmn("loopDataInputRef"))
    collection = loop.get(camunda("collection")) or (data.text if data is not None else None)
    if not text and not collection:
        yield drawing.finding(
            node,
            "multi.nothing",
            _("多实例没有集合，也没有次数。"),
            _("填写集合（camunda:collection）或次数（loopCardinality）。"),
        )
    if text and not text.startswith(("${", "#{", "=")) and not _is_count(text):
        yield drawing.finding(
            node,
            "multi.count",
            _("次数“%(text)s”不是一个数。", text=text[:40]),
            _("写一个整数，例如 3，或一个表达式，例如 ${count(items)}。"),
        )
    if _is_count(text) and int(text) > MOST_INSTANCES:
        yield drawing.finding(
            node,
            "multi.limit",
            _("要重复 %(count)s 次，上限是 %(limit)s 次。", count=text, limit=MOST_INSTANCES),
            _("减少次数，或拆成几批。"),
        )
    if collection and not text and not loop.get(camunda("elementVariable")):
        if loop.find(bpmn("inputDataItem")) is None:
            yield drawing.finding(
                node,
                "multi.element",
                _("多实例没有元素变量，每个实例不知道自己处理哪一条。"),
                _("填写元素变量（camunda:elementVariable）。"),
                WARNING,
            )


def decisions_are_called_right(drawing: Drawing) -> Iterator[Finding]:
    """A business rule task names its table, how to take the result, and where to put it."""
    for node in drawing.of_kind("businessRuleTask"):
        if not node.attribute("decisionRef") and not node.attribute("topic"):
            yield drawing.finding(
                node,
                "rule.decision",
                _("业务规则任务没有指定决策表。"),
                _("在属性面板里填写决策表（decisionRef）。"),
            )
        shape = node.attribute("mapDecisionResult")
        if shape and shape not in RESULT_SHAPES:
            yield drawing.finding(
                node,
                "rule.shape",
                _("不认识的结果类型 %(shape)s。", shape=shape),
                _("从 %(all)s 中选一个。", all="、".join(sorted(RESULT_SHAPES))),
            )
        if node.attribute("decisionRef") and not node.attribute("resultVariable"):
            yield drawing.finding(
                node,
                "rule.no_result",
                _("决策结果没有存到变量里。"),
                _("填写结果变量。"),
                WARNING,
            )


def bindings_are_complete(drawing: Drawing) -> Iterator[Finding]:
    """A call or decision bound to a version says which."""
    for node in drawing.of_kind("callActivity", "businessRuleTask"):
        prefix = "calledElement" if node.kind == "callActivity" else "decisionRef"
        binding = node.attribute(f"{prefix}Binding") or "latest"
        if binding not in BINDINGS:
            yield drawing.finding(
                node,
                "call.binding",
                _("不认识的绑定方式 %(binding)s。", binding=binding),
                _("从 %(all)s 中选一个。", all="、".join(sorted(BINDINGS))),
            )
        elif binding == "version" and not node.attribute(f"{prefix}Version"):
            yield drawing.finding(
                node, "call.version", _("按版本调用，却没有写版本号。"), _("填写版本号。")
            )


def calls_name_a_process(drawing: Drawing) -> Iterator[Finding]:
    """A call activity says which process it calls."""
    for node in drawing.of_kind("callActivity"):
        if not (node.element.get("calledElement") or "").strip():
            yield drawing.finding(
                node,
                "call.nothing",
                _("调用活动没有指定流程。"),
                _("填写被调用的流程（calledElement）。"),
            )


def attempts_are_in_time(drawing: Drawing) -> Iterator[Finding]:
    """When a failed step is tried again can be read, and is later than at once."""
    for node in drawing.nodes.values():
        text = extensions.retries(node.element)
        try:
            retries.read(text or "PT1M")
        except ValueError:
            yield drawing.finding(
                node,
                "retry.cycle",
                _("看不懂失败后的重试时间“%(text)s”。", text=text),
                _("写 R3/PT5M（共三次，每次隔五分钟），或每次重试前的等待，例如 PT1M,PT10M,PT1H。"
                  "等待用天、小时、分、秒，不用月。"),
            )  # fmt: skip


def handlers_stand_alone(drawing: Drawing) -> Iterator[Finding]:
    """What undoes an activity is no part of the normal way."""
    for node in drawing.nodes.values():
        if node.is_handler and (node.incoming or node.outgoing):
            yield drawing.finding(
                node,
                "compensation.flow",
                _("补偿步骤不能在正常连线上。"),
                _("删掉进出它的连线，只用关联线连到补偿边界事件。"),
            )


RULES = (
    work_is_named,
    scripts_are_feel,
    loops_say_how_often,
    decisions_are_called_right,
    bindings_are_complete,
    calls_name_a_process,
    attempts_are_in_time,
    handlers_stand_alone,
)
